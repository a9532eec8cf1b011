#include "inspector/python/refs_targets.h"

#include "inspector/python/instance.h"
#include "inspector/python/memory.h"
#include "inspector/python/refs_rows.h"
#include "inspector/python/sequence.h"

#include <stdlib.h>

static enum ref_shape shape_of(const struct pytype *type)
{
	if (type->scan_to > type->scan_from)
		return SHAPE_OTHER;
	switch (type->kind) {
	case KIND_LIST:
		return SHAPE_LIST;
	case KIND_TUPLE:
		return SHAPE_TUPLE;
	case KIND_SET:
	case KIND_FROZENSET:
		return SHAPE_SET;
	case KIND_DICT:
	case KIND_DEFAULTDICT:
	case KIND_ODICT:
		return SHAPE_DICT;
	default:
		return refs_has_shape(type->kind) ? SHAPE_OTHER : SHAPE_PLAIN;
	}
}

static void add_offset(struct ref_plan *plan, uint64_t offset)
{
	if (offset <= plan->type->basicsize && plan->type->basicsize - offset >= 8)
		plan->offsets[plan->offset_count++] = (uint32_t)offset;
}

static int32_t find_table(struct python *py, const struct ref_plan *plan)
{
	enum field_id field = plan->shape == SHAPE_LIST	  ? FIELD_list_items
			      : plan->shape == SHAPE_DICT ? FIELD_dict_keys
							  : FIELD_set_table;
	size_t before = instance_before(py);

	if (plan->shape == SHAPE_LIST || plan->shape == SHAPE_DICT || plan->shape == SHAPE_SET)
		return python_field(py, field)->offset + 8 <= plan->type->basicsize
			       ? (int32_t)python_field(py, field)->offset
			       : 0;
	return plan->has_storage && !plan->type->has_inline_values && before <= STORAGE_BEFORE
		       ? -(int32_t)before
		       : 0;
}

static struct ref_plan *make_plan(struct python *py, const struct pytype *type)
{
	size_t rows = (size_t)(type->refs_end - type->refs_first);
	struct ref_plan *plan = arena_alloc(py->arena, sizeof(*plan));

	plan->type = type;
	plan->shape = shape_of(type);
	plan->with_keys = type->kind == KIND_ODICT;
	plan->has_storage = type->has_managed_dict;
	plan->is_scanned = type->scan_to > type->scan_from || type->kind == KIND_MODULE;
	plan->is_usual =
		!plan->is_scanned && ((plan->shape != SHAPE_PLAIN && plan->shape != SHAPE_OTHER) ||
					     type->kind == KIND_OBJECT || type->kind == KIND_UNKNOWN);
	plan->offsets = arena_alloc(py->arena, (rows + type->member_count + 1) * sizeof(*plan->offsets));
	for (size_t i = type->refs_first; i < type->refs_end; i++) {
		enum field_id field = refs_row_field(i);

		if (python_has(py, field))
			add_offset(plan, python_field(py, field)->offset);
	}
	for (size_t i = 0; i < type->member_count; i++)
		add_offset(plan, type->members[i].offset);
	if (!type->has_managed_dict && type->dictoffset != 0) {
		if (type->dictoffset < 0 || (uint64_t)type->dictoffset + 8 > type->basicsize)
			plan->shape = SHAPE_OTHER;
		else
			add_offset(plan, (uint64_t)type->dictoffset);
	}
	plan->table_offset = find_table(py, plan);
	return plan;
}

void ref_reader_init(struct ref_reader *reader, struct python *py, const struct heap *heap)
{
	*reader = (struct ref_reader){.py = py, .type_offset = python_field(py, FIELD_object_type)->offset};
	area_cache_init(&reader->areas, heap);
}

void ref_reader_deinit(struct ref_reader *reader)
{
	addrmap_deinit(&reader->plans);
	area_cache_deinit(&reader->areas);
}

const struct ref_plan *ref_reader_find_plan(struct ref_reader *reader, uint64_t address)
{
	size_t slot = address >> 4 & (PLANS_RECENT - 1);
	uint64_t known;

	if (reader->recent[slot].type == address)
		return reader->recent[slot].plan;
	if (!addrmap_get(&reader->plans, address, &known)) {
		const struct pytype *type = pytype_at(reader->py, address, NULL);

		known = type ? (uintptr_t)make_plan(reader->py, type) : 0;
		addrmap_put(&reader->plans, address, known);
	}
	reader->recent[slot].type = address;
	reader->recent[slot].plan = (const struct ref_plan *)(uintptr_t)known;
	return reader->recent[slot].plan;
}

const struct ref_plan *ref_reader_plan_of(struct ref_reader *reader, uint64_t object)
{
	const uint8_t *bytes = area_bytes(&reader->areas, object, (uint64_t)reader->type_offset + 8);
	uint64_t type;

	if (bytes)
		type = load_unsigned(bytes + reader->type_offset, 8);
	else if (!read_pointer(reader->py, object, FIELD_object_type, &type, NULL))
		return NULL;
	return ref_reader_find_plan(reader, type);
}

