#include "inspector/asyncio/future.h"

#include "inspector/python/instance.h"
#include "inspector/python/int.h"
#include "inspector/python/memory.h"
#include "inspector/python/sequence.h"
#include "inspector/python/str.h"

/* A name is given whole, as long as anybody may have meant it. */
#define NAME_LIMIT    65536
#define CALLBACKS_MAX (1 << 24)

/* TaskObj repeats the members of FutureObj at the same places: FutureObj_HEAD in Modules/_asynciomodule.c. */
static bool read_c_future(struct python *py, struct future *f, struct error *err)
{
	uint64_t log = 0;
	int64_t state;

	if (!read_signed(py, f->address, FIELD_future_state, &state, err) ||
		!read_pointer(py, f->address, FIELD_future_loop, &f->loop, err) ||
		!read_pointer(py, f->address, FIELD_future_exception, &f->exception, err))
		return false;
	if (state == python_field(py, FIELD_future_pending)->value)
		f->state = FUTURE_PENDING;
	else if (state == python_field(py, FIELD_future_cancelled)->value)
		f->state = FUTURE_CANCELLED;
	else if (state == python_field(py, FIELD_future_finished)->value)
		f->state = FUTURE_FINISHED;
	else
		return error_at(err, ERROR_CORRUPT, f->address,
			"the future at 0x%llx has the impossible state %lld", (unsigned long long)f->address,
			(long long)state);
	read_unsigned(py, f->address, FIELD_future_log_traceback, &log, NULL);
	f->exception_unretrieved = log && f->exception;
	return true;
}

/* None counts as nothing. */
static uint64_t attribute(struct python *py, uint64_t object, const char *name)
{
	uint64_t value;

	if (!instance_get(py, object, name, &value, NULL) || value == py->none)
		return 0;
	return value;
}

static bool is_true(struct python *py, uint64_t object)
{
	return object && object == py->true_object;
}

/* Lib/asyncio/futures.py: what an instance does not have is the class's default; _state's is PENDING. */
static bool read_py_future(struct python *py, struct future *f, struct error *err)
{
	uint64_t state = attribute(py, f->address, "_state");

	f->loop = attribute(py, f->address, "_loop");
	f->exception = attribute(py, f->address, "_exception");
	f->exception_unretrieved =
		f->exception && is_true(py, attribute(py, f->address, "_Future__log_traceback"));
	if (!state || pystr_equals(py, state, "PENDING"))
		f->state = FUTURE_PENDING;
	else if (pystr_equals(py, state, "CANCELLED"))
		f->state = FUTURE_CANCELLED;
	else if (pystr_equals(py, state, "FINISHED"))
		f->state = FUTURE_FINISHED;
	else
		return error_at(err, ERROR_CORRUPT, f->address,
			"the future at 0x%llx has an impossible state", (unsigned long long)f->address);
	return true;
}

bool future_read(struct python *py, struct asyncio_classes *classes, uint64_t address, struct future *future,
	struct error *err)
{
	const struct pytype *type = pytype_of(py, address, err);

	if (!type)
		return false;
	*future = (struct future){.address = address, .type = type};
	future->role = asyncio_role_of_type(py, classes, type);
	if (!role_is_future(future->role))
		return error_at(err, ERROR_CORRUPT, address, "the object at 0x%llx is a %s, not a future",
			(unsigned long long)address, type->full_name);
	if (future->role == ROLE_FUTURE || future->role == ROLE_TASK)
		return read_c_future(py, future, err);
	return read_py_future(py, future, err);
}

/* Callbacks are kept as pairs (callback, context), in a list. */
static size_t from_list(struct python *py, uint64_t list, uint64_t *callbacks, size_t count, size_t most)
{
	struct sequence_iter iter;
	uint64_t pair, callback;

	if (!list || list == py->none || !sequence_open(py, list, KIND_LIST, &iter, NULL))
		return count;
	while (sequence_next(&iter, &pair) && count < CALLBACKS_MAX) {
		if (!sequence_item(py, pair, 0, &callback, NULL))
			continue;
		if (count < most)
			callbacks[count] = callback;
		count++;
	}
	return count;
}

size_t future_callbacks(struct python *py, const struct future *future, uint64_t *callbacks, size_t most)
{
	uint64_t first, list;
	size_t count = 0;

	if (future->role == ROLE_PY_FUTURE || future->role == ROLE_PY_TASK)
		return from_list(py, attribute(py, future->address, "_callbacks"), callbacks, 0, most);
	if (read_pointer(py, future->address, FIELD_future_callback0, &first, NULL) && first) {
		if (most)
			callbacks[0] = first;
		count = 1;
	}
	if (!read_pointer(py, future->address, FIELD_future_callbacks, &list, NULL))
		return count;
	return from_list(py, list, callbacks, count, most);
}

/* From 3.12 on the name is an int until somebody asks for it: N stands for "Task-N" (TaskObj_get_name). */
static const char *name_text(struct python *py, uint64_t name)
{
	const char *text = pystr_arena(py, name, NAME_LIMIT, NULL);
	uint64_t number;

	if (text)
		return text;
	if (pyint_unsigned(py, name, &number, NULL))
		return arena_printf(py->arena, "Task-%llu", (unsigned long long)number);
	return "?";
}

static bool read_c_task(
	struct python *py, const struct future *f, struct task_parts *parts, struct error *err)
{
	uint64_t name, must_cancel = 0;

	if (!read_pointer(py, f->address, FIELD_task_coroutine, &parts->coroutine, err) ||
		!read_pointer(py, f->address, FIELD_task_waiter, &parts->waiter, err) ||
		!read_pointer(py, f->address, FIELD_task_name, &name, err))
		return false;
	parts->name = name_text(py, name);
	read_unsigned(py, f->address, FIELD_task_must_cancel, &must_cancel, NULL);
	parts->must_cancel = must_cancel != 0;
	read_pointer(py, f->address, FIELD_future_source_traceback, &parts->source_traceback, NULL);
	read_signed(py, f->address, FIELD_task_cancel_requests, &parts->cancel_requests, NULL);
	return true;
}

bool future_task_parts(
	struct python *py, const struct future *future, struct task_parts *parts, struct error *err)
{
	uint64_t number;

	*parts = (struct task_parts){.name = "?"};
	if (future->role == ROLE_TASK)
		return read_c_task(py, future, parts, err);
	parts->coroutine = attribute(py, future->address, "_coro");
	parts->waiter = attribute(py, future->address, "_fut_waiter");
	parts->name = name_text(py, attribute(py, future->address, "_name"));
	parts->must_cancel = is_true(py, attribute(py, future->address, "_must_cancel"));
	parts->source_traceback = attribute(py, future->address, "_source_traceback");
	if (instance_get(py, future->address, "_num_cancels_requested", &number, NULL))
		pyint_signed(py, number, &parts->cancel_requests, NULL);
	return true;
}
