/* waker: what will end a task's wait, as far as it was found: the first word of it, told in wait.wakes_by. */
#ifndef ASYNCINSPECT_ASYNCIO_WAKER_H
#define ASYNCINSPECT_ASYNCIO_WAKER_H

#include "inspector/asyncio/timers.h"
#include "inspector/base/strbuf.h"

struct asyncio;

/* Sets wakes_by of all tasks that wait. Needs the tasks and their waits, and the loops' timers. */
void wakers_find(struct asyncio *a, const struct timers *timers);

/* "timer in 3.2 s", "timeout overdue by 1.0 s"; of a core, which does not tell the time, "timer" alone. In
 * the arena of py. */
const char *timer_describe(const struct asyncio *a, const struct timer *timer);

/* Appends " in 3.2 s" or " overdue by 3.2 s" for a time of the monotonic clock, nothing when what it showed
 * is not known: asyncio's clock is the system's monotonic one; what it showed when a core was written,
 * nothing tells. */
void deadline_append(const struct asyncio *a, double when, struct strbuf *out);

#endif
