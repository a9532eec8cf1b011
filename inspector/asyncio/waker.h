/* waker: what will end a task's wait, as far as it was found. */
#ifndef ASYNCINSPECT_ASYNCIO_WAKER_H
#define ASYNCINSPECT_ASYNCIO_WAKER_H

#include "inspector/asyncio/timers.h"
#include "inspector/asyncio/watch.h"
#include "inspector/base/strbuf.h"

struct asyncio;
struct task;

/* Timers and descriptors of all loops, by what they act on. */
struct wakers {
	struct timers timers;
	struct watches watches;
};

void wakers_init(struct asyncio *a, struct wakers *wakers);
void wakers_deinit(struct wakers *wakers);

/* The timer that sets what a task waits for; the earliest timeout around its wait. NULL: none. */
const struct timer *wakers_timer(const struct wakers *wakers, const struct task *task);
const struct timer *wakers_timeout(const struct wakers *wakers, const struct task *task);

/* The descriptor that is watched for a task's wait; NULL: none. Needs the wait's connection. */
const struct watch *wakers_watch(const struct wakers *wakers, const struct task *task);

/* Sets wakes_by of the wait of a task: the first of what is named there in asyncinspect-json(5). */
void waker_find(const struct asyncio *a, const struct wakers *wakers, struct task *task);

/* Appends " in 3.2 s" or " overdue by 3.2 s" for a time of the monotonic clock, nothing when what it showed
 * is not known: asyncio's clock is the system's monotonic one; what it showed when a core was written,
 * nothing tells. */
void deadline_append(const struct asyncio *a, double when, struct strbuf *out);

#endif
