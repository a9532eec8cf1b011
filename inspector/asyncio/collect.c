#include "inspector/asyncio/collect.h"

#include "inspector/python/memory.h"

#include <stdlib.h>

void addresses_add(struct addresses *list, uint64_t address)
{
	list->items = grow_array(list->items, &list->capacity, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = address;
}

void addresses_deinit(struct addresses *list)
{
	free(list->items);
	*list = (struct addresses){0};
}

void found_deinit(struct found *found)
{
	addresses_deinit(&found->tasks);
	addresses_deinit(&found->loops);
	addresses_deinit(&found->coroutines);
	addresses_deinit(&found->work_items);
}

void collect_from_heap(
	struct python *py, struct asyncio_classes *classes, const struct heap *heap, struct found *found)
{
	const struct pytype *last = NULL;
	enum asyncio_role role = ROLE_NONE;
	uint32_t cursor = 0;
	uint64_t object, address;

	while (heap_next(heap, &cursor, &object)) {
		if (!read_pointer(py, object, FIELD_object_type, &address, NULL))
			continue;
		/* Neighbours are often of one type: two lookups are saved then. */
		if (!last || last->address != address) {
			last = pytype_at(py, address, NULL);
			role = asyncio_role_of_type(py, classes, last);
		}
		if (!last)
			continue;
		if (last->kind == KIND_COROUTINE || last->kind == KIND_ASYNCGEN)
			addresses_add(&found->coroutines, object);
		else if (role_is_task(role))
			addresses_add(&found->tasks, object);
		else if (role == ROLE_LOOP)
			addresses_add(&found->loops, object);
		else if (role == ROLE_WORK_ITEM)
			addresses_add(&found->work_items, object);
	}
}
