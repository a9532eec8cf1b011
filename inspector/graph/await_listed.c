#include "inspector/graph/await_listed.h"

#include "inspector/python/instance.h"
#include "inspector/python/memory.h"
#include "inspector/python/sequence.h"

#include <stdlib.h>

#define FUTURES_MAX 1000

struct search {
	const struct asyncio *a;
	size_t **items, *capacity, count;
	uint64_t *futures; /* to be looked at; NULL until there is one */
	size_t future_count, future_capacity;
	struct addrmap seen;
};

static uint64_t record_of(const struct search *s, uint64_t future, enum asyncio_role role)
{
	struct python *py = s->a->py;
	enum field_id id = role == ROLE_TASK ? FIELD_ref_task_awaited_by : FIELD_ref_future_awaited_by;
	uint64_t value;

	if (role == ROLE_TASK || role == ROLE_FUTURE)
		return python_has(py, id) && read_pointer(py, future, id, &value, NULL) ? value : 0;
	return instance_get(py, future, "_Future__asyncio_awaited_by", &value, NULL) ? value : 0;
}

static void add_awaiter(struct search *s, uint64_t object)
{
	struct asyncio_classes *classes = (struct asyncio_classes *)&s->a->classes;
	size_t task = asyncio_find_task(s->a, object);

	if (task != NO_INDEX) {
		*s->items = grow_array(*s->items, s->capacity, s->count + 1, sizeof(**s->items));
		(*s->items)[s->count++] = task;
	} else if (s->future_count < FUTURES_MAX &&
		   role_is_future(asyncio_role_of(s->a->py, classes, object)) &&
		   addrmap_put(&s->seen, object, 0)) {
		s->futures =
			grow_array(s->futures, &s->future_capacity, s->future_count + 1, sizeof(*s->futures));
		s->futures[s->future_count++] = object;
	}
}

static void add_awaiters(struct search *s, uint64_t future, enum asyncio_role role)
{
	uint64_t record = record_of(s, future, role), item;
	const struct pytype *type;
	struct sequence_iter iter;

	if (!record || record == s->a->py->none || !(type = pytype_of(s->a->py, record, NULL)))
		return;
	if (type->kind != KIND_SET) {
		add_awaiter(s, record);
		return;
	}
	if (!sequence_open(s->a->py, record, KIND_SET, &iter, NULL))
		return;
	while (sequence_next(&iter, &item))
		add_awaiter(s, item);
}

size_t await_listed_add(const struct asyncio *a, size_t task, size_t **items, size_t *capacity, size_t count)
{
	struct asyncio_classes *classes = (struct asyncio_classes *)&a->classes;
	struct search s = {.a = a, .items = items, .capacity = capacity, .count = count};

	add_awaiters(&s, a->tasks[task].address, a->tasks[task].future.role);
	for (size_t i = 0; i < s.future_count; i++)
		add_awaiters(&s, s.futures[i], asyncio_role_of(a->py, classes, s.futures[i]));
	free(s.futures);
	addrmap_deinit(&s.seen);
	return s.count;
}
