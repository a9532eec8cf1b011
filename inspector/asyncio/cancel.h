/* cancel: what became of a request to cancel a task.
 *
 * Task.cancel() asks the future that the task waits for to cancel itself, and the CancelledError arrives in
 * the task with the wake-up. From 3.11 on a task counts the requests that nobody took back (uncancel()); up
 * to 3.10 a request leaves no trace once it has arrived. */
#ifndef ASYNCINSPECT_ASYNCIO_CANCEL_H
#define ASYNCINSPECT_ASYNCIO_CANCEL_H

#include "inspector/asyncio/task.h"

enum cancel_state {
	CANCEL_NONE,	/* not asked for, or not known */
	CANCEL_COMING,	/* asked for, and the CancelledError has not arrived: what it waits for was asked too
			 */
	CANCEL_HANDLED, /* it arrived, and a frame handles it: a finally, an except, an __aexit__; or a
			   variable keeps it, to raise it later, as TaskGroup does */
	CANCEL_GONE,	/* it arrived, the task is parked again, and no frame has anything of it */
};

/* What leaves requests counted that it made for its own ends, so that CANCEL_GONE proves little: a name for
 * people, "TaskGroup", "anyio", "async_timeout"; NULL: nothing known of that kind is imported. Static. */
struct asyncio;
const char *cancel_requests_left_by(const struct asyncio *a);

/* Of a pending task. A task that runs now is CANCEL_COMING when asked. */
enum cancel_state cancel_state_of(
	struct python *py, struct asyncio_classes *classes, const struct task *task);

#endif
