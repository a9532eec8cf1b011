#include "inspector/commands/gdb_target.h"

#include "inspector/base/alloc.h"
#include "inspector/commands/options.h"
#include "inspector/target/proc_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* `info threads` of ten thousand threads is two megabytes. */
#define INPUT_MOST ((size_t)64 << 20)

struct gdb *gdb_create(struct error *err)
{
	struct strbuf text = STRBUF_INIT;
	struct gdb *gdb = xcalloc(1, sizeof(*gdb));
	char buffer[65536];
	ssize_t count;

	if (isatty(STDIN_FILENO)) {
		free(gdb);
		error_set(err, ERROR_USAGE, "--gdb reads what GDB prints from standard input");
		error_advise(
			err, "In GDB: pipe info inferiors | asyncinspect --gdb, or the command asyncio.");
		return NULL;
	}
	while ((count = read(STDIN_FILENO, buffer, sizeof(buffer))) != 0) {
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0 || text.length > INPUT_MOST)
			break;
		strbuf_append_bytes(&text, buffer, (size_t)count);
	}
	gdb_state_parse(strbuf_text(&text), text.length, &gdb->state);
	strbuf_deinit(&text);
	return gdb;
}

void gdb_destroy(struct gdb *gdb)
{
	if (!gdb)
		return;
	gdb_state_deinit(&gdb->state);
	free(gdb->note);
	free(gdb);
}

/* --- expressions ------------------------------------------------------------------------------------------
 */

