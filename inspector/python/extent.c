#include "inspector/python/extent.h"

#include "inspector/python/era.h"
#include "inspector/python/instance.h"
#include "inspector/python/memory.h"
#include "inspector/python/size.h"

/* Sizes beyond this are damage. */
#define BYTES_MAX  ((uint64_t)1 << 40)
#define BLOCKS_MAX 1000000
/* Words before an object: the collector's head, and the pointers to a dictionary and weak references. */
#define WORDS_BEFORE 4
/* Include/internal/pycore_dict.h, SHARED_KEYS_MAX_SIZE: values inside of an instance, with what counts them.
 */
#define VALUES_INSIDE (8 * 32)

bool extent_of_object(struct python *py, uint64_t object, uint64_t *start, uint64_t *end)
{
	const struct pytype *type = pytype_of(py, object, NULL);
	int64_t count = 0;
	uint64_t size;

	if (!type)
		return false;
	size = type->basicsize;
	if (type->kind == KIND_GENERATOR || type->kind == KIND_COROUTINE || type->kind == KIND_ASYNCGEN)
		size = pyobject_size(py, object);
	else if (type->itemsize && read_signed(py, object, FIELD_var_size, &count, NULL) &&
		 count > -(int64_t)BYTES_MAX / 64 && count < (int64_t)BYTES_MAX / 64)
		size += type->itemsize * (uint64_t)(count < 0 ? -count : count);
	if (type->has_inline_values)
		size += VALUES_INSIDE;
	*start = object - (type->has_gc ? 8 * WORDS_BEFORE : 0);
	*end = object + size;
	return true;
}

static void give(extent_fn fn, void *context, uint64_t start, uint64_t size)
{
	if (start && size && size < BYTES_MAX)
		fn(context, start, start + size);
}

static uint64_t number(struct python *py, uint64_t address, enum field_id field)
{
	uint64_t value;

	return python_has(py, field) && read_unsigned(py, address, field, &value, NULL) ? value : 0;
}

static void give_dict(struct python *py, uint64_t object, extent_fn fn, void *context)
{
	uint64_t keys = number(py, object, FIELD_dict_keys), values = number(py, object, FIELD_dict_values);

	if (values)
		give(fn, context, values - 8, 8 + VALUES_INSIDE);
	else if (keys)
		give(fn, context, keys, pydict_keys_size(py, keys));
}

static void give_blocks(struct python *py, uint64_t object, extent_fn fn, void *context)
{
	uint64_t block = number(py, object, FIELD_deque_leftblock);

	for (int i = 0; block && i < BLOCKS_MAX; i++) {
		give(fn, context, block, python_sizeof(py, FIELD_sizeof_block));
		block = number(py, block, FIELD_block_right);
	}
}

static void give_values(
	struct python *py, uint64_t object, const struct pytype *type, extent_fn fn, void *context)
{
	struct instance_storage storage;

	if (instance_find_storage(py, object, type, &storage, NULL) && storage.values)
		give(fn, context, storage.values, VALUES_INSIDE);
}

void extents_of_object(struct python *py, uint64_t object, extent_fn fn, void *context)
{
	const struct pytype *type = pytype_of(py, object, NULL);
	uint64_t start, end;

	if (!type || !extent_of_object(py, object, &start, &end))
		return;
	fn(context, start, end);
	switch (type->kind) {
	case KIND_LIST:
		give(fn, context, number(py, object, FIELD_list_items),
			8 * number(py, object, FIELD_list_allocated));
		break;
	case KIND_DICT:
	case KIND_DEFAULTDICT:
	case KIND_ODICT:
		give_dict(py, object, fn, context);
		break;
	case KIND_SET:
	case KIND_FROZENSET:
		give(fn, context, number(py, object, FIELD_set_table),
			(number(py, object, FIELD_set_mask) + 1) * python_sizeof(py, FIELD_sizeof_setentry));
		break;
	case KIND_DEQUE:
		give_blocks(py, object, fn, context);
		break;
	case KIND_MODULE:
		give(fn, context, number(py, object, FIELD_module_state), 65536);
		break;
	default:
		break;
	}
	give_values(py, object, type, fn, context);
}
