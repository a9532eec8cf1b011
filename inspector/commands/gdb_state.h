/* gdb_state: what GDB said of itself, piped to `asyncinspect --gdb`.
 *
 * Two forms, told apart by the first byte. What gdb-commands/asyncinspect.gdb sends is a sequence of records,
 *
 *     036 NAME 037 TEXT
 *
 * of which the first of a name counts ("word" may come several times): the user's own come before those with
 * file names in them, so that no file name can say what GDB did not. Anything else is the plain output of
 * `info inferiors` or `info files`, or of both, as `pipe info inferiors | asyncinspect --gdb tasks` gives it.
 *
 * The words of GDB that are looked for are those of its source, unmarked for translation where that is
 * possible: the asterisk and the columns of print_inferior (gdb/inferior.c), "process N" (normal_pid_to_str),
 * the short names of targets behind the number of the connection (uiout_field_connection_to_string, since
 * GDB 10), and the quoted path behind a tab in print_section_info (gdb/exec.c). No version of GDB was
 * published with translations of its own. */
#ifndef ASYNCINSPECT_COMMANDS_GDB_STATE_H
#define ASYNCINSPECT_COMMANDS_GDB_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum gdb_inferior {
	GDB_UNKNOWN, /* what was piped does not tell */
	GDB_NOTHING, /* no process and no core */
	GDB_PROCESS, /* native: on this machine, traced by GDB */
	GDB_CORE,
	GDB_FOREIGN, /* a target that only GDB can read: remote, a simulator */
};

/* Texts are owned; NULL: not told, or empty. Lists end with NULL and are never NULL. */
struct gdb_state {
	enum gdb_inferior inferior;
	long inferior_number; /* GDB's; 0: not told */
	pid_t pid;	      /* 0: not told; of a foreign one as its own machine numbers it */
	char *connection;     /* "extended-remote localhost:2345" */
	char *core, *executable;
	char *sysroot; /* without "target:", NULL also for "/" */
	char **library_dirs, **debug_dirs;
	char *threads; /* what `info threads` printed */

	/* Only of the records. */
	bool is_session; /* there are records */
	pid_t gdb;	 /* GDB's own PID: it names the answer */
	char **words;	 /* the command line that was typed, quotes removed */
	bool *is_quoted; /* the whole word was in quotes */
	size_t word_count;
	char *value;	     /* of the expression that the last answer asked for */
	long width;	     /* columns of a line; 0: unlimited */
	bool has_style;	     /* `set style enabled` */
	char *snapshot;	     /* a core that `asyncio snapshot` wrote */
	long snapshot_owner; /* of which inferior, as GDB numbers it */
	pid_t snapshot_pid;  /* and what it had been then */
};

/* Understands what GDB printed. Never fails: what is not understood is not told. */
void gdb_state_parse(const char *text, size_t length, struct gdb_state *state);
void gdb_state_deinit(struct gdb_state *state);

/* GDB's number of the thread that the kernel numbers tid, as `thread` takes it: "3", "2.1". Borrowed until
 * the next call; NULL: `info threads` has none. */
const char *gdb_state_thread(const struct gdb_state *state, uint64_t tid, char number[32]);

#endif
