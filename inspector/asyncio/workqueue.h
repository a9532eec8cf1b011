/* workqueue: the items in a queue.SimpleQueue, oldest first: what waits in an executor for a thread.
 *
 * The struct is private to Modules/_queuemodule.c, an extension of its own. Up to 3.12 it has a list and the
 * index of the first item that was not taken; from 3.13 on a ring: put_idx, get_idx, items, items_cap,
 * num_items. Which words of the object these are is not asked of the debug information: they are found, and
 * believed only when they agree with each other (the index within the list; the two places of the ring as far
 * apart as it has items, each item an object). A queue that is written in Python is a deque in _queue. */
#ifndef ASYNCINSPECT_ASYNCIO_WORKQUEUE_H
#define ASYNCINSPECT_ASYNCIO_WORKQUEUE_H

#include "inspector/python/python.h"

struct workqueue {
	size_t count;
	uint64_t *items; /* in the arena of py */
};

/* False when the object is no such queue, or its words contradict each other. */
bool workqueue_read(struct python *py, uint64_t queue, struct workqueue *items);

#endif
