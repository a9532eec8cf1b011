/* command: what can be asked of a target. One file a command: command_*.c. */
#ifndef ASYNCINSPECT_COMMANDS_COMMAND_H
#define ASYNCINSPECT_COMMANDS_COMMAND_H

#include "inspector/base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct session;

/* TYPE: --type can stand for the argument. */
enum {
	TAKES_TYPE = 1 << 0,
	TAKES_RULES = 1 << 1,
	TAKES_GATES = 1 << 2,
	TAKES_NAME = 1 << 3,   /* --name */
	TAKES_PLACE = 1 << 4,  /* --function and --file */
	TAKES_FRAMES = 1 << 5, /* --frames */
	TAKES_ALL = 1 << 6,    /* --all */
	TAKES_FOLDED = 1 << 7, /* --folded */
	TAKES_DEPTH = 1 << 8,  /* --depth */
};

/* What is done with a live process: nothing, it runs on; it is stopped and all its memory copied; it is
 * stopped while the few pages are read that the answer needs. */
enum need { NEEDS_NOTHING, NEEDS_HEAP, NEEDS_PAGES };

struct command {
	const char *name;
	const char *argument; /* what it takes, for messages: "TASK", "ADDRESS"; NULL: nothing */
	const char *summary;  /* for --help */
	enum need needs;
	unsigned takes; /* options that not every command takes: TAKES_* */
	/* Prints its answer on standard output. False: *err says why there is none. */
	bool (*run)(struct session *session, struct error *err);
};

/* By name; NULL: no such command. command_at(i) is NULL past the last. */
const struct command *command_find(const char *name);
const struct command *command_at(size_t i);

/* What --sort takes with a command, the default first: "path retained"; NULL: nothing. */
const char *command_sort_keys(const struct command *command);

bool command_report(struct session *session, struct error *err);
bool command_check(struct session *session, struct error *err);
bool command_tasks(struct session *session, struct error *err);
bool command_stacks(struct session *session, struct error *err);
bool command_tree(struct session *session, struct error *err);
bool command_where(struct session *session, struct error *err);
bool command_orphans(struct session *session, struct error *err);
bool command_heap(struct session *session, struct error *err);
bool command_refs(struct session *session, struct error *err);
bool command_path(struct session *session, struct error *err);
bool command_loops(struct session *session, struct error *err);
bool command_threads(struct session *session, struct error *err);
bool command_layout(struct session *session, struct error *err);

#endif
