/* asyncinspect: the asyncio tasks, await chains and orphaned coroutines of a CPython process or core dump. */
#include "inspector/commands/session.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void print_error(const struct error *err)
{
	struct strbuf line = STRBUF_INIT;

	strbuf_append_safe(&line, err->text);
	fprintf(stderr, "asyncinspect: %s\n", strbuf_text(&line));
	if (err->advice[0]) {
		strbuf_reset(&line);
		strbuf_append_safe(&line, err->advice);
		fprintf(stderr, "asyncinspect: hint: %s\n", strbuf_text(&line));
	}
	strbuf_deinit(&line);
}

int main(int argc, char **argv)
{
	struct options options;
	struct session session;
	struct error err = ERROR_INIT;
	bool ok;

	/* For column widths; numbers stay as they are. */
	setlocale(LC_CTYPE, "");
	/* A reader that has seen enough ends this program without a word. */
	signal(SIGPIPE, SIG_DFL);
	options_parse(argc, argv, &options);
	ok = session_open(&session, &options, &err) && options.command->run(&session, &err);
	if (!ok && session.target && target_is_truncated(session.target))
		error_advise(&err, "The core is truncated: raise `ulimit -c`, or make room on the disk, and "
				   "dump again.");
	if (!ok)
		print_error(&err);
	else
		session_print_warnings(&session);
	session_close(&session);
	options_deinit(&options);
	if (ok)
		return session.status;
	return err.kind == ERROR_USAGE ? STATUS_USAGE : STATUS_FAILED;
}
