/* timers: the handles that a loop will call at a time, by the future that they will wake. */
#ifndef ASYNCINSPECT_ASYNCIO_TIMERS_H
#define ASYNCINSPECT_ASYNCIO_TIMERS_H

#include "inspector/asyncio/loop.h"

struct timer {
	uint64_t loop;
	uint64_t wakes;	 /* the future that it sets: the first argument of its callback, or what that is bound
			    to; the task that it cancels (asyncio.timeout()) */
	bool is_timeout; /* it ends the wait without what is waited for: cancels the task, or ends wait() */
	double when;	 /* by the loop's clock, which is the system's monotonic one */
};

struct timers {
	size_t count;
	struct timer *items; /* owned; sorted by what they wake, then when */
};

/* Adds the timers of a loop that act on an object; cancelled ones are left out. */
void timers_add_loop(
	struct python *py, struct asyncio_classes *classes, const struct loop *loop, struct timers *timers);

/* Call after the last timers_add_loop. */
void timers_sort(struct timers *timers);
void timers_deinit(struct timers *timers);

/* The earliest timer that will act on an object; NULL: none. */
const struct timer *timers_find(const struct timers *timers, uint64_t object);

#endif
