/* wake: what can wake each suspended task, and which can never be woken.
 *
 * A task sleeps on a future. It goes on when somebody sets that future, and only code that can reach the
 * future can set it. So reachability decides, with what can run as roots (wake_fix.h): callbacks that are
 * ready, timers, callbacks of descriptors and signals, jobs that wait for an executor's thread, the frames of
 * threads, the loops that run; then everything else that a module, a type or an interpreter holds and running
 * code could look up; then what C code may hold: an object that has more references than were found.
 *
 * Ways are the references of the graph, and weak references, which code can follow as well. No way leads
 * through a task that is suspended, nor through its coroutines' frames. A task that is awaited wakes who
 * awaits it by its end alone.
 *
 * What this takes for granted, and a reader of "never" should know:
 * - Cancelling is left out, or no task could ever be called stuck: asyncio.all_tasks() gives every task to
 *   everybody. A cancel() that is on its way counts: a timer that cancels (asyncio.timeout, wait_for), be
 * it due or not, a callback that is ready, a bound method of the task that somebody has. So is the
 * destruction of a suspended task by who holds it.
 * - Code does not search the collector's lists (gc.get_objects), foreign frames' variables, or memory
 * (ctypes).
 * - C code that uses an object without owning a reference to it uses what a caller of it owns. */
#ifndef ASYNCINSPECT_GRAPH_WAKE_H
#define ASYNCINSPECT_GRAPH_WAKE_H

#include "inspector/graph/reach.h"

enum wake_class {
	WAKE_NONE,     /* it is done */
	WAKE_WILL_RUN, /* a thread executes it, or its loop is about to call it */
	WAKE_OUTSIDE,  /* what runs, or will be called, leads to its future */
	WAKE_IDLE,     /* only what nobody has in hand does: a global of a module, an attribute of a class */
	WAKE_NEVER,    /* nothing does; or what does is idle in a program in which nothing is left to run */
	WAKE_UNKNOWN,  /* perhaps C code; or it could not be found out */
};

enum wake_certainty { WAKE_CERTAINTY_UNKNOWN, WAKE_LIKELY, WAKE_PROVED };

struct wake {
	enum wake_class class;
	enum wake_certainty certainty; /* that the class is right */
	const char *grounds;	       /* one line; NULL for WAKE_NONE; in the arena of py */
	bool is_alone; /* WAKE_NEVER: nobody but its own frames has the future, no variable names it */
	bool is_main;  /* run_until_complete() or asyncio.run() waits for it */
};

struct wakes {
	size_t count;
	struct wake *items; /* by index of task; owned */
	bool is_dead; /* nothing at all can run but a signal handler: no timer, no descriptor, no thread */
};

/* Also fills wakes_by of waits for which nothing was found yet. */
void wake_compute(struct asyncio *a, struct graph *graph, const struct roots *roots,
	const struct reach *reach, struct wakes *wakes);
void wake_deinit(struct wakes *wakes);

/* "will-run", "outside", "idle", "never", "unknown"; "proved", "likely", "unknown". Static. */
const char *wake_class_name(enum wake_class class);
const char *wake_certainty_name(enum wake_certainty certainty);

/* For people: "never", "perhaps never" when that is not proved, else the name of the class; "" for WAKE_NONE.
 * Static. */
const char *wake_class_text(const struct wake *wake);

#endif
