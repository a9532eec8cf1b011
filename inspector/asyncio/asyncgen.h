/* asyncgen: which async generators are in the middle of being used.
 *
 * Between two steps an async generator is suspended and nobody awaits it: `async for` keeps it on the value
 * stack of the frame that iterates, `async with` keeps the context manager that owns it there (as the self of
 * a bound __aexit__), an AsyncExitStack in its callbacks. Only one that no frame has in hand is unfinished.
 */
#ifndef ASYNCINSPECT_ASYNCIO_ASYNCGEN_H
#define ASYNCINSPECT_ASYNCIO_ASYNCGEN_H

#include "inspector/asyncio/chain.h"

/* Adds to in_use, with the value by, every async generator that the value stack of frame leads to, directly
 * or through a few objects of the kinds above. Nothing is followed into modules, classes, functions, frames,
 * other generators or futures. */
void asyncgen_mark_used(struct python *py, struct asyncio_classes *classes, const struct pyframe *frame,
	uint64_t by, struct addrmap *in_use);

#endif
