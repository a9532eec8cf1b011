/* kept_loops: event loops in the places where programs keep theirs, which are few pages of a process: for a
 * command that does not walk the heap. Private to asyncio.c. */
#ifndef ASYNCINSPECT_ASYNCIO_KEPT_LOOPS_H
#define ASYNCINSPECT_ASYNCIO_KEPT_LOOPS_H

#include "inspector/asyncio/collect.h"
#include "inspector/python/interp.h"

/* Adds the loops that asyncio's policy has for threads (asyncio.set_event_loop), those that variables of the
 * frames on threads' stacks name, and those that globals of __main__ do. One may be added more than once; a
 * place that cannot be read is passed over. */
void kept_loops_add(struct python *py, struct asyncio_classes *classes, const struct pythreads *threads,
	struct addresses *loops);

#endif