void ref_reader_flush(struct ref_reader *reader)
{
	if (reader->count)
		reader->give(reader->context, reader->waiting, reader->count);
	reader->count = 0;
}

static inline void give(struct ref_reader *reader, uint64_t target)
{
	if (!target)
		return;
	if (reader->count == TARGETS_BATCH)
		ref_reader_flush(reader);
	reader->waiting[reader->count++] = target;
}

static bool visit(void *context, const struct ref *ref)
{
	give(context, ref->target);
	return true;
}

/* is_known is given the reader's context, visit the reader. */
static bool is_known(void *context, uint64_t address)
{
	struct ref_reader *reader = context;

	return reader->is_known && reader->is_known(reader->context, address);
}

static bool read_otherwise(struct ref_reader *reader, uint64_t object)
{
	struct ref_walk walk = {.py = reader->py,
		.visit = visit,
		.is_known = is_known,
		.context = reader,
		.with_string_keys = reader->with_string_keys};
	bool done = refs_of_object(&walk, object, NULL);

	reader->is_partial = walk.is_partial;
	return done;
}

static void give_words(struct ref_reader *reader, const uint8_t *bytes, uint64_t count)
{
	if (count > TARGETS_BATCH - reader->count) {
		for (uint64_t i = 0; i < count; i++)
			give(reader, load_unsigned(bytes + 8 * i, 8));
		return;
	}
	for (uint64_t i = 0; i < count; i++) {
		uint64_t target = load_unsigned(bytes + 8 * i, 8);

		reader->waiting[reader->count] = target;
		reader->count += target != 0;
	}
}

static bool give_pointers(struct ref_reader *reader, uint64_t items, uint64_t count)
{
	const uint8_t *bytes;

	if (!count)
		return true;
	if (count > UINT64_C(1) << 48 || !(bytes = area_bytes(&reader->areas, items, count * 8)))
		return false;
	give_words(reader, bytes, count);
	return true;
}

/* Items inside the object, of whose memory there is as much as room. */
static bool give_inner(
	struct ref_reader *reader, const struct body *body, uint64_t room, uint64_t offset, uint64_t count)
{
	if (offset > room || count > (room - offset) / 8)
		return give_pointers(reader, body->address + offset, count);
	give_words(reader, body->bytes + offset, count);
	return true;
}

static bool give_items(struct ref_reader *reader, uint64_t object, enum type_kind kind)
{
	struct sequence_iter iter;
	uint64_t item;

	if (!sequence_open(reader->py, object, kind, &iter, NULL))
		return false;
	while (sequence_next(&iter, &item))
		give(reader, item);
	return true;
}

/* As dict_open and dict_next for a combined table that lies in one area, as nearly all do. False: it is
 * another, nothing was given. */
static bool give_combined(struct ref_reader *reader, uint64_t keys, bool with_keys)
{
	struct python *py = reader->py;
	struct dict_iter iter = {.py = py};
	uint64_t header = python_field(py, FIELD_keys_indices)->offset, index;
	const uint8_t *bytes = area_bytes(&reader->areas, keys, header);

	if (!bytes || !dict_read_header(py, &(struct body){keys, bytes, header}, &iter, &index, NULL))
		return false;
	bytes = area_bytes(&reader->areas, keys + header + index, iter.count * iter.stride);
	if (!bytes)
		return false;
	with_keys |= iter.is_general;
	for (uint64_t i = 0; i < iter.count; i++, bytes += iter.stride) {
		uint64_t value = load_unsigned(bytes + iter.value_offset, 8),
			 key = load_unsigned(bytes + iter.key_offset, 8);

		if (!value || !key)
			continue;
		give(reader, value);
		if (with_keys)
			give(reader, key);
	}
	return true;
}

/* As refs_of_dict. */
static bool give_dict(struct ref_reader *reader, uint64_t dict, const struct body *body, bool with_keys)
{
	struct python *py = reader->py;
	struct dict_iter iter;
	struct dict_entry entry;
	uint64_t values = body_pointer(py, body, FIELD_dict_values), embedded = 0;

	if (!values && give_combined(reader, body_pointer(py, body, FIELD_dict_keys),
			       with_keys || reader->with_string_keys))
		return true;
	if (!dict_open(py, dict, &iter, NULL))
		return false;
	if (iter.values && python_has(py, FIELD_values_embedded) &&
		read_unsigned(py, values, FIELD_values_embedded, &embedded, NULL) && embedded)
		return true;
	with_keys = (with_keys || iter.is_general || reader->with_string_keys) && !iter.values;
	while (dict_next(&iter, &entry)) {
		give(reader, entry.value);
		if (with_keys)
			give(reader, entry.key);
	}
	return true;
}

