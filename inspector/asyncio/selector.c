#include "inspector/asyncio/selector.h"

#include "inspector/python/dict.h"
#include "inspector/python/instance.h"
#include "inspector/python/int.h"
#include "inspector/python/sequence.h"

#include <stdlib.h>
#include <string.h>

/* selectors.EVENT_READ, EVENT_WRITE */
#define EVENT_READ  1
#define EVENT_WRITE 2

/* Fields of SelectorKey. */
enum { KEY_FD = 1, KEY_EVENTS, KEY_DATA };

static bool read_handle(struct python *py, struct asyncio_classes *classes, uint64_t pair, uint64_t which,
	struct handle *handle)
{
	uint64_t object;

	return sequence_item(py, pair, which, &object, NULL) && object != py->none &&
	       handle_read(py, classes, object, handle);
}

static bool read_key(
	struct python *py, struct asyncio_classes *classes, uint64_t loop, uint64_t key, struct descriptor *d)
{
	uint64_t value;
	int64_t events;

	*d = (struct descriptor){.fd = -1};
	if (!sequence_item(py, key, KEY_FD, &value, NULL) || !pyint_signed(py, value, &d->fd, NULL) ||
		!sequence_item(py, key, KEY_EVENTS, &value, NULL) || !pyint_signed(py, value, &events, NULL))
		return false;
	d->wants_read = events & EVENT_READ;
	d->wants_write = events & EVENT_WRITE;
	if (!sequence_item(py, key, KEY_DATA, &value, NULL))
		return true;
	d->has_reader = read_handle(py, classes, value, 0, &d->reader);
	d->has_writer = read_handle(py, classes, value, 1, &d->writer);
	d->is_self_pipe = d->has_reader && d->reader.callable.self == loop &&
			  strstr(d->reader.callable.name, "_read_from_self") != NULL;
	return true;
}

static int by_fd(const void *a, const void *b)
{
	const struct descriptor *x = a, *y = b;

	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

void descriptors_read(
	struct python *py, struct asyncio_classes *classes, uint64_t loop, struct descriptors *descriptors)
{
	uint64_t selector, keys;
	struct descriptor *grown = NULL;
	size_t capacity = 0, count = 0;
	struct dict_entry entry;
	struct dict_iter iter;

	*descriptors = (struct descriptors){0};
	if (!instance_get(py, loop, "_selector", &selector, NULL))
		return;
	/* A closed loop has none any more. */
	descriptors->is_known = selector == py->none;
	if (selector == py->none || !instance_get(py, selector, "_fd_to_key", &keys, NULL) ||
		!dict_open(py, keys, &iter, NULL))
		return;
	descriptors->is_known = true;
	while (dict_next(&iter, &entry)) {
		grown = grow_array(grown, &capacity, count + 1, sizeof(*grown));
		count += read_key(py, classes, loop, entry.value, &grown[count]);
	}
	if (count)
		qsort(grown, count, sizeof(*grown), by_fd);
	descriptors->count = count;
	descriptors->items = arena_alloc(py->arena, count * sizeof(*grown));
	if (count)
		memcpy(descriptors->items, grown, count * sizeof(*grown));
	free(grown);
}
