#include "inspector/commands/session.h"

#include "inspector/report/text.h"

/* The graph tells who holds a loop that no thread runs. */
bool command_loops(struct session *session, struct error *err)
{
	const struct model_options wants = {
		.needs_graph = true, .needs_loops = true, .paths_most = session->options->paths_most};
	struct view view;

	if (!session_build_model(session, &wants, err))
		return false;
	view = session_view(session, SHOW_INTERPRETERS | SHOW_THREADS | SHOW_LOOPS);
	return session_print(&view, session->options, text_loops, err);
}
