/* size: the memory of one object, as sys.getsizeof() tells it: the object, the tables it owns outside of
 * itself, the head of the collector and the words before it. What it refers to is not counted. */
#ifndef ASYNCINSPECT_PYTHON_SIZE_H
#define ASYNCINSPECT_PYTHON_SIZE_H

#include "inspector/python/memory.h"
#include "inspector/python/type.h"

/* Bytes; 0 when the object cannot be read. An instance dictionary counts as an object of its own, inline
 * values with the instance. Of a C type that is not known the object itself counts, not what it points to. */
uint64_t pyobject_size(struct python *py, uint64_t object);

/* The same of an object whose type is known and whose first bytes are here, so many: */
size_t pyobject_head_size(const struct python *py, const struct pytype *type);
uint64_t pyobject_size_here(struct python *py, const struct body *body, const struct pytype *type);

/* Bytes of a keys object of dicts. */
uint64_t pydict_keys_size(struct python *py, uint64_t keys);

#endif