/* As a string of C, which is how GDB reads a convenience variable's. */
static void append_literal(struct strbuf *commands, const char *text)
{
	strbuf_append_char(commands, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			strbuf_append_char(commands, '\\');
		strbuf_append_char(commands, *text);
	}
	strbuf_append_char(commands, '"');
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

/* No name of a coroutine or a module begins like this, and hardly one of a task. */
static bool is_expression(const char *word)
{
	return word && *word && strchr("$*&(", *word);
}

static bool resolve_expression(struct options *o, struct error *err)
{
	struct gdb *gdb = o->gdb;

	if (!gdb->state.is_session || gdb->argument_is_name || !is_expression(o->argument))
		return true;
	if (has_control(o->argument))
		return error_set(err, ERROR_USAGE, "the expression '%s' has control characters", o->argument);
	if (gdb->state.value) {
		o->argument = gdb->state.value;
		return true;
	}
	strbuf_append(&gdb->answer.commands, "set $__asyncio_expression = ");
	append_literal(&gdb->answer.commands, o->argument);
	strbuf_append(&gdb->answer.commands, "\nset $__asyncio_wants_value = 1\n");
	gdb->is_done = true;
	return true;
}

/* --- snapshots --------------------------------------------------------------------------------------------
 */

static bool snapshot_path(const struct options *o, struct strbuf *path, struct error *err)
{
	char *here = NULL;

	if (!o->argument || o->argument[0] != '/') {
		here = getcwd(NULL, 0);
		if (!here)
			return error_errno(err, errno, "cannot tell the current folder");
		strbuf_printf(path, "%s/", strcmp(here, "/") == 0 ? "" : here);
		free(here);
	}
	if (o->argument)
		strbuf_append(path, o->argument);
	else
		strbuf_printf(path, "core.%d", (int)o->gdb->state.pid);
	if (has_control(strbuf_text(path)))
		return error_set(err, ERROR_USAGE, "the path '%s' has control characters", strbuf_text(path));
	return true;
}

/* GDB's own command writes the core; only when it did are the variables set. */
static bool take_snapshot(struct options *o, struct error *err)
{
	struct gdb *gdb = o->gdb;
	struct strbuf path = STRBUF_INIT, *commands = &gdb->answer.commands;
	bool done = false;

	gdb->is_done = true;
	if (!gdb->state.is_session)
		return error_set(err, ERROR_USAGE, "snapshot is a command for the session of a GDB");
	if (o->argument && strcmp(o->argument, "forget") == 0) {
		strbuf_append(commands, "set $__asyncio_snapshot_inferior = 0\n");
		return true;
	}
	if (gdb->state.inferior != GDB_PROCESS && gdb->state.inferior != GDB_FOREIGN) {
		error_set(err, ERROR_USAGE, "there is no process to write a core of");
	} else if (snapshot_path(o, &path, err)) {
		strbuf_printf(commands, "generate-core-file %s\nset $__asyncio_snapshot = ", path.text);
		append_literal(commands, path.text);
		strbuf_printf(commands,
			"\nset $__asyncio_snapshot_inferior = %ld\nset $__asyncio_snapshot_pid = %d\n",
			gdb->state.inferior_number, (int)gdb->state.pid);
		done = true;
	}
	strbuf_deinit(&path);
	return done;
}

static bool has_snapshot(const struct gdb_state *state)
{
	return state->snapshot && state->snapshot_owner == state->inferior_number &&
	       state->snapshot_pid == state->pid &&
	       (state->inferior == GDB_PROCESS || state->inferior == GDB_FOREIGN);
}

static void note_snapshot(struct gdb *gdb)
{
	struct stat status;
	long age = stat(gdb->state.snapshot, &status) == 0 ? (long)(time(NULL) - status.st_mtime) : -1;

	gdb->note = age < 0 ? xasprintf("read from the snapshot %s", gdb->state.snapshot)
			    : xasprintf("read from the snapshot %s, taken %ld s ago; `asyncio snapshot "
					"forget` ends that",
				      gdb->state.snapshot, age);
}

/* --- the target -------------------------------------------------------------------------------------------
 */

/* One that runs would be read torn, and nobody but GDB can stop it. One that is gone is told so when it is
 * opened. */
static bool is_stopped(pid_t pid)
{
	int directory = proc_open(pid);
	bool answer = directory < 0 || proc_is_stopped(directory);

	if (directory >= 0)
		close(directory);
	return answer;
}

static bool choose_process(struct options *o, struct error *err)
{
	const struct gdb_state *state = &o->gdb->state;

	if (state->pid <= 0)
		return error_set(err, ERROR_UNSUPPORTED, "GDB does not tell the process ID of inferior %ld",
			state->inferior_number);
	if (!o->no_stop && !is_stopped(state->pid)) {
		error_set(err, ERROR_USAGE, "inferior %ld runs (process %d), and only GDB can stop it",
			state->inferior_number, (int)state->pid);
		return error_advise(err, "`interrupt` stops it (in non-stop mode `interrupt -a`); --no-stop "
					 "reads it as it runs, with what may not fit together.");
	}
	o->pid = state->pid;
	return true;
}

static bool choose_core(struct options *o, struct error *err)
{
	const struct gdb_state *state = &o->gdb->state;

	if (!state->core) {
		error_set(err, ERROR_UNSUPPORTED, "GDB does not tell the path of its core");
		return error_advise(err, state->is_session ? "Name it: asyncio --core FILE"
							   : "Pipe `info files` to it, which does.");
	}
	o->core = state->core;
	if (!o->executable)
		o->executable = state->executable;
	return true;
}

static bool choose_target(struct options *o, struct error *err)
{
	const struct gdb_state *state = &o->gdb->state;

	switch (state->inferior) {
	case GDB_PROCESS:
		return choose_process(o, err);
	case GDB_CORE:
		return choose_core(o, err);
	case GDB_NOTHING:
		error_set(err, ERROR_USAGE, "GDB has neither a process nor a core in inferior %ld",
			state->inferior_number);
		return error_advise(err, "Give it one: attach PID, core-file FILE or run. Without it: shell "
					 "asyncinspect --pid PID");
	case GDB_FOREIGN:
		error_set(err, ERROR_UNSUPPORTED, "inferior %ld is of a kind that only GDB can read: %s",
			state->inferior_number, state->connection);
		return error_advise(err, "`asyncio snapshot FILE` has GDB write a core of it, by "
					 "generate-core-file, and reads that from then on.");
	default:
		error_set(err, ERROR_USAGE, "what GDB printed does not tell what it debugs");
		return error_advise(
			err, state->is_session ? "Name it: asyncio --pid PID, or asyncio --core FILE"
					       : "Pipe `info inferiors` to it, or for a core `info files`.");
	}
}

static void add_folders(struct options *o)
{
	const struct gdb_state *state = &o->gdb->state;

	for (size_t i = 0; state->debug_dirs[i]; i++)
		options_add_dir(&o->debug_dirs, &o->debug_dir_count, state->debug_dirs[i]);
	for (size_t i = 0; state->library_dirs[i]; i++)
		options_add_dir(&o->library_dirs, &o->library_dir_count, state->library_dirs[i]);
	/* A process's own view of its files is better than any copy of them. */
	if (o->core && !o->sysroot)
		o->sysroot = state->sysroot;
}

bool gdb_target_choose(struct options *o, struct error *err)
{
	struct gdb *gdb = o->gdb;

	if (o->command == gdb_command_find("snapshot"))
		return take_snapshot(o, err);
	if (!resolve_expression(o, err))
		return false;
	if (gdb->is_done)
		return true;
	if (!o->pid && !o->core) {
		if (has_snapshot(&gdb->state)) {
			o->core = gdb->state.snapshot;
			note_snapshot(gdb);
		} else if (!choose_target(o, err)) {
			return false;
		}
	}
	add_folders(o);
	return true;
}

void gdb_target_advise(const struct options *o, struct error *err)
{
	if (err->kind == ERROR_DENIED && o->gdb->state.is_session && o->pid && o->pid == o->gdb->state.pid)
		error_advise(err, "GDB may: `asyncio snapshot FILE` has it write a core, which is read from "
				  "then on.");
}
