#include "inspector/asyncio/threadsafe.h"

#include "inspector/python/closure.h"
#include "inspector/python/instance.h"
#include "inspector/python/int.h"
#include "inspector/python/sequence.h"
#include "inspector/python/str.h"

#include <stdlib.h>
#include <string.h>

/* Callbacks of one future, handles of one loop that are looked at. */
#define CALLBACKS_MAX 1000
#define HANDLES_MAX   (1 << 20)

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && strcmp(text + length - tail, end) == 0;
}

static bool is_frame_of(const struct pyframe *frame, const char *file, const char *name)
{
	return strcmp(frame->code->name, name) == 0 && ends_with(frame->code->filename, file);
}

bool threadsafe_is_future(struct python *py, uint64_t object)
{
	const struct pytype *type = object ? pytype_of(py, object, NULL) : NULL;

	return type && pytype_has_base(py, type, "concurrent.futures._base.Future");
}

/* Lib/concurrent/futures/_base.py: PENDING and RUNNING are the states before the end. */
static bool is_pending(struct python *py, uint64_t future)
{
	uint64_t state;

	return instance_get(py, future, "_state", &state, NULL) &&
	       (pystr_equals(py, state, "PENDING") || pystr_equals(py, state, "RUNNING"));
}

static size_t thread_of_object(const struct threadsafe *t, uint64_t object)
{
	uint64_t ident, number, index;

	if (!instance_get(t->a->py, object, "_ident", &ident, NULL) ||
		!pyint_unsigned(t->a->py, ident, &number, NULL) || number == UINT64_MAX ||
		!addrmap_get(&t->idents, number, &index))
		return NO_INDEX;
	return (size_t)index;
}

/* Opens an attribute of an object as a container of one kind. */
static bool open_attribute(
	struct python *py, uint64_t object, const char *name, enum type_kind kind, struct sequence_iter *iter)
{
	const struct pytype *type;
	uint64_t container;

	return instance_get(py, object, name, &container, NULL) && (type = pytype_of(py, container, NULL)) &&
	       type->kind == kind && sequence_open(py, container, kind, iter, NULL);
}

static bool has_timeout(struct python *py, const struct pyframe *frame)
{
	uint64_t timeout = pyframe_local(py, frame, "timeout");

	return timeout && timeout != py->none;
}

/* The frames inside of the waiting method are those of threading.py alone: Condition.wait, its wait for the
 * lock. Anything else means that it does something now. */
static void read_wait(const struct threadsafe *t, const struct pythread *thread, struct thread_wait *wait)
{
	const struct asyncio *a = t->a;

	for (size_t i = 0; i < thread->frame_count; i++) {
		const struct pyframe *frame = &thread->frames[i];
		bool is_result = is_frame_of(frame, "/concurrent/futures/_base.py", "result");
		uint64_t self;

		if (is_result || is_frame_of(frame, "/concurrent/futures/_base.py", "exception")) {
			self = pyframe_local(a->py, frame, "self");
			if (threadsafe_is_future(a->py, self) && is_pending(a->py, self))
				*wait = (struct thread_wait){.kind = THREAD_WAIT_FUTURE,
					.on = self,
					.thread = NO_INDEX,
					.has_timeout = has_timeout(a->py, frame),
					.method = is_result ? "concurrent.futures.Future.result"
							    : "concurrent.futures.Future.exception"};
			return;
		}
		if (!ends_with(frame->code->filename, "/threading.py"))
			return;
		if (strcmp(frame->code->name, "join") == 0) {
			self = pyframe_local(a->py, frame, "self");
			if (self)
				*wait = (struct thread_wait){.kind = THREAD_WAIT_JOIN,
					.on = self,
					.thread = thread_of_object(t, self),
					.has_timeout = has_timeout(a->py, frame),
					.method = "threading.Thread.join"};
			return;
		}
	}
}

static void note_jobs(struct threadsafe *t, size_t index)
{
	const struct pythread *thread = &t->a->threads.threads[index];

	for (size_t i = 0; i < thread->frame_count; i++) {
		const struct pyframe *frame = &thread->frames[i];
		uint64_t self, future;

		if (!is_frame_of(frame, "/concurrent/futures/thread.py", "run"))
			continue;
		self = pyframe_local(t->a->py, frame, "self");
		if (self && instance_get(t->a->py, self, "future", &future, NULL))
			addrmap_put(&t->executed, future, index);
	}
}

void threadsafe_read(const struct asyncio *a, struct threadsafe *t)
{
	*t = (struct threadsafe){.a = a, .waits = xcalloc(a->threads.count, sizeof(*t->waits))};
	for (size_t i = 0; i < a->threads.count; i++)
		if (a->threads.threads[i].ident && a->threads.threads[i].ident != UINT64_MAX)
			addrmap_put(&t->idents, a->threads.threads[i].ident, i);
	for (size_t i = 0; i < a->threads.count; i++) {
		t->waits[i].thread = NO_INDEX;
		read_wait(t, &a->threads.threads[i], &t->waits[i]);
		note_jobs(t, i);
	}
}

void threadsafe_deinit(struct threadsafe *t)
{
	free(t->waits);
	addrmap_deinit(&t->idents);
	addrmap_deinit(&t->executed);
	addrmap_deinit(&t->scheduled);
	*t = (struct threadsafe){0};
}

static size_t chained_task(const struct asyncio *a, uint64_t future)
{
	struct sequence_iter iter;
	uint64_t callback;
	size_t seen = 0;

	if (!open_attribute(a->py, future, "_done_callbacks", KIND_LIST, &iter))
		return NO_INDEX;
	while (sequence_next(&iter, &callback) && seen++ < CALLBACKS_MAX) {
		uint64_t source = pyclosure_variable(
			a->py, callback, "_chain_future.<locals>._call_check_cancel", "source");
		size_t task = source ? asyncio_find_task(a, source) : NO_INDEX;

		if (task != NO_INDEX)
			return task;
	}
	return NO_INDEX;
}

static void read_ready(struct threadsafe *t, size_t loop)
{
	struct python *py = t->a->py;
	struct sequence_iter iter;
	uint64_t handle, callback;
	size_t seen = 0;

	if (!open_attribute(py, t->a->loops[loop].address, "_ready", KIND_DEQUE, &iter))
		return;
	while (sequence_next(&iter, &handle) && seen++ < HANDLES_MAX) {
		uint64_t future = 0;

		if (instance_get(py, handle, "_callback", &callback, NULL))
			future = pyclosure_variable(
				py, callback, "run_coroutine_threadsafe.<locals>.callback", "future");
		if (future)
			addrmap_put(&t->scheduled, future, loop);
	}
}

struct setter threadsafe_setter(struct threadsafe *t, uint64_t future)
{
	size_t task = chained_task(t->a, future);
	uint64_t index;

	if (task != NO_INDEX)
		return (struct setter){SETTER_TASK, task};
	if (addrmap_get(&t->executed, future, &index))
		return (struct setter){SETTER_THREAD, (size_t)index};
	for (size_t i = 0; !t->has_scheduled && i < t->a->loop_count; i++)
		read_ready(t, i);
	t->has_scheduled = true;
	if (addrmap_get(&t->scheduled, future, &index))
		return (struct setter){SETTER_LOOP, (size_t)index};
	return (struct setter){SETTER_UNKNOWN, NO_INDEX};
}
