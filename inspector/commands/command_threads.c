#include "inspector/commands/session.h"

#include "inspector/report/text.h"

bool command_threads(struct session *session, struct error *err)
{
	const struct model_options wants = {0};
	struct view view;

	if (!session_build_model(session, &wants, err))
		return false;
	view = session_view(session, SHOW_INTERPRETERS | SHOW_THREADS);
	return session_print(&view, session->options, text_threads, err);
}
