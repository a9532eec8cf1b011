#include "inspector/asyncio/watch.h"

#include "inspector/base/alloc.h"
#include "inspector/python/sequence.h"

#include <stdlib.h>

/* The most that asyncio gives before the socket: sock_accept() up to 3.10. */
#define ARGS_MAX 3

static void add(struct watches *watches, uint64_t object, const struct watch *watch)
{
	if (!object || object == watch->loop)
		return;
	watches->items[watches->count] = *watch;
	watches->items[watches->count++].object = object;
}

static void add_handle(
	struct python *py, const struct handle *handle, const struct watch *watch, struct watches *watches)
{
	uint64_t item;

	add(watches, handle->callable.self, watch);
	for (uint64_t i = 0; i < ARGS_MAX; i++)
		if (handle->args && sequence_item(py, handle->args, i, &item, NULL))
			add(watches, item, watch);
}

void watches_add_loop(struct python *py, const struct loop *loop, struct watches *watches)
{
	size_t most = watches->count + 2 * (1 + ARGS_MAX) * loop->descriptors.count;

	if (!loop->descriptors.count)
		return;
	watches->items = xrealloc(watches->items, most * sizeof(*watches->items));
	for (size_t i = 0; i < loop->descriptors.count; i++) {
		const struct descriptor *d = &loop->descriptors.items[i];
		struct watch watch = {.loop = loop->address, .fd = d->fd};

		if (d->has_reader)
			add_handle(py, &d->reader, &watch, watches);
		watch.is_writer = true;
		if (d->has_writer)
			add_handle(py, &d->writer, &watch, watches);
	}
}

static int by_object(const void *a, const void *b)
{
	const struct watch *x = a, *y = b;

	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	if (x->is_writer != y->is_writer)
		return x->is_writer - y->is_writer;
	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

void watches_sort(struct watches *watches)
{
	if (watches->count)
		qsort(watches->items, watches->count, sizeof(*watches->items), by_object);
}

void watches_deinit(struct watches *watches)
{
	free(watches->items);
	*watches = (struct watches){0};
}

const struct watch *watches_find(const struct watches *watches, uint64_t object)
{
	size_t low = 0, high = object ? watches->count : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (watches->items[middle].object < object)
			low = middle + 1;
		else
			high = middle;
	}
	return low < watches->count && watches->items[low].object == object ? &watches->items[low] : NULL;
}

const struct watch *watches_find_direction(const struct watches *watches, uint64_t object, bool is_writer)
{
	const struct watch *watch = watches_find(watches, object);

	for (; watch && watch < watches->items + watches->count && watch->object == object; watch++)
		if (watch->is_writer == is_writer)
			return watch;
	return NULL;
}
