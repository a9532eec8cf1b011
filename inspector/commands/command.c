#include "inspector/commands/command.h"

#include <string.h>

static const struct command commands[] = {
	{"report", NULL, "one page: findings first, then tasks grouped by identical stacks (the default)",
		true, command_report},
	{"tasks", NULL, "a row for each task: state, coroutine, where it is parked, what it waits for", true,
		command_tasks},
	{"where", "TASK", "the whole await chain of one task or coroutine", true, command_where},
	{"orphans", NULL, "coroutines that nobody awaits, and what holds them", true, command_orphans},
	{"refs", "ADDRESS", "who refers to an object", true, command_refs},
	{"path", "ADDRESS", "the shortest ways from a root to an object", true, command_path},
	{"threads", NULL, "each thread: its Python stack and its event loop", true, command_threads},
	{"layout", NULL, "the struct layouts in use and where each came from", false, command_layout},
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
