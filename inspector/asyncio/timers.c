#include "inspector/asyncio/timers.h"

#include "inspector/base/alloc.h"
#include "inspector/python/closure.h"
#include "inspector/python/instance.h"

#include <stdlib.h>
#include <string.h>

/* What the callback ends: the future that it is given or bound to, the task that it cancels; of
 * as_completed() the iterator (from 3.13 on), or the queue of those that are done. */
static uint64_t object_of(struct python *py, const struct handle *handle)
{
	uint64_t queue, task;

	if (handle->future || handle->task)
		return handle->future ? handle->future : handle->task;
	/* anyio's CancelScope */
	if (handle->callable.self && instance_get(py, handle->callable.self, "_host_task", &task, NULL) &&
		task != py->none)
		return task;
	queue = pyclosure_variable(py, handle->callback, "as_completed.<locals>._on_timeout", "done");
	return queue ? queue : handle->callable.self;
}

/* What acts on a task at a time cancels it: a task is never set. Lib/asyncio/tasks.py: wait() and wait_for()
 * make their waiter go on without what they wait for. */
static bool is_timeout(
	struct python *py, struct asyncio_classes *classes, const struct handle *handle, uint64_t object)
{
	enum asyncio_role role = asyncio_role_of(py, classes, object);

	return !role_is_future(role) || role_is_task(role) ||
	       (object == handle->future && strcmp(handle->callable.name, "_release_waiter") == 0);
}

void timers_add_loop(
	struct python *py, struct asyncio_classes *classes, const struct loop *loop, struct timers *timers)
{
	const struct handles *handles = &loop->timers;

	if (!handles->count)
		return;
	timers->items = xrealloc(timers->items, (timers->count + handles->count) * sizeof(*timers->items));
	for (size_t i = 0; i < handles->count; i++) {
		const struct handle *handle = &handles->items[i];
		uint64_t wakes = handle->callback ? object_of(py, handle) : 0;

		if (wakes && handle->is_timer && !handle->is_cancelled)
			timers->items[timers->count++] = (struct timer){.loop = loop->address,
				.wakes = wakes,
				.is_timeout = is_timeout(py, classes, handle, wakes),
				.when = handle->when};
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
