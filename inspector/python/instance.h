/* instance: the attributes that an instance stores itself: in a dictionary of its own, in inline values, or
 * in slots. Class attributes, properties and the like are not looked for. */
#ifndef ASYNCINSPECT_PYTHON_INSTANCE_H
#define ASYNCINSPECT_PYTHON_INSTANCE_H

#include "inspector/python/dict.h"
#include "inspector/python/type.h"

/* Where both are there, the dictionary shares the values that lie in the object (3.13). */
struct instance_storage {
	uint64_t dict;	   /* a dict object; 0 none */
	uint64_t values;   /* array of object pointers, by index of ht_cached_keys; 0 none */
	uint64_t capacity; /* of values; UINT64_MAX: as many as there are keys */
	uint64_t keys;	   /* the keys object that names the values */
};

/* Finds the storage of an instance (Objects/dictobject.c: _PyObject_GetDictPtr and what it became). An
 * instance without any is no error: all zero. */
bool instance_find_storage(struct python *py, uint64_t object, const struct pytype *type,
	struct instance_storage *storage, struct error *err);

/* Opens whatever storage there is; an empty iterator when there is none. */
bool instance_open(struct python *py, uint64_t object, const struct pytype *type, struct dict_iter *iter,
	struct error *err);

/* The value of an attribute by its ASCII name, from a slot or from the storage. ERROR_NOT_FOUND: not set. */
bool instance_get(struct python *py, uint64_t object, const char *name, uint64_t *value, struct error *err);

#endif
