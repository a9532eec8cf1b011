/* await_listed: who awaits a task by asyncio's own record of it, from 3.14 on. */
#ifndef ASYNCINSPECT_GRAPH_AWAIT_LISTED_H
#define ASYNCINSPECT_GRAPH_AWAIT_LISTED_H

#include "inspector/asyncio/asyncio.h"

/* Adds the tasks, by index, that _asyncio_awaited_by of a task names, in no order, each perhaps more than
 * once. What is named there can be a future that is awaited by others in turn, as gather()'s is: it is
 * followed, through at most 1,000 of them. *items is an array that grow_array() grows; returns the new count.
 * Modules/_asynciomodule.c (future_awaited_by_add): one object, or a set; Lib/asyncio/futures.py
 * (future_add_to_awaited_by): a set. */
size_t await_listed_add(const struct asyncio *a, size_t task, size_t **items, size_t *capacity, size_t count);

#endif
