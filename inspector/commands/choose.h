/* choose: what a word on the command line can name: a task's name, an address, a coroutine's qualified name.
 */
#ifndef ASYNCINSPECT_COMMANDS_CHOOSE_H
#define ASYNCINSPECT_COMMANDS_CHOOSE_H

#include "inspector/asyncio/asyncio.h"

/* Indices in struct asyncio. */
struct choice {
	size_t *tasks, *coroutines; /* owned */
	size_t task_count, task_capacity;
	size_t coroutine_count, coroutine_capacity; /* driven by a task or not */
};

/* Everything that the word can mean. A name may be all digits, so tasks' names come first, then addresses of
 * tasks and coroutines, then qualified names of coroutines. Nothing found: both are empty. */
void choose(const struct asyncio *a, const char *word, struct choice *choice);
void choice_deinit(struct choice *choice);

/* Puts the task that drives it in the place of each coroutine that one drives. A task may be there twice. */
void choice_by_task(const struct asyncio *a, struct choice *choice);

#endif
