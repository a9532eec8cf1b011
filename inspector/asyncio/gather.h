/* gather: the futures that asyncio.gather() returned and that are not done.
 *
 * Found by the done callbacks of their children (Lib/asyncio/tasks.py: gather.<locals>._done_callback, whose
 * variable outer is the future), so that the heap need not be searched; one whose children are neither tasks
 * nor gathers that were found is not among them. */
#ifndef ASYNCINSPECT_ASYNCIO_GATHER_H
#define ASYNCINSPECT_ASYNCIO_GATHER_H

#include "inspector/asyncio/asyncio.h"

struct gather {
	struct future future;
	size_t callback_count; /* 0: no task awaits it, and nobody asked to be told */
	size_t child_count;
	uint64_t *children; /* tasks and other futures; in the arena of py */
};

struct gathers {
	size_t count;
	struct gather *items; /* owned; in the order in which they were found */
};

void gathers_find(struct asyncio *a, struct gathers *gathers);
void gathers_deinit(struct gathers *gathers);

#endif
