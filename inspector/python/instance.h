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

/* The same for a type with a managed dictionary, of an instance whose memory is here: object has
 * instance_extent bytes, and the instance_before bytes before those of object are there, too. */
bool instance_storage_at(struct python *py, const struct body *object, const struct pytype *type,
	struct instance_storage *storage, struct error *err);

/* Bytes that belong to the storage: before the object, and from its start on. */
size_t instance_before(const struct python *py);
size_t instance_extent(const struct python *py, const struct pytype *type);

/* Opens whatever storage there is; an empty iterator when there is none. */
bool instance_open(struct python *py, uint64_t object, const struct pytype *type, struct dict_iter *iter,
	struct error *err);

/* The value of an attribute by its ASCII name, from a slot or from the storage. ERROR_NOT_FOUND: not set. */
bool instance_get(struct python *py, uint64_t object, const char *name, uint64_t *value, struct error *err);

#endif
