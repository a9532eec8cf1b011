#include "inspector/commands/session.h"

#include "inspector/report/text.h"

/* Pending tasks are in asyncio's own registry; those that are done are looked for only when asked for. */
bool command_tree(struct session *session, struct error *err)
{
	const struct model_options wants = {
		.needs_heap = session->options->is_unfolded, .may_be_partial = true};
	struct view view;

	if (!session_build_model(session, &wants, err))
		return false;
	view = session_view(session, SHOW_TASKS | SHOW_CYCLES);
	view.kept_tasks = view.kept_nodes; /* tasks are the first nodes */
	return session_print(&view, session->options, text_tree, err);
}