static bool give_shape(struct ref_reader *reader, uint64_t object, const uint8_t *bytes, uint64_t room,
	const struct ref_plan *plan)
{
	struct python *py = reader->py;
	const struct body body = {object, bytes, plan->type->basicsize};

	switch (plan->shape) {
	case SHAPE_LIST:
		return give_pointers(reader, body_pointer(py, &body, FIELD_list_items),
			body_unsigned(py, &body, FIELD_var_size));
	case SHAPE_TUPLE:
		return give_inner(reader, &body, room, python_field(py, FIELD_tuple_items)->offset,
			body_unsigned(py, &body, FIELD_var_size));
	case SHAPE_SET:
		return give_items(reader, object, plan->type->kind);
	case SHAPE_DICT:
		return give_dict(reader, object, &body, plan->with_keys);
	default:
		return false;
	}
}

/* How many keys a keys object has. */
static bool count_keys(struct ref_reader *reader, uint64_t keys, uint64_t *count)
{
	struct python *py = reader->py;
	struct dict_iter iter = {.py = py};
	uint64_t header = python_field(py, FIELD_keys_indices)->offset, index;
	size_t slot = keys >> 4 & (SHARED_RECENT - 1);
	const uint8_t *bytes;

	if (!keys || reader->shared[slot].keys != keys) {
		bytes = area_bytes(&reader->areas, keys, header);
		if (!bytes || !dict_read_header(py, &(struct body){keys, bytes, header}, &iter, &index, NULL))
			return false;
		reader->shared[slot].keys = keys;
		reader->shared[slot].count = iter.count;
	}
	*count = reader->shared[slot].count;
	return true;
}

/* Inline values of an instance: the keys are those of its class, and none of them is missing. False: they
 * cannot be read so; nothing was given. */
static bool give_values(struct ref_reader *reader, const struct instance_storage *storage)
{
	uint64_t count;

	return count_keys(reader, storage->keys, &count) &&
	       give_pointers(reader, storage->values, count < storage->capacity ? count : storage->capacity);
}

/* As instance_find_storage. */
static bool find_storage(struct ref_reader *reader, uint64_t object, const struct pytype *type,
	struct instance_storage *storage)
{
	struct python *py = reader->py;
	size_t before = instance_before(py), extent = instance_extent(py, type);
	const uint8_t *bytes = area_bytes(&reader->areas, object - before, before + extent);

	return bytes ? instance_storage_at(
			       py, &(struct body){object, bytes + before, extent}, type, storage, NULL)
		     : instance_find_storage(py, object, type, storage, NULL);
}

static void give_storage(struct ref_reader *reader, uint64_t object, const struct pytype *type)
{
	struct instance_storage storage;
	struct dict_iter iter;
	struct dict_entry entry;

	if (!find_storage(reader, object, type, &storage)) {
		reader->is_partial = true;
		return;
	}
	if (storage.values && !give_values(reader, &storage)) {
		if (!dict_open_split(
			    reader->py, storage.keys, storage.values, storage.capacity, &iter, NULL)) {
			reader->is_partial = true;
			return;
		}
		while (dict_next(&iter, &entry))
			give(reader, entry.value);
	}
	give(reader, storage.dict);
}

bool ref_reader_gather_at(struct ref_reader *reader, uint64_t object, const struct ref_plan *plan,
	const uint8_t *bytes, uint64_t room)
{
	reader->is_partial = false;
	/* A shape that cannot be read has given nothing so far: whether another way can is found out. */
	if (plan->shape == SHAPE_OTHER || room < plan->type->basicsize ||
		(plan->shape != SHAPE_PLAIN && !give_shape(reader, object, bytes, room, plan)))
		return read_otherwise(reader, object);
	for (uint32_t i = 0; i < plan->offset_count; i++)
		give(reader, load_unsigned(bytes + plan->offsets[i], 8));
	if (plan->has_storage)
		give_storage(reader, object, plan->type);
	if (plan->type->is_heap)
		give(reader, plan->type->address);
	return true;
}

bool ref_reader_read_at(struct ref_reader *reader, uint64_t object, const struct ref_plan *plan,
	const uint8_t *bytes, uint64_t room)
{
	bool done = ref_reader_gather_at(reader, object, plan, bytes, room);

	ref_reader_flush(reader);
	return done;
}

bool ref_reader_read(struct ref_reader *reader, uint64_t object, const struct ref_plan *plan)
{
	const uint8_t *bytes;
	bool done;

	if (!plan)
		return false;
	bytes = plan->shape == SHAPE_OTHER ? NULL : area_bytes(&reader->areas, object, plan->type->basicsize);
	if (bytes)
		return ref_reader_read_at(reader, object, plan, bytes, plan->type->basicsize);
	reader->is_partial = false;
	done = read_otherwise(reader, object);
	ref_reader_flush(reader);
	return done;
}
