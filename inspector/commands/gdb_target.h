/* gdb_target: an inspection that GDB asks for: --gdb. Which target it is, whether it can be read now, and
 * what GDB is to do afterwards. */
#ifndef ASYNCINSPECT_COMMANDS_GDB_TARGET_H
#define ASYNCINSPECT_COMMANDS_GDB_TARGET_H

#include "inspector/base/error.h"
#include "inspector/commands/gdb_answer.h"
#include "inspector/commands/gdb_state.h"

struct command;
struct options;

struct gdb {
	struct gdb_state state;
	struct gdb_answer answer; /* open in a session of gdb-commands/asyncinspect.gdb */
	bool argument_is_name;	  /* it was typed in quotes: no expression */
	bool is_done;		  /* the answer is complete: nothing of a target is asked for */
	char *note;		  /* to be told as a warning; owned; NULL */
};

/* Reads what GDB says from standard input, to its end. Caller destroys; NULL: *err. */
struct gdb *gdb_create(struct error *err);
void gdb_destroy(struct gdb *gdb); /* NULL is allowed */

/* The commands that only GDB has: thread, snapshot. NULL: none of them. */
const struct command *gdb_command_find(const char *name);

/* Completes the options: the target, unless the user named one, and the folders that GDB looks for files in.
 * An argument that is an expression becomes its value, or a question to GDB (is_done). False: there is no
 * target, or it cannot be read. */
bool gdb_target_choose(struct options *options, struct error *err);

/* Adds what helps inside GDB to an error of reading the target. */
void gdb_target_advise(const struct options *options, struct error *err);

#endif
