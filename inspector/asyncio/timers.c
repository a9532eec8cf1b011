#include "inspector/asyncio/timers.h"

#include "inspector/python/instance.h"
#include "inspector/python/int.h"
#include "inspector/python/sequence.h"

#include <stdlib.h>

static bool read_timer(struct python *py, uint64_t handle, struct timer *timer)
{
	uint64_t args, when, cancelled;

	if (instance_get(py, handle, "_cancelled", &cancelled, NULL) && cancelled == py->true_object)
		return false;
	return instance_get(py, handle, "_args", &args, NULL) && args != py->none &&
	       sequence_item(py, args, 0, &timer->future, NULL) &&
	       instance_get(py, handle, "_when", &when, NULL) && pyfloat_value(py, when, &timer->when, NULL);
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

static int by_future(const void *a, const void *b)
{
	const struct timer *x = a, *y = b;

	if (x->future != y->future)
		return x->future < y->future ? -1 : 1;
	return x->when < y->when ? -1 : x->when > y->when;
}

void timers_sort(struct timers *timers)
{
	if (timers->count)
		qsort(timers->items, timers->count, sizeof(*timers->items), by_future);
}

void timers_deinit(struct timers *timers)
{
	free(timers->items);
	*timers = (struct timers){0};
}

const struct timer *timers_find(const struct timers *timers, uint64_t future)
{
	size_t low = 0, high = timers->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (timers->items[middle].future < future)
			low = middle + 1;
		else
			high = middle;
	}
	return low < timers->count && timers->items[low].future == future ? &timers->items[low] : NULL;
}
