#include "inspector/commands/session.h"

#include "inspector/python/layout_builtin.h"
#include "inspector/report/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static bool export(struct session *session, struct error *err)
{
	struct layout_request request = python_layout_request(session->python);
	char *text = layout_export(&session->python->layout, &request, err);

	if (!text)
		return false;
	fputs(text, stdout);
	free(text);
	if (fflush(stdout) != 0)
		return error_errno(err, errno, "cannot write the table");
	return true;
}

/* From the files and, in small reads, from the running process: it is not stopped. */
bool command_layout(struct session *session, struct error *err)
{
	struct view view = session_view(session, SHOW_LAYOUT);

	if (session->options->as_table)
		return export(session, err);
	return session_print(&view, session->options, text_layout, err);
}
