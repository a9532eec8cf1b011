#include "inspector/commands/session.h"

#include "inspector/report/text.h"

/* Without --all no loops that only the heap knows, and not who holds one that no thread runs: the graph. */
bool command_loops(struct session *session, struct error *err)
{
	const struct model_options wants = {.needs_loops = true,
		.needs_graph = session->options->is_unfolded,
		.may_be_partial = true,
		.paths_most = session->options->paths_most};
	struct view view;

	if (!session_build_model(session, &wants, err))
		return false;
	view = session_view(session, SHOW_INTERPRETERS | SHOW_THREADS | SHOW_LOOPS);
	return session_print(&view, session->options, text_loops, err);
}
