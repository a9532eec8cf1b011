/* timers: the handles that a loop will call at a time, by the future that they will wake. */
#ifndef ASYNCINSPECT_ASYNCIO_TIMERS_H
#define ASYNCINSPECT_ASYNCIO_TIMERS_H

#include "inspector/python/python.h"

struct timer {
	uint64_t loop, future; /* the first argument of the handle's callback */
	double when;	       /* by the loop's clock, which is the system's monotonic one */
};

struct timers {
	size_t count;
	struct timer *items; /* owned; sorted by future, then when */
};

/* Adds the timers of a loop (Lib/asyncio/base_events.py: _scheduled is a heap of TimerHandle); cancelled ones
 * are left out. */
void timers_add_loop(struct python *py, uint64_t loop, struct timers *timers);

/* Call after the last timers_add_loop. */
void timers_sort(struct timers *timers);
void timers_deinit(struct timers *timers);

/* The earliest timer that will wake a future; NULL: none. */
const struct timer *timers_find(const struct timers *timers, uint64_t future);

#endif
