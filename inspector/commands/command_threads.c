#include "inspector/commands/session.h"

#include "inspector/report/text.h"

bool command_threads(struct session *session, struct error *err)
{
	const struct model_options wants = {.may_be_partial = true};
	struct view view;

	if (!session_build_model(session, &wants, err))
		return false;
	view = session_view(session, SHOW_INTERPRETERS | SHOW_THREADS);
	return session_print(&view, session->options, text_threads, err);
}
