#include "inspector/commands/command.h"

#include <string.h>

static const struct command commands[] = {
	{"report", NULL, "one page, findings first (the default)", true, command_report},
	{"tasks", NULL, "every task: state, place, what it waits for", true, command_tasks},
	{"where", "TASK", "the await chain of a task or coroutine", true, command_where},
	{"orphans", NULL, "coroutines nobody awaits, and their holders", true, command_orphans},
	{"refs", "ADDRESS", "who refers to an object", true, command_refs},
	{"path", "ADDRESS", "the shortest ways from a root to an object", true, command_path},
	{"threads", NULL, "each thread's Python stack and event loop", true, command_threads},
	{"layout", NULL, "the struct layouts in use, and their source", false, command_layout},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

const struct command *command_at(size_t i)
{
	return i < COMMAND_COUNT ? &commands[i] : NULL;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}
