/* asyncio: the state of asyncio in a target: tasks, loops, coroutines and async generators, and who drives
 * whom.
 *
 * Collected once; everything in it lives in the arena of py or of a helper, or is freed by asyncio_destroy.
 */
#ifndef ASYNCINSPECT_ASYNCIO_ASYNCIO_H
#define ASYNCINSPECT_ASYNCIO_ASYNCIO_H

#include "inspector/asyncio/classes.h"
#include "inspector/asyncio/holder.h"
#include "inspector/asyncio/job.h"
#include "inspector/asyncio/loop.h"
#include "inspector/asyncio/task.h"
#include "inspector/base/parallel.h"
#include "inspector/python/heap.h"

#define NO_INDEX SIZE_MAX

/* A coroutine or async generator that exists in the heap. */
struct coroutine {
	struct pygen gen;
	const char *qualname; /* never NULL */
	size_t task;	      /* index of the task that drives it; NO_INDEX */
	bool is_awaited;      /* one that no task drives awaits it */
	bool is_in_use;	      /* an async generator that a suspended frame is in the middle of iterating */
	size_t used_by;	      /* index of the coroutine whose frame that is; NO_INDEX: none, or a thread's */
	struct chain
		chain; /* from it on, when no task drives it and nobody awaits it; its own frame otherwise */
};

struct asyncio {
	struct python *py; /* borrowed */
	struct pythreads threads;
	uint64_t *running_loops; /* by thread; 0 none */
	struct asyncio_classes classes;
	bool is_imported;  /* asyncio is imported in some interpreter */
	struct heap *heap; /* owned; NULL: not walked */
	bool heap_is_complete;
	size_t task_count, loop_count, coroutine_count;
	size_t task_room, coroutine_room;			/* of the arrays */
	struct task *tasks;					/* by name as people count, then by address */
	struct loop *loops;					/* by address */
	struct coroutine *coroutines;				/* by address */
	struct addrmap task_index, loop_index, coroutine_index; /* address -> index */
	struct lock_holders holders;				/* of locks and the like */
	struct jobs jobs;		       /* of executors; none when the heap was not walked */
	struct python *helpers[PARALLEL_MOST]; /* owned; forks of py whose arenas have chains of tasks */
	size_t helper_count;
	size_t unregistered; /* pending tasks that the heap has and no registry */
	bool is_interrupted; /* the user did not want to wait for the heap: it was not walked */
	bool is_cut;	     /* there are more tasks than asked for: nothing of them was read */
};

struct asyncio_options {
	bool needs_heap;  /* walk the heap: all coroutines, finished tasks, loops that nobody runs. Without it
			     tasks are those of asyncio's own registry, and coroutines those that they drive */
	bool needs_loops; /* without the heap: look for loops that nobody runs where programs keep theirs */
	size_t tasks_most; /* without the heap: with more tasks than this only is_cut is answered; 0: any */
};

/* False only when the interpreters cannot be read, or the heap when it is needed. A process that has not
 * imported asyncio has no tasks: that is no error. */
struct asyncio *asyncio_collect(struct python *py, const struct asyncio_options *options, struct error *err);
void asyncio_destroy(struct asyncio *a); /* NULL is allowed */

/* Index by address; NO_INDEX. */
size_t asyncio_find_task(const struct asyncio *a, uint64_t address);
size_t asyncio_find_loop(const struct asyncio *a, uint64_t address);
size_t asyncio_find_coroutine(const struct asyncio *a, uint64_t address);

/* An orphan: created or suspended, driven by no task; for an async generator: suspended in the middle and
 * used by no frame that is driven (asyncgen.h). */
bool asyncio_is_orphan(const struct asyncio *a, const struct coroutine *c);

#endif
