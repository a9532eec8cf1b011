/* await_through: the tasks behind a future that stands for others: gather() of gathers, shield() of a gather.
 */
#ifndef ASYNCINSPECT_GRAPH_AWAIT_THROUGH_H
#define ASYNCINSPECT_GRAPH_AWAIT_THROUGH_H

#include "inspector/asyncio/asyncio.h"

/* Adds the tasks, by index, that a future which is no task will be set by, in order; none twice. Followed are
 * the _children of gather()'s future and the inner future of shield() (Lib/asyncio/tasks.py), which its done
 * callback has in its closure. *budget is lowered by each future that is looked at, and ends the walk at 0.
 * *items is an array that grow_array() grows; returns the new count. */
size_t await_through_add(const struct asyncio *a, uint64_t future, size_t *budget, size_t **items,
	size_t *capacity, size_t count);

#endif
