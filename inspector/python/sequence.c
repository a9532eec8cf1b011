#include "inspector/python/sequence.h"

#include "inspector/python/memory.h"

/* Objects/setobject.c: a deleted entry keeps a dummy key and the hash -1, which no real hash is. */
#define DELETED_HASH UINT64_MAX

static bool open_pointers(struct sequence_iter *iter, uint64_t items, uint64_t count, struct error *err)
{
	if (count > (uint64_t)1 << 48)
		return error_at(err, ERROR_CORRUPT, items, "a sequence with an impossible length");
	iter->count = count;
	if (!count)
		return true;
	iter->items = target_bytes(iter->py->target, items, count * 8, err);
	return iter->items != NULL;
}

static bool open_list(struct python *py, uint64_t address, struct sequence_iter *iter, struct error *err)
{
	struct body body;

	return body_open(py, address, python_sizeof(py, FIELD_sizeof_list), &body, err) &&
	       open_pointers(iter, body_pointer(py, &body, FIELD_list_items),
		       body_unsigned(py, &body, FIELD_var_size), err);
}

static bool open_tuple(struct python *py, uint64_t address, struct sequence_iter *iter, struct error *err)
{
	uint64_t count;

	return read_unsigned(py, address, FIELD_var_size, &count, err) &&
	       open_pointers(iter, address + python_field(py, FIELD_tuple_items)->offset, count, err);
}

static bool open_set(struct python *py, uint64_t address, struct sequence_iter *iter, struct error *err)
{
	struct body body;
	uint64_t mask;

	if (!body_open(py, address, python_sizeof(py, FIELD_sizeof_set), &body, err))
		return false;
	mask = body_unsigned(py, &body, FIELD_set_mask);
	if (mask & (mask + 1) || mask >= (uint64_t)1 << 44)
		return error_at(err, ERROR_CORRUPT, address, "a set with an impossible size");
	iter->count = mask + 1;
	iter->items = target_bytes(py->target, body_pointer(py, &body, FIELD_set_table),
		iter->count * python_sizeof(py, FIELD_sizeof_setentry), err);
	return iter->items != NULL;
}

static bool open_block(struct sequence_iter *iter, uint64_t block, struct error *err)
{
	const struct field *data = python_field(iter->py, FIELD_block_data);

	iter->block = block;
	iter->items = target_bytes(iter->py->target, block + data->offset, data->size, err);
	return iter->items != NULL;
}

/* Modules/_collectionsmodule.c: a doubly linked list of blocks; the first item is at leftblock[leftindex]. */
static bool open_deque(struct python *py, uint64_t address, struct sequence_iter *iter, struct error *err)
{
	struct body body;

	if (!python_has(py, FIELD_deque_leftblock) || !python_has(py, FIELD_block_data))
		return error_no_field(py, FIELD_deque_leftblock, err);
	if (!body_open(py, address, python_sizeof(py, FIELD_sizeof_deque), &body, err))
		return false;
	iter->count = body_unsigned(py, &body, FIELD_var_size);
	iter->next = body_unsigned(py, &body, FIELD_deque_leftindex);
	if (!iter->count)
		return true;
	return open_block(iter, body_pointer(py, &body, FIELD_deque_leftblock), err);
}

bool sequence_open(struct python *py, uint64_t address, enum type_kind kind, struct sequence_iter *iter,
	struct error *err)
{
	*iter = (struct sequence_iter){.py = py, .kind = kind, .index = UINT64_MAX};
	switch (kind) {
	case KIND_LIST:
		return open_list(py, address, iter, err);
	case KIND_TUPLE:
		return open_tuple(py, address, iter, err);
	case KIND_SET:
	case KIND_FROZENSET:
		return open_set(py, address, iter, err);
	case KIND_DEQUE:
		return open_deque(py, address, iter, err);
	default:
		return error_at(err, ERROR_CORRUPT, address, "not a sequence");
	}
}

static bool next_pointer(struct sequence_iter *iter, uint64_t *item)
{
	while (iter->next < iter->count) {
		iter->index = iter->next++;
		*item = load_unsigned(iter->items + 8 * iter->index, 8);
		if (*item)
			return true;
	}
	return false;
}

static bool next_set_entry(struct sequence_iter *iter, uint64_t *item)
{
	size_t stride = python_sizeof(iter->py, FIELD_sizeof_setentry);

	while (iter->next < iter->count) {
		const uint8_t *entry = iter->items + stride * iter->next++;
		uint64_t hash = load_unsigned(entry + python_field(iter->py, FIELD_setentry_hash)->offset, 8);

		*item = load_unsigned(entry + python_field(iter->py, FIELD_setentry_key)->offset, 8);
		if (*item && hash != DELETED_HASH) {
			iter->index++;
			return true;
		}
	}
	return false;
}

/* To the block on the right. A circle of blocks would give as many items as a damaged length says, so one
 * block that was passed is kept in mind, a later one after each doubling of the way (Brent). */
static bool next_block(struct sequence_iter *iter)
{
	uint64_t right;

	if (!read_pointer(iter->py, iter->block, FIELD_block_right, &right, NULL) || right == iter->met ||
		right == iter->block)
		return false;
	if ((iter->passed & (iter->passed + 1)) == 0)
		iter->met = iter->block;
	iter->passed++;
	iter->next = 0;
	return open_block(iter, right, NULL);
}

static bool next_deque_item(struct sequence_iter *iter, uint64_t *item)
{
	uint64_t slots = python_field(iter->py, FIELD_block_data)->size / 8;

	while (iter->count) {
		if (iter->next >= slots && !next_block(iter)) {
			iter->is_cut = true;
			return false;
		}
		*item = load_unsigned(iter->items + 8 * iter->next++, 8);
		iter->count--;
		iter->index++;
		if (*item)
			return true;
	}
	return false;
}

bool sequence_next(struct sequence_iter *iter, uint64_t *item)
{
	switch (iter->kind) {
	case KIND_SET:
	case KIND_FROZENSET:
		return next_set_entry(iter, item);
	case KIND_DEQUE:
		return next_deque_item(iter, item);
	default:
		return next_pointer(iter, item);
	}
}

bool sequence_length(
	struct python *py, uint64_t address, enum type_kind kind, uint64_t *length, struct error *err)
{
	bool is_set = kind == KIND_SET || kind == KIND_FROZENSET;

	return read_unsigned(py, address, is_set ? FIELD_set_used : FIELD_var_size, length, err);
}

bool sequence_item(struct python *py, uint64_t address, uint64_t i, uint64_t *item, struct error *err)
{
	const struct pytype *type = pytype_of(py, address, err);
	struct sequence_iter iter;

	if (!type)
		return false;
	if (!sequence_open(py, address, type->kind, &iter, err))
		return false;
	if ((iter.kind != KIND_LIST && iter.kind != KIND_TUPLE) || i >= iter.count)
		return error_at(err, ERROR_NOT_FOUND, address, "no item %llu", (unsigned long long)i);
	*item = load_unsigned(iter.items + 8 * i, 8);
	return true;
}
