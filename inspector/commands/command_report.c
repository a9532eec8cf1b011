#include "inspector/commands/session.h"

#include "inspector/report/text.h"

bool command_report(struct session *session, struct error *err)
{
	const struct model_options wants = {
		.needs_orphans = true,
		.needs_loops = true,
		.needs_wakes = true,
		.needs_findings = true,
		.may_be_partial = true,
		.rules = session->options->rules,
		.needs_retained = session->options->as_json && !session->options->no_retained,
		.paths_most = session->options->paths_most,
		.repr_limit = session->options->repr_limit,
	};
	struct view view;

	if (!session_build_model(session, &wants, err))
		return false;
	view = session_view(session, SHOW_INTERPRETERS | SHOW_THREADS | SHOW_LOOPS | SHOW_TASKS |
					     SHOW_COROUTINES | SHOW_ORPHANS | SHOW_FINDINGS);
	return session_print(&view, session->options, text_report, err);
}
