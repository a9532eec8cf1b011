/* loop: an event loop, and what it is doing now. Attributes are those of Lib/asyncio/base_events.py; a loop
 * of another make (uvloop keeps its state in C) has only what the threads tell. */
#ifndef ASYNCINSPECT_ASYNCIO_LOOP_H
#define ASYNCINSPECT_ASYNCIO_LOOP_H

#include "inspector/asyncio/classes.h"
#include "inspector/asyncio/executor.h"
#include "inspector/asyncio/handle.h"
#include "inspector/asyncio/selector.h"

/* UNKNOWN: it runs, but it is no loop of asyncio's own, whose waiting can be seen. */
enum loop_doing { LOOP_POLLING, LOOP_IN_CALLBACK, LOOP_STOPPED, LOOP_CLOSED, LOOP_UNKNOWN };

/* An attribute that is true, false, or could not be read. */
enum truth { TRUTH_UNKNOWN, TRUTH_FALSE, TRUTH_TRUE };

/* What loop.add_signal_handler() was told. */
struct signal_handler {
	int64_t signal;
	struct handle handle;
};

struct loop {
	uint64_t address;
	const char *type_name;
	bool is_running;
	enum truth is_closed, is_stopping, is_debug;
	size_t thread;		       /* index of the thread that runs it; SIZE_MAX: none */
	int64_t ready, scheduled;      /* handles in _ready and _scheduled; -1 unknown */
	double slow_callback_duration; /* seconds; negative: unknown */
	enum loop_doing doing;
	uint64_t current_task; /* 0 none */

	struct handles ready_handles; /* _ready: what is called next, in this order */
	struct handles timers;	      /* _scheduled, cancelled ones too; by time */
	struct descriptors descriptors;
	size_t signal_count;
	struct signal_handler *signals; /* in the arena of py */
	struct executor executor;	/* the default one */
	uint64_t exception_handler;	/* set_exception_handler(); 0: the loop's own */
	int64_t async_generators;	/* begun and not finished; -1 unknown */

	/* The callback that is being executed, and where it was called: the frame of Handle._run in the
	 * thread's; what is before it (innermost first) is the callback's. 0, SIZE_MAX: none, or not to be
	 * told. */
	struct handle running;
	size_t running_frame;

	/* What the loop's clock (time.monotonic) showed. In a process that was copied it is read; of a core
	 * only what the loop itself has noted last is known: it was at least so late. Negative: unknown. */
	double now;
	bool now_is_bound;
	/* By the same clock, when the round of callbacks began that the loop is in the middle of: no
	 * descriptor was looked at since, no later timer called. Negative: it is in none, or that cannot be
	 * told. */
	double round_began;
};

/* thread: the index of the thread that runs it, SIZE_MAX for none. */
void loop_read(struct python *py, struct asyncio_classes *classes, const struct pythreads *threads,
	uint64_t address, size_t thread, uint64_t current_task, struct loop *loop);

/* By how many seconds a timer is overdue; 0 or less: it is not. Only when loop->now is not negative; for a
 * bound it is at least so much. */
static inline double loop_overdue(const struct loop *loop, const struct handle *timer)
{
	return loop->now - timer->when;
}

/* How many timers that are not cancelled are overdue, and the most by which one is, in seconds (0 for none).
 */
size_t loop_count_overdue(const struct loop *loop, double *most);

/* "polling", "callback", "stopped", "closed"; "running" for LOOP_UNKNOWN. Static. */
const char *loop_doing_name(enum loop_doing doing);

#endif
