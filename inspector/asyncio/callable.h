/* callable: a callback as its reader would name it, and on whose behalf it would be called. */
#ifndef ASYNCINSPECT_ASYNCIO_CALLABLE_H
#define ASYNCINSPECT_ASYNCIO_CALLABLE_H

#include "inspector/asyncio/classes.h"

/* functools.partial objects are looked through, of Context.run as well: what is told is of the function
 * inside. */
struct callable {
	uint64_t function;   /* the object that was reached last: a function, a method, any other callable */
	uint64_t self;	     /* what a method is bound to; 0: it is none */
	const char *name;    /* __qualname__, or the name of a C function, or of the type; never NULL */
	enum type_kind kind; /* of function */
};

/* Never fails: what cannot be read is named "?". The name is in the arena of py. */
void callable_read(struct python *py, uint64_t object, struct callable *callable);

#endif
