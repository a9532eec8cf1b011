/* classes: the classes of asyncio in the target, and what an object is to asyncio. */
#ifndef ASYNCINSPECT_ASYNCIO_CLASSES_H
#define ASYNCINSPECT_ASYNCIO_CLASSES_H

#include "inspector/python/interp.h"
#include "inspector/python/type.h"

enum asyncio_role {
	ROLE_NONE,
	ROLE_FUTURE,	/* _asyncio.Future or a subclass that is no task */
	ROLE_TASK,	/* _asyncio.Task or a subclass */
	ROLE_PY_FUTURE, /* asyncio.futures._PyFuture or a subclass */
	ROLE_PY_TASK,	/* asyncio.tasks._PyTask or a subclass */
	ROLE_LOOP,	/* an asyncio.AbstractEventLoop */
	ROLE_WORK_ITEM, /* a job of an executor: _WorkItem of concurrent.futures.thread or .process */
};

/* The objects of asyncio's modules in one interpreter; 0 where a module is not imported. */
struct asyncio_names {
	uint64_t tasks_module;			/* asyncio.tasks */
	uint64_t py_future, py_task, base_loop; /* classes */
};

struct asyncio_classes {
	size_t count; /* interpreters */
	struct asyncio_names *names;
	struct addrmap roles; /* type -> enum asyncio_role */
};

/* Looks through sys.modules of every interpreter. False when none has imported asyncio. */
bool asyncio_classes_find(
	struct python *py, const struct pythreads *threads, struct asyncio_classes *classes);
void asyncio_classes_deinit(struct asyncio_classes *classes);

/* By the type's bases: the same for instances of subclasses. */
enum asyncio_role asyncio_role_of_type(
	struct python *py, struct asyncio_classes *classes, const struct pytype *type);
enum asyncio_role asyncio_role_of(struct python *py, struct asyncio_classes *classes, uint64_t object);

static inline bool role_is_task(enum asyncio_role role)
{
	return role == ROLE_TASK || role == ROLE_PY_TASK;
}

static inline bool role_is_future(enum asyncio_role role)
{
	return role >= ROLE_FUTURE && role <= ROLE_PY_TASK;
}

#endif
