#include "inspector/commands/session.h"

#include "inspector/report/text.h"

bool command_orphans(struct session *session, struct error *err)
{
	const struct model_options wants = {
		.needs_orphans = true,
		.needs_retained = !session->options->no_retained,
		.paths_most = session->options->paths_most,
		.repr_limit = session->options->repr_limit,
	};
	struct view view;

	if (!session_build_model(session, &wants, err))
		return false;
	view = session_view(session, SHOW_ORPHANS);
	return session_print(&view, session->options, text_orphans, err);
}
