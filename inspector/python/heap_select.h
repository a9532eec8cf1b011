/* heap_select: the objects of a heap whose types somebody wants, found by several threads. */
#ifndef ASYNCINSPECT_PYTHON_HEAP_SELECT_H
#define ASYNCINSPECT_PYTHON_HEAP_SELECT_H

#include "inspector/python/heap.h"

/* Whether objects of a type are wanted: by the address that they have for it, which may be anything. Asked by
 * one thread at a time, at least once for each type. */
typedef bool (*type_wanted_fn)(void *context, uint64_t type);

/* By address. Caller frees; NULL when there is none. */
uint64_t *heap_select(const struct python *py, const struct heap *heap, type_wanted_fn wanted, void *context,
	size_t *count);

#endif
