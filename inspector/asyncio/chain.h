/* chain: the suspended frames from a coroutine down to what it finally waits for, across every await. */
#ifndef ASYNCINSPECT_ASYNCIO_CHAIN_H
#define ASYNCINSPECT_ASYNCIO_CHAIN_H

#include "inspector/asyncio/classes.h"
#include "inspector/python/generator.h"

enum link_kind {
	LINK_COROUTINE,
	LINK_ASYNC_GENERATOR,
	LINK_GENERATOR, /* of types.coroutine, or of a Python __await__ */
	LINK_FUNCTION,	/* a plain function that a running coroutine calls */
	LINK_AWAITABLE, /* an object with an __await__ or __next__ that has no Python frame */
};

struct link {
	enum link_kind kind;
	uint64_t address;     /* the generator object, the frame of a function, the awaitable */
	const char *qualname; /* the generator's own; type name of an awaitable; never NULL */
	const char *file;     /* co_filename; NULL when there is no frame */
	uint32_t line;	      /* 0 unknown */
	bool has_frame;
	struct pyframe frame; /* when has_frame */
	struct pygen gen;     /* of a coroutine or generator */
};

struct chain {
	size_t count;
	struct link *links; /* outermost first; in the arena of py */
	uint64_t future;    /* the future or task at the end; 0: it ends otherwise */
	bool is_running;    /* its end is on a thread's stack now */
	bool is_cut;	    /* it could not be followed to its end, or it is a cycle */
};

/* The threads' stacks, by the generators on them. */
struct stack_index {
	const struct pythreads *threads;
	struct addrmap by_generator; /* generator -> thread << 32 | frame number */
	struct addrmap
		task_coroutines; /* coroutines of tasks: where one chain ends and another task's begins */
};

/* Follows the chain that starts at a coroutine, generator or any other awaitable. The coroutine_wrapper of
 * coro.__await__(), async_generator_asend and athrow, anext_awaitable and FutureIter objects are passed
 * through and not listed. A running coroutine is continued by the thread's stack: the frames that it called,
 * up to another task's coroutine. Never fails: what cannot be read cuts the chain and is noted in py. */
void chain_follow(struct python *py, struct asyncio_classes *classes, const struct stack_index *stacks,
	uint64_t start, struct chain *chain);

/* One link alone: the generator's own frame. */
void chain_own_frame(struct python *py, const struct pygen *gen, struct chain *chain);

/* What a suspended generator awaits, seen through the interpreter's wrappers: a generator, a future, any
 * other awaitable; 0 when it awaits nothing or cannot be read. */
uint64_t chain_next(struct python *py, const struct pygen *gen);

/* "coroutine", "async_generator", "generator", "function", "awaitable". Static. */
const char *link_kind_name(enum link_kind kind);

#endif
