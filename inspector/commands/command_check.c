#include "inspector/commands/session.h"

#include "inspector/findings/gate.h"
#include "inspector/report/text.h"

bool command_check(struct session *session, struct error *err)
{
	const struct model_options wants = {
		.needs_orphans = true,
		.needs_wakes = true,
		.needs_findings = true,
		.rules = session->options->rules,
		.paths_most = session->options->paths_most,
		.repr_limit = session->options->repr_limit,
	};
	struct gates gates = session->options->gates;
	struct view view;

	if (!session_build_model(session, &wants, err))
		return false;
	if (gates_evaluate(&gates, session->model))
		session->status = STATUS_FOUND;
	view = session_view(session, SHOW_FINDINGS);
	view.gates = &gates;
	return session_print(&view, session->options, text_check, err);
}
