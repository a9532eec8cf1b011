/* asyncinspect: the asyncio tasks, await chains and orphaned coroutines of a CPython process or core dump. */
#include "inspector/commands/gdb_target.h"
#include "inspector/commands/session.h"

#include <errno.h>
#include <locale.h>
#include <malloc.h>
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

/* By default each array of 128 KiB is mapped and given back: every page of it is a fault then, again and
 * again as it grows. Those of many megabytes are mapped still; big.h has huge pages for them. */
static void keep_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, 4 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
}

/* Inside GDB the answer is collected, and need not be about a target. */
static bool inspect(struct session *session, struct options *options, struct error *err)
{
	struct gdb *gdb = options->gdb;

	*session = (struct session){.options = options};
	if (gdb && gdb->state.is_session && !gdb_answer_open(&gdb->answer, gdb->state.gdb, err))
		return false;
	if (gdb && !gdb_target_choose(options, err))
		return false;
	if (gdb && gdb->is_done)
		return true;
	if (session_open(session, options, err) && options->command->run(session, err))
		return true;
	if (gdb)
		gdb_target_advise(options, err);
	return false;
}

int main(int argc, char **argv)
{
	struct options options;
	struct session session;
	struct error err = ERROR_INIT;
	int status;
	bool ok;

	keep_memory();
	/* For column widths; numbers stay as they are. */
	setlocale(LC_CTYPE, "");
	/* A reader that has seen enough ends this program without a word. */
	signal(SIGPIPE, SIG_DFL);
	options_parse(argc, argv, &options);
	ok = inspect(&session, &options, &err);
	if (!ok && session.target && target_is_truncated(session.target))
		error_advise(&err, "The core is truncated: raise `ulimit -c`, or make room on the disk, and "
				   "dump again.");
	if (options.gdb)
		gdb_answer_diagnose(&options.gdb->answer);
	progress_stop(session.progress);
	if (!ok)
		print_error(&err);
	else
		session_print_warnings(&session);
	if (ok && session.target && target_is_cut(session.target))
		session.status = STATUS_INTERRUPTED;
	session_close(&session);
	status = ok				 ? session.status
		 : err.kind == ERROR_USAGE	 ? STATUS_USAGE
		 : err.kind == ERROR_INTERRUPTED ? STATUS_INTERRUPTED
						 : STATUS_FAILED;
	if (options.gdb)
		status = gdb_answer_close(&options.gdb->answer, status);
	options_deinit(&options);
	return status;
}
