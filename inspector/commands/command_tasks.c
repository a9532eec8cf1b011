#include "inspector/commands/session.h"

#include "inspector/report/text.h"

/* Without --all those of asyncio's own registry, and what can wake them is not asked: the heap knows it. */
bool command_tasks(struct session *session, struct error *err)
{
	const struct model_options wants = {
		.needs_wakes = session->options->is_unfolded, .may_be_partial = true};
	struct view view;

	if (!session_build_model(session, &wants, err))
		return false;
	view = session_view(session, SHOW_TASKS);
	return session_print(&view, session->options, text_tasks, err);
}
