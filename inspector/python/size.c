#include "inspector/python/size.h"

#include "inspector/python/era.h"
#include "inspector/python/generator.h"
#include "inspector/python/memory.h"

#include <stdlib.h>

/* A size beyond this is damage. */
#define ITEMS_MAX ((uint64_t)1 << 44)

static uint64_t read_or_zero(struct python *py, uint64_t address, enum field_id id)
{
	uint64_t value;

	return python_has(py, id) && read_unsigned(py, address, id, &value, NULL) && value < ITEMS_MAX ? value
												       : 0;
}

/* Objects/unicodeobject.c, unicode_sizeof. */
static uint64_t str_size(struct python *py, uint64_t object)
{
	uint64_t length = read_or_zero(py, object, FIELD_str_length),
		 kind = read_or_zero(py, object, FIELD_str_kind);

	if (read_or_zero(py, object, FIELD_str_compact) && read_or_zero(py, object, FIELD_str_ascii))
		return python_sizeof(py, FIELD_sizeof_str_ascii) + length + 1;
	return python_sizeof(py, FIELD_sizeof_str_compact) + (length + 1) * kind;
}

/* Objects/dictobject.c, _PyDict_KeysSize: two thirds of the slots have an entry. */
uint64_t pydict_keys_size(struct python *py, uint64_t keys)
{
	uint64_t slots, index, entry = python_sizeof(py, FIELD_sizeof_entry);

	if (python_has(py, FIELD_keys_size)) {
		slots = read_or_zero(py, keys, FIELD_keys_size);
		index = slots <= 0xff ? slots : slots <= 0xffff ? 2 * slots : 4 * slots;
	} else {
		slots = UINT64_C(1) << (read_or_zero(py, keys, FIELD_keys_log2_size) & 63);
		index = UINT64_C(1) << (read_or_zero(py, keys, FIELD_keys_log2_index_bytes) & 63);
		if ((int64_t)read_or_zero(py, keys, FIELD_keys_kind) !=
			python_field(py, FIELD_keys_general)->value)
			entry = python_sizeof(py, FIELD_sizeof_unicode_entry);
	}
	if (slots >= ITEMS_MAX || index >= ITEMS_MAX)
		return 0;
	return python_field(py, FIELD_keys_indices)->offset + index + (slots << 1) / 3 * entry;
}

static uint64_t dict_tables(struct python *py, uint64_t object)
{
	uint64_t keys, values;

	if (!read_pointer(py, object, FIELD_dict_keys, &keys, NULL) ||
		!read_pointer(py, object, FIELD_dict_values, &values, NULL))
		return 0;
	if (!values) /* the keys of empty dicts are shared by all of them: _PyDict_SizeOf */
		return read_or_zero(py, keys, FIELD_keys_refcnt) == 1 ? pydict_keys_size(py, keys) : 0;
	/* The keys are shared by the class; of the values there are as many as keys have room. */
	if (python_has(py, FIELD_keys_size))
		return 8 * ((read_or_zero(py, keys, FIELD_keys_size) << 1) / 3);
	return 8 * (read_or_zero(py, keys, FIELD_keys_nentries) + read_or_zero(py, keys, FIELD_keys_usable));
}

/* Objects/odictobject.c, odict_sizeof: a node for each key, and a table of them. */
static uint64_t odict_nodes(struct python *py, uint64_t object)
{
	return 8 * read_or_zero(py, object, FIELD_odict_fast_nodes_size) +
	       python_sizeof(py, FIELD_sizeof_odictnode) * read_or_zero(py, object, FIELD_dict_used);
}

/* Objects/setobject.c: a small table lies inside the object. */
static uint64_t set_table(struct python *py, uint64_t object)
{
	uint64_t table, mask = read_or_zero(py, object, FIELD_set_mask);

	if (!read_pointer(py, object, FIELD_set_table, &table, NULL) ||
		(table > object && table < object + python_sizeof(py, FIELD_sizeof_set)))
		return 0;
	return (mask + 1) * python_sizeof(py, FIELD_sizeof_setentry);
}

static uint64_t list_items(struct python *py, uint64_t object)
{
	return 8 * read_or_zero(py, object, FIELD_list_allocated);
}

