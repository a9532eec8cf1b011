#include "inspector/python/instance.h"

#include "inspector/python/era.h"
#include "inspector/python/memory.h"
#include "inspector/python/str.h"

#include <stdlib.h>
#include <string.h>

#define NAME_LIMIT 256

/* A negative tp_dictoffset counts from the end of an object of variable size. */
static bool dict_from_end(
	struct python *py, uint64_t object, const struct pytype *type, uint64_t *at, struct error *err)
{
	int64_t signed_count;
	uint64_t count, size;

	if (!read_signed(py, object, FIELD_var_size, &signed_count, err))
		return false;
	count = signed_count < 0 ? 0 - (uint64_t)signed_count : (uint64_t)signed_count;
	if (type->itemsize && count > (UINT64_MAX / 2 - type->basicsize) / type->itemsize)
		return error_at(err, ERROR_CORRUPT, object, "an object with an impossible size");
	size = (type->basicsize + count * type->itemsize + 7) & ~UINT64_C(7);
	*at = object + size + (uint64_t)type->dictoffset;
	return true;
}

size_t instance_before(const struct python *py)
{
	return python_gc_head_size(py) + 8 * py->era->managed_words;
}

size_t instance_extent(const struct python *py, const struct pytype *type)
{
	return type->basicsize + (type->has_inline_values && python_has(py, FIELD_values_array)
						 ? python_field(py, FIELD_values_array)->offset
						 : 0);
}

bool instance_storage_at(struct python *py, const struct body *object, const struct pytype *type,
	struct instance_storage *storage, struct error *err)
{
	*storage = (struct instance_storage){0};
	if (type->has_inline_values && !python_has(py, FIELD_values_valid))
		return error_no_field(py, FIELD_values_valid, err);
	if (type->has_inline_values && !python_has(py, FIELD_values_capacity))
		return error_no_field(py, FIELD_values_capacity, err);
	py->era->managed_storage(py, object, type, storage);
	return true;
}

static bool find_managed(struct python *py, uint64_t object, const struct pytype *type,
	struct instance_storage *storage, struct error *err)
{
	size_t before = instance_before(py), extent = instance_extent(py, type);
	struct body around;

	return body_open(py, object - before, before + extent, &around, err) &&
	       instance_storage_at(
		       py, &(struct body){object, around.bytes + before, extent}, type, storage, err);
}

bool instance_find_storage(struct python *py, uint64_t object, const struct pytype *type,
	struct instance_storage *storage, struct error *err)
{
	uint64_t at = object + (uint64_t)type->dictoffset;

	*storage = (struct instance_storage){0};
	if (type->has_managed_dict)
		return find_managed(py, object, type, storage, err);
	if (type->dictoffset == 0)
		return true;
	if (type->dictoffset < 0 && !dict_from_end(py, object, type, &at, err))
		return false;
	return read_word(py, at, &storage->dict, err);
}

bool instance_open(struct python *py, uint64_t object, const struct pytype *type, struct dict_iter *iter,
	struct error *err)
{
	struct instance_storage storage;

	*iter = (struct dict_iter){.py = py};
	if (!instance_find_storage(py, object, type, &storage, err))
		return false;
	if (storage.dict)
		return dict_open(py, storage.dict, iter, err);
	if (storage.values)
		return dict_open_split(py, storage.keys, storage.values, storage.capacity, iter, err);
	return true;
}

bool instance_get(struct python *py, uint64_t object, const char *name, uint64_t *value, struct error *err)
{
	const struct pytype *type = pytype_of(py, object, err);
	struct dict_iter iter;
	struct dict_entry entry;

	if (!type)
		return false;
	for (size_t i = 0; i < type->member_count; i++) {
		if (strcmp(type->members[i].name, name) == 0) {
			if (!read_word(py, object + type->members[i].offset, value, err))
				return false;
			return *value || error_set(err, ERROR_NOT_FOUND, "no attribute '%s'", name);
		}
	}
	if (!instance_open(py, object, type, &iter, err))
		return false;
	while (dict_next(&iter, &entry)) {
		/* Names of attributes are few, and the same in many objects: their texts are kept. */
		uint64_t known;
		const char *text = addrmap_get(&py->strings, entry.key, &known)
					   ? (const char *)(uintptr_t)known
					   : pystr_arena(py, entry.key, NAME_LIMIT, NULL);

		if (text && strcmp(text, name) == 0) {
			*value = entry.value;
			return true;
		}
	}
	return error_set(err, ERROR_NOT_FOUND, "no attribute '%s'", name);
}
