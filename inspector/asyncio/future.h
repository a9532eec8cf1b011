/* future: a Future or Task of either implementation, as asyncio's own methods would answer. */
#ifndef ASYNCINSPECT_ASYNCIO_FUTURE_H
#define ASYNCINSPECT_ASYNCIO_FUTURE_H

#include "inspector/asyncio/classes.h"

enum future_state { FUTURE_PENDING, FUTURE_CANCELLED, FUTURE_FINISHED };

struct future {
	uint64_t address;
	enum asyncio_role role;
	const struct pytype *type;
	enum future_state state;
	uint64_t loop;		    /* 0 none */
	uint64_t exception;	    /* 0 none */
	bool exception_unretrieved; /* its __del__ would log the exception: nobody has looked at it */
};

/* Reads a future. False when the object is none, or impossible. */
bool future_read(struct python *py, struct asyncio_classes *classes, uint64_t address, struct future *future,
	struct error *err);

/* The done callbacks, in the order in which they would be called; at most most of them are stored.
 * Returns how many there are. */
size_t future_callbacks(struct python *py, const struct future *future, uint64_t *callbacks, size_t most);

/* The parts of a task beyond the future. */
struct task_parts {
	uint64_t coroutine, waiter; /* waiter: _fut_waiter; 0 none */
	const char *name;	    /* in the arena of py; never NULL */
	int64_t cancel_requests;
	bool must_cancel;
	uint64_t source_traceback; /* list of frames, in debug mode; 0 or None otherwise */
};

bool future_task_parts(
	struct python *py, const struct future *future, struct task_parts *parts, struct error *err);

#endif
