#include "inspector/python/size.h"

#include "inspector/python/era.h"
#include "inspector/python/generator.h"
#include "inspector/python/memory.h"

#include <stdlib.h>

/* A size beyond this is damage. */
#define ITEMS_MAX ((uint64_t)1 << 44)

/* 0 for what is absent, or impossible. */
static uint64_t own(const struct python *py, const struct body *body, enum field_id id)
{
	uint64_t value = body_unsigned(py, body, id);

	return value < ITEMS_MAX ? value : 0;
}

/* Objects/unicodeobject.c, unicode_sizeof. */
static uint64_t str_size(const struct python *py, const struct body *body)
{
	uint64_t length = own(py, body, FIELD_str_length), kind = own(py, body, FIELD_str_kind);

	if (own(py, body, FIELD_str_compact) && own(py, body, FIELD_str_ascii))
		return python_sizeof(py, FIELD_sizeof_str_ascii) + length + 1;
	return python_sizeof(py, FIELD_sizeof_str_compact) + (length + 1) * kind;
}

/* Objects/dictobject.c, _PyDict_KeysSize: two thirds of the slots have an entry. */
static uint64_t keys_size(const struct python *py, const struct body *keys)
{
	uint64_t slots, index, entry = python_sizeof(py, FIELD_sizeof_entry);

	if (python_has(py, FIELD_keys_size)) {
		slots = own(py, keys, FIELD_keys_size);
		index = slots <= 0xff ? slots : slots <= 0xffff ? 2 * slots : 4 * slots;
	} else {
		slots = UINT64_C(1) << (own(py, keys, FIELD_keys_log2_size) & 63);
		index = UINT64_C(1) << (own(py, keys, FIELD_keys_log2_index_bytes) & 63);
		if ((int64_t)own(py, keys, FIELD_keys_kind) != python_field(py, FIELD_keys_general)->value)
			entry = python_sizeof(py, FIELD_sizeof_unicode_entry);
	}
	if (slots >= ITEMS_MAX || index >= ITEMS_MAX)
		return 0;
	return python_field(py, FIELD_keys_indices)->offset + index + (slots << 1) / 3 * entry;
}

static bool open_keys(const struct python *py, uint64_t address, struct body *keys)
{
	return body_open(py, address, python_field(py, FIELD_keys_indices)->offset, keys, NULL);
}

uint64_t pydict_keys_size(struct python *py, uint64_t address)
{
	struct body keys;

	return open_keys(py, address, &keys) ? keys_size(py, &keys) : 0;
}

static uint64_t dict_tables(struct python *py, const struct body *body)
{
	struct body keys;

	if (!open_keys(py, body_pointer(py, body, FIELD_dict_keys), &keys))
		return 0;
	/* The keys of empty dicts are shared by all of them: _PyDict_SizeOf. */
	if (!body_pointer(py, body, FIELD_dict_values))
		return own(py, &keys, FIELD_keys_refcnt) == 1 ? keys_size(py, &keys) : 0;
	/* The keys are shared by the class; of the values there are as many as keys have room. */
	if (python_has(py, FIELD_keys_size))
		return 8 * ((own(py, &keys, FIELD_keys_size) << 1) / 3);
	return 8 * (own(py, &keys, FIELD_keys_nentries) + own(py, &keys, FIELD_keys_usable));
}

/* Objects/odictobject.c, odict_sizeof: a node for each key, and a table of them. */
static uint64_t odict_nodes(const struct python *py, const struct body *body)
{
	return 8 * own(py, body, FIELD_odict_fast_nodes_size) +
	       python_sizeof(py, FIELD_sizeof_odictnode) * own(py, body, FIELD_dict_used);
}

/* Objects/setobject.c: a small table lies inside the object. */
static uint64_t set_table(const struct python *py, const struct body *body)
{
	uint64_t table = body_pointer(py, body, FIELD_set_table), mask = own(py, body, FIELD_set_mask);

	if (table > body->address && table < body->address + python_sizeof(py, FIELD_sizeof_set))
		return 0;
	return (mask + 1) * python_sizeof(py, FIELD_sizeof_setentry);
}

static uint64_t deque_blocks(const struct python *py, const struct body *body)
{
	uint64_t count = own(py, body, FIELD_var_size), first = own(py, body, FIELD_deque_leftindex);
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
static uint64_t bytearray_room(const struct python *py, const struct body *body)
{
	uint64_t room = own(py, body, FIELD_bytearray_alloc);

	return room && python_has(py, FIELD_bytearray_bytes)
		       ? room + python_field(py, FIELD_bytes_value)->offset + 1
		       : room;
}

/* ob_size, which is negative for negative ints. */
static uint64_t item_count(const struct python *py, const struct body *body)
{
	int64_t count = body_signed(py, body, FIELD_var_size);

	return count > -(int64_t)ITEMS_MAX && count < (int64_t)ITEMS_MAX ? (uint64_t)llabs(count) : 0;
}

/* Objects/longobject.c: even 0 has room for a digit. */
static uint64_t int_digits(const struct python *py, const struct body *body)
{
	uint64_t count =
		python_has(py, FIELD_int_tag) ? own(py, body, FIELD_int_tag) / 8 : item_count(py, body);

	return count ? count : 1;
}

/* What an object has beyond tp_basicsize, in itself and outside. */
static uint64_t variable_part(struct python *py, const struct body *body, const struct pytype *type)
{
	switch (type->kind) {
	case KIND_DICT:
	case KIND_DEFAULTDICT:
		return dict_tables(py, body);
	case KIND_ODICT:
		return dict_tables(py, body) + odict_nodes(py, body);
	case KIND_BYTEARRAY:
		return bytearray_room(py, body);
	case KIND_FRAME:
		return frame_variables(py, body->address, type);
	case KIND_SET:
	case KIND_FROZENSET:
		return set_table(py, body);
	case KIND_LIST:
		return 8 * own(py, body, FIELD_list_allocated);
	case KIND_DEQUE:
		return deque_blocks(py, body);
	case KIND_GENERATOR:
	case KIND_COROUTINE:
	case KIND_ASYNCGEN:
		return generator_frame(py, body->address);
	case KIND_INT:
	case KIND_BOOL:
		return int_digits(py, body) * python_sizeof(py, FIELD_stride_int_digit);
	default:
		return type->itemsize ? item_count(py, body) * type->itemsize : 0;
	}
}

uint64_t pyobject_size_here(struct python *py, const struct body *body, const struct pytype *type)
{
	uint64_t size;

	if (pytype_is_str(type) && type->is_exact)
		return str_size(py, body);
	size = type->basicsize + variable_part(py, body, type);
	if (type->has_gc)
		size += python_gc_head_size(py);
	if (type->has_managed_dict)
		size += 8 * py->era->managed_words;
	return size;
}

/* A str that is compact ends before the struct does that its type tells the size of. */
size_t pyobject_head_size(const struct python *py, const struct pytype *type)
{
	return pytype_is_str(type) && type->is_exact ? python_sizeof(py, FIELD_sizeof_str_ascii)
						     : type->basicsize;
}

uint64_t pyobject_size(struct python *py, uint64_t object)
{
	const struct pytype *type = pytype_of(py, object, NULL);
	struct body body;

	return type && body_open(py, object, pyobject_head_size(py, type), &body, NULL)
		       ? pyobject_size_here(py, &body, type)
		       : 0;
}
