#include "inspector/graph/await_through.h"

#include "inspector/python/closure.h"
#include "inspector/python/instance.h"
#include "inspector/python/sequence.h"

#include <stdlib.h>
#include <string.h>

/* Callbacks of one future that are looked at. */
#define CALLBACKS_MAX 8

struct search {
	const struct asyncio *a;
	struct asyncio_classes *classes;
	size_t **items, *capacity, count;
	uint64_t *futures; /* still to be looked at */
	size_t future_count, future_capacity;
	struct addrmap seen;
};

static void add(struct search *s, uint64_t object)
{
	size_t task = asyncio_find_task(s->a, object);

	if (!addrmap_put(&s->seen, object, 0))
		return;
	if (task != NO_INDEX) {
		*s->items = grow_array(*s->items, s->capacity, s->count + 1, sizeof(**s->items));
		(*s->items)[s->count++] = task;
	} else if (role_is_future(asyncio_role_of(s->a->py, s->classes, object))) {
		s->futures =
			grow_array(s->futures, &s->future_capacity, s->future_count + 1, sizeof(*s->futures));
		s->futures[s->future_count++] = object;
	}
}

static void add_children(struct search *s, uint64_t gathering, size_t *budget)
{
	struct sequence_iter iter;
	const struct pytype *type;
	uint64_t children, child;

	if (!instance_get(s->a->py, gathering, "_children", &children, NULL) ||
		!(type = pytype_of(s->a->py, children, NULL)) ||
		(type->kind != KIND_LIST && type->kind != KIND_TUPLE) ||
		!sequence_open(s->a->py, children, type->kind, &iter, NULL))
		return;
	for (; *budget && sequence_next(&iter, &child); --*budget)
		add(s, child);
}

static void add_shielded(struct search *s, const struct future *outer)
{
	uint64_t callbacks[CALLBACKS_MAX];
	size_t count = future_callbacks(s->a->py, outer, callbacks, CALLBACKS_MAX);

	for (size_t i = 0; i < count && i < CALLBACKS_MAX; i++) {
		uint64_t inner = pyclosure_variable(
			s->a->py, callbacks[i], "shield.<locals>._outer_done_callback", "inner");

		if (inner)
			add(s, inner);
	}
}

static void look_at(struct search *s, uint64_t object, size_t *budget)
{
	struct future future;

	if (!future_read(s->a->py, s->classes, object, &future, NULL) || future.state != FUTURE_PENDING)
		return;
	if (strcmp(future.type->name, "_GatheringFuture") == 0)
		add_children(s, object, budget);
	else
		add_shielded(s, &future);
}

size_t await_through_add(const struct asyncio *a, uint64_t future, size_t *budget, size_t **items,
	size_t *capacity, size_t count)
{
	struct search s = {.a = a,
		.classes = (struct asyncio_classes *)&a->classes,
		.items = items,
		.capacity = capacity,
		.count = count};

	add(&s, future);
	for (size_t i = 0; i < s.future_count && *budget; i++, --*budget)
		look_at(&s, s.futures[i], budget);
	free(s.futures);
	addrmap_deinit(&s.seen);
	return s.count;
}
