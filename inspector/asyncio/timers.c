#include "inspector/asyncio/timers.h"

#include "inspector/python/instance.h"
#include "inspector/python/int.h"
#include "inspector/python/memory.h"
#include "inspector/python/sequence.h"

#include <stdlib.h>

/* Lib/asyncio/timeouts.py: the callback is the bound method Timeout._on_timeout, and cancels self._task. */
static bool read_timeout(struct python *py, uint64_t handle, struct timer *timer)
{
	const struct pytype *type;
	uint64_t callback, self;

	if (!instance_get(py, handle, "_callback", &callback, NULL) ||
		!(type = pytype_of(py, callback, NULL)) || type->kind != KIND_METHOD ||
		!read_pointer(py, callback, FIELD_method_self, &self, NULL) ||
		!instance_get(py, self, "_task", &timer->wakes, NULL))
		return false;
	timer->is_timeout = true;
	return true;
}

static bool read_timer(struct python *py, uint64_t handle, struct timer *timer)
{
	uint64_t args, when, cancelled;

	if (instance_get(py, handle, "_cancelled", &cancelled, NULL) && cancelled == py->true_object)
		return false;
	if (!instance_get(py, handle, "_when", &when, NULL) || !pyfloat_value(py, when, &timer->when, NULL))
		return false;
	return (instance_get(py, handle, "_args", &args, NULL) && args != py->none &&
		       sequence_item(py, args, 0, &timer->wakes, NULL)) ||
	       read_timeout(py, handle, timer);
}

void timers_add_loop(struct python *py, uint64_t loop, struct timers *timers)
{
	struct sequence_iter iter;
	uint64_t scheduled, handle;

	if (!instance_get(py, loop, "_scheduled", &scheduled, NULL) ||
		!sequence_open(py, scheduled, KIND_LIST, &iter, NULL) || !iter.count)
		return;
	timers->items = xrealloc(timers->items, (timers->count + iter.count) * sizeof(*timers->items));
	while (sequence_next(&iter, &handle)) {
		struct timer timer = {.loop = loop};

		if (read_timer(py, handle, &timer))
			timers->items[timers->count++] = timer;
	}
}

static int by_object(const void *a, const void *b)
{
	const struct timer *x = a, *y = b;

	if (x->wakes != y->wakes)
		return x->wakes < y->wakes ? -1 : 1;
	return x->when < y->when ? -1 : x->when > y->when;
}

void timers_sort(struct timers *timers)
{
	if (timers->count)
		qsort(timers->items, timers->count, sizeof(*timers->items), by_object);
}

void timers_deinit(struct timers *timers)
{
	free(timers->items);
	*timers = (struct timers){0};
}

const struct timer *timers_find(const struct timers *timers, uint64_t object)
{
	size_t low = 0, high = timers->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (timers->items[middle].wakes < object)
			low = middle + 1;
		else
			high = middle;
	}
	return low < timers->count && timers->items[low].wakes == object ? &timers->items[low] : NULL;
}
