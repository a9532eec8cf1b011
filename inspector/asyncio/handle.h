/* handle: what a loop was told to call: one asyncio.Handle or TimerHandle.
 *
 * Attributes are those of Lib/asyncio/events.py. A handle that was cancelled has lost its callback and its
 * arguments (Handle.cancel), and stays in the queue until its turn. */
#ifndef ASYNCINSPECT_ASYNCIO_HANDLE_H
#define ASYNCINSPECT_ASYNCIO_HANDLE_H

#include "inspector/asyncio/callable.h"

struct handle {
	uint64_t address;
	uint64_t callback; /* 0: cancelled, or not to be read */
	uint64_t args;	   /* a tuple; 0 none */
	bool is_cancelled;
	bool is_timer;
	double when; /* a timer: by the loop's clock, seconds */
	struct callable callable;
	/* The task that the callback steps, wakes or cancels: the one whose method it is; for a timer of
	 * asyncio.timeout() the one that it would cancel; 0 none. */
	uint64_t task;
	uint64_t future; /* its first argument, when that is a future or a task; 0 none */
};

struct handles {
	size_t count;
	struct handle *items; /* in the arena of py */
	bool is_cut;	      /* there are more than were read, or the container was damaged */
};

/* False when the object is no handle. */
bool handle_read(struct python *py, struct asyncio_classes *classes, uint64_t address, struct handle *handle);

/* All handles in a deque or list (kind), in its order. */
void handles_read(struct python *py, struct asyncio_classes *classes, uint64_t container, enum type_kind kind,
	struct handles *handles);

/* By when, then address. */
void handles_sort_by_time(struct handles *handles);

/* "Task.__step of task 'worker-1'", "_set_result_unless_cancelled(<Future 0x7f10>, None)", "cancelled". In
 * the arena of py. */
const char *handle_describe(
	struct python *py, struct asyncio_classes *classes, const struct handle *handle, size_t repr_limit);

#endif
