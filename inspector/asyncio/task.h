/* task: one task, with all that is known of it. */
#ifndef ASYNCINSPECT_ASYNCIO_TASK_H
#define ASYNCINSPECT_ASYNCIO_TASK_H

#include "inspector/asyncio/chain.h"
#include "inspector/asyncio/creation.h"
#include "inspector/asyncio/future.h"
#include "inspector/asyncio/wait.h"

struct task {
	uint64_t address;
	const char *name;      /* never NULL */
	const char *type_name; /* "_asyncio.Task" */
	struct future future;
	struct task_parts parts;
	bool is_registered; /* asyncio's own registry has it; false: only the heap does */
	bool is_current;    /* its loop executes it now */
	/* Its coroutine: a coroutine, or a generator; 0 when there is none. */
	const char *coroutine_type;	/* type name, "coroutine"; NULL without a coroutine */
	const char *coroutine_qualname; /* NULL without a coroutine */
	struct chain chain;		/* empty for a task that is done */
	struct wait wait;
	struct creation creation;
	size_t awaited_by_count;
	uint64_t *awaited_by; /* tasks that await it, directly or through gather(); addresses, ascending */
};

enum task_state { TASK_PENDING, TASK_FINISHED, TASK_CANCELLED, TASK_FAILED };

enum task_state task_state(const struct task *task);

/* "pending", "finished", "cancelled", "failed". Static. */
const char *task_state_name(enum task_state state);

#endif
