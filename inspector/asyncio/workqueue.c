#include "inspector/asyncio/workqueue.h"

#include "inspector/python/instance.h"
#include "inspector/python/memory.h"
#include "inspector/python/sequence.h"

#include <string.h>

#define ITEMS_MAX (1 << 24)
/* Words of a ring: put_idx, get_idx, items, items_cap, num_items. */
#define RING_WORDS 5
#define RING_MIN   8 /* INITIAL_RING_BUF_CAPACITY */

static bool from_sequence(
	struct python *py, uint64_t object, enum type_kind kind, uint64_t first, struct workqueue *items)
{
	struct sequence_iter iter;
	uint64_t length, item;

	if (!sequence_length(py, object, kind, &length, NULL) || first > length ||
		length - first > ITEMS_MAX || !sequence_open(py, object, kind, &iter, NULL))
		return false;
	items->items = arena_alloc(py->arena, (length - first) * sizeof(uint64_t));
	/* Items that were taken are NULL in the list: sequence_next passes over them. */
	while (items->count < length - first && sequence_next(&iter, &item))
		if (iter.index >= first)
			items->items[items->count++] = item;
	return true;
}

static bool is_exact_list(struct python *py, uint64_t word)
{
	const struct pytype *type = word && word % 8 == 0 ? pytype_of(py, word, NULL) : NULL;

	return type && type->kind == KIND_LIST && type->is_exact;
}

static bool from_ring(struct python *py, const uint64_t *words, struct workqueue *items)
{
	uint64_t put = words[0], get = words[1], array = words[2], capacity = words[3], count = words[4];
	const uint8_t *bytes;

	if (capacity < RING_MIN || capacity > ITEMS_MAX || count > capacity || put >= capacity ||
		get >= capacity || (get + count) % capacity != put || !array || array % 8)
		return false;
	bytes = target_bytes(py->target, array, capacity * 8, NULL);
	if (!bytes)
		return false;
	items->items = arena_alloc(py->arena, count * sizeof(uint64_t));
	for (items->count = 0; items->count < count; items->count++) {
		uint64_t item = load_unsigned(bytes + 8 * ((get + items->count) % capacity), 8);

		if (!item || !pytype_of(py, item, NULL))
			return false;
		items->items[items->count] = item;
	}
	return true;
}

bool workqueue_read(struct python *py, uint64_t queue, struct workqueue *items)
{
	const struct pytype *type = pytype_of(py, queue, NULL);
	size_t head = python_sizeof(py, FIELD_sizeof_object), count;
	uint64_t words[32], value;
	struct body body;

	*items = (struct workqueue){0};
	if (!type)
		return false;
	if (type->is_python)
		return instance_get(py, queue, "_queue", &value, NULL) &&
		       (type = pytype_of(py, value, NULL)) && type->kind == KIND_DEQUE &&
		       from_sequence(py, value, KIND_DEQUE, 0, items);
	if (strcmp(type->name, "SimpleQueue") != 0 || type->basicsize < head ||
		type->basicsize > head + sizeof(words) || !body_open(py, queue, type->basicsize, &body, NULL))
		return false;
	count = (type->basicsize - head) / 8;
	for (size_t i = 0; i < count; i++)
		words[i] = load_unsigned(body.bytes + head + 8 * i, 8);
	for (size_t i = 0; i + 1 < count; i++)
		if (is_exact_list(py, words[i]) &&
			from_sequence(py, words[i], KIND_LIST, words[i + 1], items))
			return true;
	for (size_t i = 0; i + RING_WORDS <= count; i++)
		if (from_ring(py, words + i, items))
			return true;
	*items = (struct workqueue){0};
	return false;
}
