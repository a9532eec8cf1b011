/* threadsafe: what will set a concurrent.futures.Future, and which thread waits for it.
 *
 * Such a future joins what otherwise stands apart: two loops (asyncio.run_coroutine_threadsafe), a loop and a
 * job in an executor's thread (loop.run_in_executor, asyncio.to_thread), a thread and a loop (a call of
 * result()). It does not say what will set it, but others do:
 * - the done callback that _chain_future (Lib/asyncio/futures.py) gave it has the task in its closure;
 * - the handle in a loop's _ready that will make the task has the future in the closure of its callback, as
 *   long as the loop has not come to it (run_coroutine_threadsafe in Lib/asyncio/tasks.py);
 * - the thread that executes its job has it in self.future of a frame of _WorkItem.run
 *   (Lib/concurrent/futures/thread.py).
 * A job that no thread has taken yet is not looked for here. */
#ifndef ASYNCINSPECT_ASYNCIO_THREADSAFE_H
#define ASYNCINSPECT_ASYNCIO_THREADSAFE_H

#include "inspector/asyncio/asyncio.h"

enum setter_kind {
	SETTER_UNKNOWN,
	SETTER_TASK,   /* index: a task */
	SETTER_LOOP,   /* index: a loop, which has yet to make the task */
	SETTER_THREAD, /* index: a thread, which executes the job now */
};

struct setter {
	enum setter_kind kind;
	size_t index;
};

/* What a thread waits for, as its innermost Python frames tell. */
enum thread_wait_kind {
	THREAD_WAIT_NONE,   /* nothing that is known here */
	THREAD_WAIT_FUTURE, /* result() or exception() of a concurrent.futures.Future that is not done */
	THREAD_WAIT_JOIN,   /* join() of another thread */
};

struct thread_wait {
	enum thread_wait_kind kind;
	uint64_t on;	    /* the Future, the threading.Thread */
	size_t thread;	    /* JOIN: index of the other thread; NO_INDEX: it has not started, or has ended */
	bool has_timeout;   /* it was called with one: the wait ends by itself */
	const char *method; /* "concurrent.futures.Future.result", "threading.Thread.join" */
};

struct threadsafe {
	const struct asyncio *a;   /* borrowed */
	struct thread_wait *waits; /* owned; by thread */
	struct addrmap idents;	   /* pthread_t -> thread */
	struct addrmap executed;   /* future -> thread that executes its job */
	struct addrmap scheduled;  /* future -> loop that has to make its task */
	bool has_scheduled;	   /* the loops were looked at */
};

/* Looks at the frames of the threads. */
void threadsafe_read(const struct asyncio *a, struct threadsafe *t);
void threadsafe_deinit(struct threadsafe *t);

/* Whether an object is a concurrent.futures.Future. */
bool threadsafe_is_future(struct python *py, uint64_t object);

/* What will set a concurrent.futures.Future. Looks through the loops' ready queues, once, when nothing else
 * tells. */
struct setter threadsafe_setter(struct threadsafe *t, uint64_t future);

#endif
