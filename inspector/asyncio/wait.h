/* wait: what a task waits for, in its user's terms.
 *
 * The future that the task is parked on is read from the task. What that future stands for is told by its
 * type (a task, a gather()), by the function of asyncio that waits for it (parking.h), or by its callbacks
 * (shield(), a future of another thread); nothing else is guessed from. */
#ifndef ASYNCINSPECT_ASYNCIO_WAIT_H
#define ASYNCINSPECT_ASYNCIO_WAIT_H

#include "inspector/asyncio/chain.h"
#include "inspector/asyncio/connection.h"
#include "inspector/asyncio/future.h"
#include "inspector/asyncio/holder.h"

enum wait_kind {
	WAIT_NONE, /* it waits for nothing: done, running, or about to run */
	WAIT_FUTURE,
	WAIT_TASK,
	WAIT_GATHER,
	WAIT_SLEEP,
	WAIT_QUEUE_GET,
	WAIT_QUEUE_PUT,
	WAIT_QUEUE_JOIN,
	WAIT_LOCK,
	WAIT_EVENT,
	WAIT_CONDITION,
	WAIT_SEMAPHORE,
	WAIT_SOCKET,
	WAIT_THREAD,
	WAIT_TASK_GROUP,
	WAIT_WAIT,
	WAIT_SHIELD,
	WAIT_BARRIER,
	WAIT_SUBPROCESS,
	WAIT_SERVER,
	WAIT_OTHER,
};

struct wait {
	enum wait_kind kind;
	uint64_t address;      /* the future; 0 when kind is WAIT_NONE */
	const char *type_name; /* its type */
	bool is_done;	       /* the future is done: the task will be woken by its loop */
	const char *operation; /* what the program called of asyncio's: "StreamReader.readline"; NULL */
	size_t first;	       /* link of the chain from which on all is asyncio's; its count: none */
	uint64_t on;	       /* the primitive; 0 none */
	const char *on_type;
	const char *name; /* what the program calls it, naming.h; NULL unknown */
	size_t task_count;
	uint64_t *tasks;	      /* the tasks it waits for, in order; in the arena of py */
	bool is_any;		      /* the first of them that is done ends the wait */
	uint64_t members;	      /* the list or set of the futures that it waits for; 0 none */
	uint64_t timed_by;	      /* an object that a timer would act on instead of the future; 0 none */
	struct connection connection; /* fd is -1 when it waits for none, or for an unknown one */
	const char *wakes_by; /* what was found that will wake it: "task 0x7f10", "timer at 1234.5"; NULL:
				 nothing */
	const char *text;
	/* "Queue at 0x7f10 (empty, 8 getters)"; never NULL for another kind than WAIT_NONE */
	size_t holder_count; /* of a lock or a semaphore: who holds it, as far as it was found */
	const struct lock_holder *holders; /* borrowed from asyncio's */
};

/* waiter is the task's _fut_waiter, 0 for none. Leaves what waits_describe sets. */
void wait_find(struct python *py, struct asyncio_classes *classes, uint64_t waiter, const struct chain *chain,
	struct wait *wait);

/* "none", "future", "task", "gather", "queue-get", ... as output.md of the contract has them. Static. */
const char *wait_kind_name(enum wait_kind kind);

#endif
