/* extent: the memory that belongs to an object: itself, and the tables that it owns outside of itself. */
#ifndef ASYNCINSPECT_PYTHON_EXTENT_H
#define ASYNCINSPECT_PYTHON_EXTENT_H

#include "inspector/python/type.h"

/* Addresses [start, end). */
typedef void (*extent_fn)(void *context, uint64_t start, uint64_t end);

/* The object with what stands before it (the collector's head, a dictionary's pointer) and its items inside.
 */
bool extent_of_object(struct python *py, uint64_t object, uint64_t *start, uint64_t *end);

/* That, and the items of a list, the tables of dicts and sets, the blocks of a deque, the values of an
 * instance. What only the code of a C type knows is not among it. */
void extents_of_object(struct python *py, uint64_t object, extent_fn give, void *context);

#endif
