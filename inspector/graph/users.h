/* users: who could do something with an object: the code that it can be reached from.
 *
 * Goes against the references, from the object to the frames, callbacks and modules that lead to it, and
 * stops there. Careful by intent: what cannot be told for certain counts as somebody. */
#ifndef ASYNCINSPECT_GRAPH_USERS_H
#define ASYNCINSPECT_GRAPH_USERS_H

#include "inspector/graph/roots.h"

struct users {
	/* A thread executes code that has it, a loop or a future would call something that leads to it, the
	 * interpreter holds it, or there is too much to look through. */
	bool has_others;
	bool has_native;   /* an object on the way has more references than were found */
	size_t task_count; /* tasks whose frames lead to it; indices, each once */
	size_t *tasks;	   /* owned */
	size_t global_count;
	uint64_t
		*globals; /* owned; dictionaries of modules that lead to it: every function of theirs might */
};

void users_find(const struct asyncio *a, const struct graph *graph, const struct roots *roots,
	uint64_t object, struct users *users);
void users_deinit(struct users *users);

/* Whether a frame of a task runs code of a module whose dictionary this is. */
bool users_task_has_globals(
	const struct asyncio *a, const struct graph *graph, size_t task, uint64_t globals);

#endif
