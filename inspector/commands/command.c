#include "inspector/commands/command.h"

#include <string.h>

static const struct command commands[] = {
	{"report", NULL, "one page, findings first (the default)", NEEDS_HEAP, TAKES_RULES, command_report},
	{"check", NULL, "findings alone; exit status 3 for warnings and errors", NEEDS_HEAP,
		TAKES_RULES | TAKES_GATES, command_check},
	{"tasks", NULL, "every task: state, place, what it waits for", NEEDS_PAGES,
		TAKES_NAME | TAKES_PLACE | TAKES_ALL, command_tasks},
	{"tree", NULL, "who waits for whom, as a tree", NEEDS_PAGES,
		TAKES_NAME | TAKES_PLACE | TAKES_FRAMES | TAKES_ALL, command_tree},
	{"stacks", NULL, "tasks by their stacks, most common first", NEEDS_PAGES,
		TAKES_NAME | TAKES_PLACE | TAKES_FOLDED, command_stacks},
	{"where", "TASK", "the await chain of a task or coroutine", NEEDS_PAGES, TAKES_ALL, command_where},
	{"orphans", NULL, "coroutines nobody awaits, and their holders", NEEDS_HEAP, TAKES_PLACE,
		command_orphans},
	{"refs", "OBJECT", "who refers to an object", NEEDS_HEAP, TAKES_TYPE | TAKES_DEPTH, command_refs},
	{"path", "OBJECT", "the shortest ways from a root to an object", NEEDS_HEAP, TAKES_TYPE,
		command_path},
	{"heap", NULL, "objects by type: how many, how large", NEEDS_HEAP, 0, command_heap},
	{"loops", NULL, "each event loop: what it does, and will do", NEEDS_PAGES, TAKES_ALL, command_loops},
	{"threads", NULL, "each thread's Python stack and event loop", NEEDS_PAGES, 0, command_threads},
	{"layout", NULL, "the struct layouts in use, and their source", NEEDS_NOTHING, 0, command_layout},
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

const char *command_sort_keys(const struct command *command)
{
	return command->run == command_orphans ? "path retained name address"
	       : command->run == command_heap  ? "bytes count"
					       : NULL;
}
