/* collect: the objects of the heap that asyncio is made of. Private to asyncio.c. */
#ifndef ASYNCINSPECT_ASYNCIO_COLLECT_H
#define ASYNCINSPECT_ASYNCIO_COLLECT_H

#include "inspector/asyncio/classes.h"
#include "inspector/python/heap.h"

struct addresses {
	uint64_t *items; /* owned */
	size_t count, capacity;
};

struct found {
	struct addresses tasks, loops, coroutines; /* async generators are among the coroutines */
	struct addresses work_items;		   /* of executors */
};

void addresses_add(struct addresses *list, uint64_t address);
void addresses_deinit(struct addresses *list);

/* Goes through the heap once and sorts out what is a task, a loop, a coroutine or an async generator. */
void collect_from_heap(
	struct python *py, struct asyncio_classes *classes, const struct heap *heap, struct found *found);
void found_deinit(struct found *found);

#endif