static uint64_t deque_blocks(struct python *py, uint64_t object)
{
	uint64_t count = read_or_zero(py, object, FIELD_var_size),
		 first = read_or_zero(py, object, FIELD_deque_leftindex);
	uint64_t slots = python_has(py, FIELD_block_data) ? python_field(py, FIELD_block_data)->size / 8 : 0;

	return slots ? (first + count + slots - 1) / slots * python_sizeof(py, FIELD_sizeof_block) : 0;
}

/* Objects/genobject.c: the frame with its variables and its stack is inside from 3.11 on. */
static uint64_t generator_frame(struct python *py, uint64_t object)
{
	struct pyframe frame;
	struct pygen gen;

	if (!python_has(py, FIELD_frame_localsplus) || !pygen_read(py, object, &gen, NULL) ||
		!pygen_frame(py, &gen, &frame, NULL) || !frame.code)
		return 0;
	return 8 * ((uint64_t)frame.code->nlocalsplus + frame.code->stacksize);
}

/* Objects/frameobject.c, frame_sizeof: up to 3.10 the variables and the stack are inside, and the first of
 * them counts as fixed. What is behind a free frame that was used again is not counted. */
static uint64_t frame_variables(struct python *py, uint64_t object, const struct pytype *type)
{
	struct pyframe frame;
	uint64_t slots;

	if (python_has(py, FIELD_frameobject_frame) || !type->itemsize ||
		!pyframe_read(py, object, &frame, NULL) || !frame.code)
		return 0;
	slots = (uint64_t)frame.code->nlocalsplus + frame.code->stacksize;
	return slots ? 8 * (slots - 1) : 0;
}

/* Objects/bytearrayobject.c: from 3.15 on the bytes are in a bytes object of its own. */
static uint64_t bytearray_room(struct python *py, uint64_t object)
{
	uint64_t room = read_or_zero(py, object, FIELD_bytearray_alloc);

	return room && python_has(py, FIELD_bytearray_bytes)
		       ? room + python_field(py, FIELD_bytes_value)->offset + 1
		       : room;
}

/* Objects/longobject.c: even 0 has room for a digit. */
static uint64_t int_digits(struct python *py, uint64_t object)
{
	int64_t size = 0;
	uint64_t count;

	if (python_has(py, FIELD_int_tag))
		count = read_or_zero(py, object, FIELD_int_tag) / 8;
	else
		count = read_signed(py, object, FIELD_var_size, &size, NULL) && size > -(int64_t)ITEMS_MAX &&
					size < (int64_t)ITEMS_MAX
				? (uint64_t)llabs(size)
				: 0;
	return count ? count : 1;
}

/* What an object has beyond tp_basicsize, in itself and outside. */
static uint64_t variable_part(struct python *py, uint64_t object, const struct pytype *type)
{
	int64_t count = 0;

	switch (type->kind) {
	case KIND_DICT:
	case KIND_DEFAULTDICT:
		return dict_tables(py, object);
	case KIND_ODICT:
		return dict_tables(py, object) + odict_nodes(py, object);
	case KIND_BYTEARRAY:
		return bytearray_room(py, object);
	case KIND_FRAME:
		return frame_variables(py, object, type);
	case KIND_SET:
	case KIND_FROZENSET:
		return set_table(py, object);
	case KIND_LIST:
		return list_items(py, object);
	case KIND_DEQUE:
		return deque_blocks(py, object);
	case KIND_GENERATOR:
	case KIND_COROUTINE:
	case KIND_ASYNCGEN:
		return generator_frame(py, object);
	case KIND_INT:
	case KIND_BOOL:
		return int_digits(py, object) * python_sizeof(py, FIELD_stride_int_digit);
	default:
		if (!type->itemsize || !read_signed(py, object, FIELD_var_size, &count, NULL))
			return 0;
		if (count < 0)
			count = count > -(int64_t)ITEMS_MAX ? -count : 0;
		return (uint64_t)count < ITEMS_MAX ? (uint64_t)count * type->itemsize : 0;
	}
}

uint64_t pyobject_size(struct python *py, uint64_t object)
{
	const struct pytype *type = pytype_of(py, object, NULL);
	uint64_t size;

	if (!type)
		return 0;
	if (pytype_is_str(type) && type->is_exact)
		return str_size(py, object);
	size = type->basicsize + variable_part(py, object, type);
	if (type->has_gc)
		size += python_gc_head_size(py);
	if (type->has_managed_dict)
		size += 8 * py->era->managed_words;
	return size;
}
