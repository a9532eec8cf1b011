#include "inspector/commands/session.h"

#include "inspector/report/text.h"

/* Only pending tasks have a stack, and those are in asyncio's own registry. */
bool command_stacks(struct session *session, struct error *err)
{
	const struct model_options wants = {.may_be_partial = true};
	struct view view;

	if (!session_build_model(session, &wants, err))
		return false;
	view = session_view(session, SHOW_TASKS | SHOW_STACKS);
	return session_print(
		&view, session->options, session->options->as_folded ? text_folded : text_stacks, err);
}
