#include "inspector/commands/choose.h"

#include "inspector/commands/session.h"

#include <stdlib.h>
#include <string.h>

static void add_task(struct choice *c, size_t index)
{
	c->tasks = grow_array(c->tasks, &c->task_capacity, c->task_count + 1, sizeof(*c->tasks));
	c->tasks[c->task_count++] = index;
}

static void add_coroutine(struct choice *c, size_t index)
{
	c->coroutines = grow_array(
		c->coroutines, &c->coroutine_capacity, c->coroutine_count + 1, sizeof(*c->coroutines));
	c->coroutines[c->coroutine_count++] = index;
}

void choose(const struct asyncio *a, const char *word, struct choice *choice)
{
	uint64_t address;
	size_t index;

	*choice = (struct choice){0};
	for (size_t i = 0; i < a->task_count; i++)
		if (strcmp(a->tasks[i].name, word) == 0)
			add_task(choice, i);
	if (choice->task_count)
		return;
	if (session_parse_address(word, &address)) {
		if ((index = asyncio_find_task(a, address)) != NO_INDEX)
			add_task(choice, index);
		else if ((index = asyncio_find_coroutine(a, address)) != NO_INDEX)
			add_coroutine(choice, index);
		return;
	}
	for (size_t i = 0; i < a->coroutine_count; i++)
		if (strcmp(a->coroutines[i].qualname, word) == 0)
			add_coroutine(choice, i);
}

void choice_by_task(const struct asyncio *a, struct choice *choice)
{
	size_t kept = 0;

	for (size_t i = 0; i < choice->coroutine_count; i++) {
		size_t index = choice->coroutines[i];

		if (a->coroutines[index].task != NO_INDEX)
			add_task(choice, a->coroutines[index].task);
		else
			choice->coroutines[kept++] = index;
	}
	choice->coroutine_count = kept;
}

void choice_deinit(struct choice *choice)
{
	free(choice->tasks);
	free(choice->coroutines);
	*choice = (struct choice){0};
}
