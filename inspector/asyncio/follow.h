/* follow: the await chain of every task that is pending, and what it waits for: by several threads when there
 * are many tasks. */
#ifndef ASYNCINSPECT_ASYNCIO_FOLLOW_H
#define ASYNCINSPECT_ASYNCIO_FOLLOW_H

#include "inspector/asyncio/asyncio.h"

/* Where a generator is driven: the index of a task and the number of a link of its chain, in one word. */
static inline uint64_t driven_place(size_t task, size_t link)
{
	return (uint64_t)task << 24 | link;
}

static inline size_t driven_task(uint64_t place)
{
	return (size_t)(place >> 24);
}

static inline size_t driven_number(uint64_t place)
{
	return (size_t)(place & 0xffffff);
}

/* Sets chain and wait of all tasks of a, but for what waits_describe sets. They may borrow from the helpers
 * of a. driven: gets each generator of the chains and its place; one that is in two belongs to the later
 * task. */
void tasks_follow(struct asyncio *a, const struct stack_index *stacks, struct addrmap *driven);

#endif
