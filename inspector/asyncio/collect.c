#include "inspector/asyncio/collect.h"

#include "inspector/python/heap_select.h"

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

struct wanted {
	struct python *py;
	struct asyncio_classes *classes;
};

static bool is_wanted(void *context, uint64_t address)
{
	struct wanted *w = context;
	const struct pytype *type = pytype_at(w->py, address, NULL);
	enum asyncio_role role = asyncio_role_of_type(w->py, w->classes, type);

	return type && (type->kind == KIND_COROUTINE || type->kind == KIND_ASYNCGEN || role_is_task(role) ||
			       role == ROLE_LOOP || role == ROLE_WORK_ITEM);
}

void collect_from_heap(
	struct python *py, struct asyncio_classes *classes, const struct heap *heap, struct found *found)
{
	struct wanted wanted = {py, classes};
	size_t count;
	uint64_t *objects = heap_select(py, heap, is_wanted, &wanted, &count);

	for (size_t i = 0; i < count; i++) {
		const struct pytype *type = pytype_of(py, objects[i], NULL);
		enum asyncio_role role = asyncio_role_of_type(py, classes, type);

		/* Of a process that runs, or was let go meanwhile, it need not be there any more. */
		if (!type)
			continue;
		if (type->kind == KIND_COROUTINE || type->kind == KIND_ASYNCGEN)
			addresses_add(&found->coroutines, objects[i]);
		else if (role_is_task(role))
			addresses_add(&found->tasks, objects[i]);
		else if (role == ROLE_LOOP)
			addresses_add(&found->loops, objects[i]);
		else if (role == ROLE_WORK_ITEM)
			addresses_add(&found->work_items, objects[i]);
	}
	free(objects);
}
