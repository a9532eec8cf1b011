/* holder: which coroutine holds a lock, a semaphore, or anything else that `async with` enters.
 *
 * asyncio does not record it: a Lock knows that it is locked, and no more. But a coroutine that is suspended
 * in the body of `async with lock:` still has the lock's __aexit__ on its value stack, to call it at the end:
 * a bound method up to 3.13 (BEFORE_ASYNC_WITH in Python/bytecodes.c, Python/ceval.c), the function and its
 * self in two slots from 3.14 on (LOAD_SPECIAL). An AsyncExitStack keeps the same method in its
 * _exit_callbacks (Lib/contextlib.py); one that no `async with` entered counts for who has it in a variable.
 * So every holder here is an inference, from what is named in `grounds`.
 *
 * Not a holder is a frame that still awaits the lock's __aenter__, and one that waits in Condition.wait,
 * which lets the condition's lock go meanwhile. Nobody is named for a Lock whose _locked is False. An
 * acquire() that is called as such leaves no trace; neither does a frame that executes now, for its value
 * stack is known only while it has called a Python function (3.11 on) or any function (3.14 on). The holder
 * is unknown then.
 */
#ifndef ASYNCINSPECT_ASYNCIO_HOLDER_H
#define ASYNCINSPECT_ASYNCIO_HOLDER_H

#include <stddef.h>
#include <stdint.h>

struct asyncio;

struct lock_holder {
	uint64_t primitive;   /* what is held; the lock of a Condition, not the Condition */
	uint64_t coroutine;   /* whose frame it is: a coroutine or an async generator */
	size_t task;	      /* index of the task that drives it, through async generators too; SIZE_MAX */
	const char *qualname; /* of the coroutine; never NULL */
	const char *file;     /* where it is now; NULL unknown */
	uint32_t line;	      /* 0 unknown */
	const char *grounds;  /* "__aexit__ of the Lock is on the value stack of ...". In the arena of py */
};

struct lock_holders {
	size_t count;
	struct lock_holder *items; /* owned; by primitive, then by coroutine. One that holds a semaphore twice
				 is there twice */
};

/* Looks at the frames of all tasks, coroutines and async generators. Needs them collected. */
void holders_find(const struct asyncio *a, struct lock_holders *holders);
void holders_deinit(struct lock_holders *holders);

/* Those who hold a primitive: how many; *first (NULL when none) is the first of them, borrowed. For a
 * Condition ask for its _lock. */
size_t holders_of(const struct lock_holders *holders, uint64_t primitive, const struct lock_holder **first);

#endif
