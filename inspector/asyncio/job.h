/* job: what was given to an executor and is not done: the function, and the thread that executes it.
 *
 * A ThreadPoolExecutor makes a _WorkItem of each call (Lib/concurrent/futures/thread.py); its threads take
 * them in _worker, whose variable work_item tells who has which. */
#ifndef ASYNCINSPECT_ASYNCIO_JOB_H
#define ASYNCINSPECT_ASYNCIO_JOB_H

#include "inspector/asyncio/callable.h"
#include "inspector/asyncio/collect.h"
#include "inspector/python/interp.h"

struct job {
	uint64_t future;	  /* the concurrent.futures.Future that it will set */
	uint64_t item;		  /* the _WorkItem */
	struct callable function; /* through partial() and Context.run() */
	size_t thread; /* index of the thread that executes it; SIZE_MAX: none of this process does */
	const struct pyframe *place; /* where its function is, in the thread\'s frames; NULL: it has none */
	bool is_queued;	    /* no thread has taken it, and it was found in the queue of its executor */
	size_t before_it;   /* jobs that are taken first, when is_queued */
	bool is_of_process; /* another process is to execute it */
};

struct jobs {
	size_t count;
	struct job *items; /* owned; by future */
};

/* Adds the work items that can be told without the heap: those that threads execute, and those in the queues
 * that they take them from; for other processes, those in the table of the thread that manages them. */
void jobs_collect(struct python *py, const struct pythreads *threads, struct addresses *items);

/* Makes jobs of the work items at the addresses given. An executor's queue is found by its threads. */
void jobs_find(struct python *py, const struct pythreads *threads, const uint64_t *items, size_t count,
	struct jobs *jobs);
void jobs_deinit(struct jobs *jobs);

/* The job that will set a future; NULL: none. */
const struct job *jobs_of(const struct jobs *jobs, uint64_t future);

#endif
