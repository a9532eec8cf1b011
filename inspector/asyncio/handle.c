#include "inspector/asyncio/handle.h"

#include "inspector/asyncio/future.h"
#include "inspector/python/instance.h"
#include "inspector/python/int.h"
#include "inspector/python/memory.h"
#include "inspector/python/repr.h"
#include "inspector/python/sequence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HANDLES_MAX (1 << 24)

static uint64_t attribute(struct python *py, uint64_t object, const char *name)
{
	uint64_t value;

	return instance_get(py, object, name, &value, NULL) && value != py->none ? value : 0;
}

/* Whose method the callback is. asyncio.timeout() and what is like it keep the task to cancel in _task
 * (Lib/asyncio/timeouts.py; async_timeout does the same). */
static uint64_t find_task(struct python *py, struct asyncio_classes *classes, const struct handle *handle)
{
	uint64_t task;

	if (!handle->callable.self)
		return 0;
	if (role_is_task(asyncio_role_of(py, classes, handle->callable.self)))
		return handle->callable.self;
	if (!handle->is_timer || handle->callable.kind != KIND_METHOD)
		return 0;
	task = attribute(py, handle->callable.self, "_task");
	return task && role_is_task(asyncio_role_of(py, classes, task)) ? task : 0;
}

bool handle_read(struct python *py, struct asyncio_classes *classes, uint64_t address, struct handle *handle)
{
	uint64_t value, first;

	*handle = (struct handle){.address = address, .callable.name = "?"};
	if (!instance_get(py, address, "_cancelled", &value, NULL))
		return false;
	handle->is_cancelled = value == py->true_object;
	handle->callback = attribute(py, address, "_callback");
	handle->args = attribute(py, address, "_args");
	handle->is_timer = instance_get(py, address, "_when", &value, NULL) &&
			   pyfloat_value(py, value, &handle->when, NULL);
	if (isnan(handle->when))
		handle->when = INFINITY; /* compares with nothing */
	if (handle->is_cancelled || !handle->callback)
		return true;
	callable_read(py, handle->callback, &handle->callable);
	handle->task = find_task(py, classes, handle);
	if (handle->args && sequence_item(py, handle->args, 0, &first, NULL) &&
		role_is_future(asyncio_role_of(py, classes, first)))
		handle->future = first;
	return true;
}

void handles_read(struct python *py, struct asyncio_classes *classes, uint64_t container, enum type_kind kind,
	struct handles *handles)
{
	struct sequence_iter iter;
	uint64_t count, item;

	*handles = (struct handles){.is_cut = true};
	if (!sequence_length(py, container, kind, &count, NULL) ||
		!sequence_open(py, container, kind, &iter, NULL))
		return;
	if (count > HANDLES_MAX)
		count = HANDLES_MAX;
	/* The length is the target's word: no more than can be there is believed before it was seen. */
	for (size_t capacity = 0; handles->count < count && sequence_next(&iter, &item);) {
		if (handles->count == capacity) {
			struct handle *grown;

			capacity = capacity ? 2 * capacity : 16;
			grown = arena_alloc(py->arena, capacity * sizeof(*grown));
			if (handles->count)
				memcpy(grown, handles->items, handles->count * sizeof(*grown));
			handles->items = grown;
		}
		if (handle_read(py, classes, item, &handles->items[handles->count]))
			handles->count++;
	}
	handles->is_cut = iter.is_cut || sequence_next(&iter, &item);
}

static int by_time(const void *a, const void *b)
{
	const struct handle *x = a, *y = b;

	if (x->when != y->when)
		return x->when < y->when ? -1 : 1;
	return x->address < y->address ? -1 : x->address > y->address;
}

void handles_sort_by_time(struct handles *handles)
{
	if (handles->count)
		qsort(handles->items, handles->count, sizeof(*handles->items), by_time);
}

static void append_future(
	struct python *py, struct asyncio_classes *classes, uint64_t address, struct strbuf *s)
{
	struct task_parts parts;
	struct future future;

	if (future_read(py, classes, address, &future, NULL) && role_is_task(future.role) &&
		future_task_parts(py, &future, &parts, NULL)) {
		strbuf_append(s, "task '");
		strbuf_append_safe(s, parts.name);
		strbuf_append_char(s, '\'');
	} else {
		const struct pytype *type = pytype_of(py, address, NULL);

		strbuf_append_safe(s, type ? type->name : "?");
		strbuf_printf(s, " 0x%llx", (unsigned long long)address);
	}
}

static void append_args(struct python *py, struct asyncio_classes *classes, const struct handle *handle,
	size_t repr_limit, struct strbuf *s)
{
	uint64_t count = 0, item;
	size_t end = s->length + repr_limit;

	if (!handle->args || !sequence_length(py, handle->args, KIND_TUPLE, &count, NULL))
		return;
	strbuf_append_char(s, '(');
	for (uint64_t i = 0; i < count && sequence_item(py, handle->args, i, &item, NULL); i++) {
		strbuf_append(s, i ? ", " : "");
		if (s->length >= end) {
			strbuf_append(s, "...");
			break;
		}
		if (role_is_future(asyncio_role_of(py, classes, item)))
			append_future(py, classes, item, s);
		else
			pyrepr_append(py, item, end - s->length, s);
	}
	strbuf_append_char(s, ')');
}

const char *handle_describe(
	struct python *py, struct asyncio_classes *classes, const struct handle *handle, size_t repr_limit)
{
	struct strbuf s = STRBUF_INIT;
	const char *text;

	if (handle->is_cancelled)
		return "cancelled";
	strbuf_append_safe(&s, handle->callable.name);
	if (handle->task) {
		/* A wake-up has the future that woke as argument: the task says more. */
		strbuf_append(&s, " of ");
		append_future(py, classes, handle->task, &s);
	} else {
		append_args(py, classes, handle, repr_limit, &s);
	}
	text = arena_strdup(py->arena, strbuf_text(&s));
	strbuf_deinit(&s);
	return text;
}
