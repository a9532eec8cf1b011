#include "inspector/python/dict.h"

#include "inspector/python/memory.h"
#include "inspector/python/str.h"

#include <string.h>

/* 2^40 slots would be 16 TiB of entries: larger is damage. */
#define LOG2_MAX 40

/* The index is an array of the narrowest integers that can number the entries; its size is stored from 3.11
 * on, and follows from the number of slots before. */
static uint64_t index_bytes(uint64_t slots)
{
	return slots <= 0xff	     ? slots
	       : slots <= 0xffff     ? 2 * slots
	       : slots <= 0xffffffff ? 4 * slots
				     : 8 * slots;
}

static bool read_sizes(const struct python *py, const struct body *body, uint64_t *slots, uint64_t *index,
	struct dict_iter *iter, struct error *err)
{
	uint64_t log2_size, log2_index;

	if (python_has(py, FIELD_keys_size)) {
		iter->is_general = true;
		*slots = body_unsigned(py, body, FIELD_keys_size);
		*index = index_bytes(*slots);
		return *slots <= UINT64_C(1) << LOG2_MAX ||
		       error_at(err, ERROR_CORRUPT, body->address, "a dict with an impossible size");
	}
	log2_size = body_unsigned(py, body, FIELD_keys_log2_size);
	log2_index = body_unsigned(py, body, FIELD_keys_log2_index_bytes);
	if (log2_size > LOG2_MAX || log2_index > LOG2_MAX + 3)
		return error_at(err, ERROR_CORRUPT, body->address, "a dict with an impossible size");
	*slots = UINT64_C(1) << log2_size;
	*index = UINT64_C(1) << log2_index;
	iter->is_general = (int64_t)body_unsigned(py, body, FIELD_keys_kind) ==
			   python_field(py, FIELD_keys_general)->value;
	return true;
}

bool dict_read_header(const struct python *py, const struct body *body, struct dict_iter *iter,
	uint64_t *index_size, struct error *err)
{
	uint64_t slots = 0;

	if (!read_sizes(py, body, &slots, index_size, iter, err))
		return false;
	iter->stride = (uint32_t)python_sizeof(
		py, iter->is_general ? FIELD_sizeof_entry : FIELD_sizeof_unicode_entry);
	iter->key_offset =
		python_field(py, iter->is_general ? FIELD_entry_key : FIELD_unicode_entry_key)->offset;
	iter->value_offset =
		python_field(py, iter->is_general ? FIELD_entry_value : FIELD_unicode_entry_value)->offset;
	iter->count = body_unsigned(py, body, FIELD_keys_nentries);
	return iter->count <= slots || error_at(err, ERROR_CORRUPT, body->address,
					       "the table of a dict at 0x%llx has impossible sizes",
					       (unsigned long long)body->address);
}

static bool open_keys(struct python *py, uint64_t keys, struct dict_iter *iter, struct error *err)
{
	size_t header = python_field(py, FIELD_keys_indices)->offset;
	uint64_t index = 0;
	struct body body;

	if (!body_open(py, keys, header, &body, err) || !dict_read_header(py, &body, iter, &index, err))
		return false;
	if (!iter->count)
		return true;
	iter->entries = target_bytes(py->target, keys + header + index, iter->count * iter->stride, err);
	return iter->entries != NULL;
}

static bool open_values(struct dict_iter *iter, uint64_t values, uint64_t count, struct error *err)
{
	if (iter->count > count)
		iter->count = count;
	if (!iter->count)
		return true;
	iter->values = target_bytes(iter->py->target, values, iter->count * 8, err);
	return iter->values != NULL;
}

bool dict_open_split(struct python *py, uint64_t keys, uint64_t values, uint64_t count,
	struct dict_iter *iter, struct error *err)
{
	*iter = (struct dict_iter){.py = py};
	return open_keys(py, keys, iter, err) && open_values(iter, values, count, err);
}

bool dict_open(struct python *py, uint64_t address, struct dict_iter *iter, struct error *err)
{
	struct body body;
	uint64_t keys, values;

	*iter = (struct dict_iter){.py = py};
	if (!body_open(py, address, python_sizeof(py, FIELD_sizeof_dict), &body, err))
		return false;
	keys = body_pointer(py, &body, FIELD_dict_keys);
	values = body_pointer(py, &body, FIELD_dict_values);
	if (!open_keys(py, keys, iter, err))
		return false;
	if (!values)
		return true;
	/* Up to 3.10 this is the array itself. */
	if (python_has(py, FIELD_values_array))
		values += python_field(py, FIELD_values_array)->offset;
	return open_values(iter, values, iter->count, err);
}

bool dict_next(struct dict_iter *iter, struct dict_entry *entry)
{
	while (iter->next < iter->count) {
		uint64_t i = iter->next++;
		const uint8_t *at = iter->entries + i * iter->stride;

		entry->key = load_unsigned(at + iter->key_offset, 8);
		entry->value =
			load_unsigned(iter->values ? iter->values + 8 * i : at + iter->value_offset, 8);
		entry->index = i;
		if (entry->key && entry->value)
			return true;
	}
	return false;
}

bool pydict_get(struct python *py, uint64_t dict, const char *name, uint64_t *value, struct error *err)
{
	struct dict_iter iter;
	struct dict_entry entry;

	if (!dict_open(py, dict, &iter, err))
		return false;
	while (dict_next(&iter, &entry)) {
		if (pystr_equals(py, entry.key, name)) {
			*value = entry.value;
			return true;
		}
	}
	return error_set(err, ERROR_NOT_FOUND, "no key '%s'", name);
}

bool pydict_length(struct python *py, uint64_t dict, uint64_t *length, struct error *err)
{
	return read_unsigned(py, dict, FIELD_dict_used, length, err);
}
