#include "inspector/asyncio/gather.h"

#include "inspector/python/closure.h"
#include "inspector/python/instance.h"
#include "inspector/python/sequence.h"

#include <stdlib.h>

#define CALLBACKS_MOST 64
#define CHILDREN_MAX   (1 << 24)
#define GATHERS_MAX    (1 << 24)

struct finder {
	struct asyncio *a;
	struct gathers *gathers;
	struct addrmap seen;
	size_t capacity;
};

static void read_children(struct python *py, struct gather *gather)
{
	struct sequence_iter iter;
	uint64_t list, item;

	if (!instance_get(py, gather->future.address, "_children", &list, NULL) ||
		!sequence_open(py, list, KIND_LIST, &iter, NULL) || iter.count > CHILDREN_MAX)
		return;
	gather->children = arena_alloc(py->arena, iter.count * sizeof(*gather->children));
	while (sequence_next(&iter, &item))
		gather->children[gather->child_count++] = item;
}

static void add(struct finder *f, uint64_t address)
{
	struct python *py = f->a->py;
	struct gather gather = {0};

	if (f->gathers->count >= GATHERS_MAX || !addrmap_put(&f->seen, address, 0) ||
		!future_read(py, &f->a->classes, address, &gather.future, NULL) ||
		gather.future.state != FUTURE_PENDING)
		return;
	gather.callback_count = future_callbacks(py, &gather.future, NULL, 0);
	read_children(py, &gather);
	f->gathers->items =
		grow_array(f->gathers->items, &f->capacity, f->gathers->count + 1, sizeof(gather));
	f->gathers->items[f->gathers->count++] = gather;
}

static void look_at(struct finder *f, const struct future *child)
{
	uint64_t callbacks[CALLBACKS_MOST];
	size_t count = future_callbacks(f->a->py, child, callbacks, CALLBACKS_MOST);

	for (size_t i = 0; i < count && i < CALLBACKS_MOST; i++) {
		uint64_t outer =
			pyclosure_variable(f->a->py, callbacks[i], "gather.<locals>._done_callback", "outer");

		/* 3.9 */
		if (!outer)
			outer = pyclosure_variable(
				f->a->py, callbacks[i], "_gather.<locals>._done_callback", "outer");
		if (outer)
			add(f, outer);
	}
}

void gathers_find(struct asyncio *a, struct gathers *gathers)
{
	struct finder f = {.a = a, .gathers = gathers};

	*gathers = (struct gathers){0};
	for (size_t i = 0; i < a->task_count; i++)
		if (a->tasks[i].future.state == FUTURE_PENDING)
			look_at(&f, &a->tasks[i].future);
	/* A gather can be the child of another: the list grows while it is gone through. */
	for (size_t i = 0; i < gathers->count; i++) {
		struct future child = gathers->items[i].future;

		look_at(&f, &child);
	}
	addrmap_deinit(&f.seen);
}

void gathers_deinit(struct gathers *gathers)
{
	free(gathers->items);
	*gathers = (struct gathers){0};
}
