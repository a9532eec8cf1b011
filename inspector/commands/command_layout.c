#include "inspector/commands/session.h"

#include "inspector/report/text.h"

/* From the files alone: a live process is not stopped for it. */
bool command_layout(struct session *session, struct error *err)
{
	struct view view = session_view(session, SHOW_LAYOUT);

	return session_print(&view, session->options, text_layout, err);
}
