/* executor: a thread pool: how many threads it has, how many of them are idle, and what waits for one.
 *
 * Attributes are those of Lib/concurrent/futures/thread.py. */
#ifndef ASYNCINSPECT_ASYNCIO_EXECUTOR_H
#define ASYNCINSPECT_ASYNCIO_EXECUTOR_H

#include "inspector/asyncio/workqueue.h"

struct executor {
	uint64_t address; /* 0: there is none */
	const char *type_name;
	/* -1: not known, as for every executor that is no ThreadPoolExecutor. */
	int64_t threads, max_workers, idle;
	int is_shut_down; /* 0, 1; -1 unknown */
	bool has_backlog;
	struct workqueue backlog; /* work items that no thread has taken; one without a function tells the
				     threads to end */
};

void executor_read(struct python *py, uint64_t address, struct executor *executor);

/* The function of a work item, 0 none, and the concurrent.futures.Future that it will set. */
uint64_t executor_item_function(struct python *py, uint64_t item, uint64_t *future);

#endif
