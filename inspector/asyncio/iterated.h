/* iterated: what driven code is in the middle of going through, or at work with.
 *
 * `for c in coroutines: await c` has an iterator on the value stack of its frame, and that has the list; one
 * that was made by iter() can be in a variable. */
#ifndef ASYNCINSPECT_ASYNCIO_ITERATED_H
#define ASYNCINSPECT_ASYNCIO_ITERATED_H

#include "inspector/asyncio/asyncio.h"

/* Adds to set (value 0) every iterator of a list, tuple, set, dict or deque, and what it goes through, that
 * is in a frame of a task or of a thread; and every container and coroutine on the value stack of one. */
void iterated_find(const struct asyncio *a, struct addrmap *set);

#endif
