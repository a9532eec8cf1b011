#include "inspector/report/json_parts.h"

#include "inspector/python/repr.h"

#include <math.h>
#include <string.h>

static json_t *json_truth(enum truth truth)
{
	return truth == TRUTH_UNKNOWN ? json_null() : json_boolean(truth == TRUTH_TRUE);
}

static json_t *json_length(int64_t length)
{
	return length < 0 ? json_null() : json_integer(length);
}

static json_t *json_holders(const struct view *view, const struct retention *retention)
{
	json_t *list = json_array();

	for (size_t i = 0; i < retention->path_count; i++)
		if (retention->paths[i].count)
			json_array_append_new(list,
				json_step(view, &retention->paths[i].steps[retention->paths[i].count - 1]));
	return list;
}

static json_t *json_seconds(double seconds)
{
	return isfinite(seconds) && seconds >= 0 ? json_real(seconds) : json_null();
}

static json_t *json_handle(const struct view *view, const struct loop *loop, const struct handle *handle)
{
	struct asyncio_classes *classes = &view->model->asyncio->classes;
	json_t *o = json_pack("{s:o, s:o, s:o, s:o, s:o, s:b}", "address", json_address(handle->address),
		"callback", handle->is_cancelled ? json_null() : json_text(handle->callable.name), "text",
		json_text(handle_describe(view->py, classes, handle, view->repr_limit)), "task",
		json_address(handle->task), "future", json_address(handle->future), "cancelled",
		handle->is_cancelled);

	if (!handle->is_timer)
		return o;
	json_object_set_new(o, "when", json_seconds(handle->when));
	json_object_set_new(o, "in_seconds",
		loop->now < 0 || !isfinite(handle->when) ? json_null() : json_real(handle->when - loop->now));
	return o;
}

static json_t *json_handles(const struct view *view, const struct loop *loop, const struct handles *handles)
{
	json_t *list = json_array();

	for (size_t i = 0; i < handles->count; i++)
		json_array_append_new(list, json_handle(view, loop, &handles->items[i]));
	return list;
}

static json_t *json_overdue(const struct loop *loop)
{
	double most;
	size_t count = loop_count_overdue(loop, &most);

	if (loop->now < 0)
		return json_null();
	return json_pack("{s:I, s:o}", "count", (json_int_t)count, "most_seconds", json_seconds(most));
}

static json_t *json_work(const struct view *view, const struct workqueue *backlog)
{
	json_t *list = json_array();

	for (size_t i = 0; i < backlog->count; i++) {
		uint64_t future, function = executor_item_function(view->py, backlog->items[i], &future);
		struct callable callable;

		callable_read(view->py, function, &callable);
		json_array_append_new(
			list, json_pack("{s:o, s:o, s:o}", "address", json_address(backlog->items[i]),
				      "function", function ? json_text(callable.name) : json_null(), "future",
				      json_address(future)));
	}
	return list;
}

static json_t *json_executor(const struct view *view, const struct executor *executor)
{
	json_t *o;

	if (!executor->address)
		return json_null();
	o = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "address", json_address(executor->address),
		"type", json_text(executor->type_name), "threads", json_length(executor->threads),
		"max_workers", json_length(executor->max_workers), "idle", json_length(executor->idle),
		"backlog",
		executor->has_backlog ? json_integer((json_int_t)executor->backlog.count) : json_null(),
		"shut_down", executor->is_shut_down < 0 ? json_null() : json_boolean(executor->is_shut_down));
	if (executor->has_backlog)
		json_object_set_new(o, "work", json_work(view, &executor->backlog));
	return o;
}

static json_t *json_descriptors(const struct view *view, const struct loop *loop)
{
	json_t *list = json_array();

	for (size_t i = 0; i < loop->descriptors.count; i++) {
		const struct descriptor *d = &loop->descriptors.items[i];

		json_array_append_new(list,
			json_pack("{s:I, s:b, s:b, s:o, s:o, s:b}", "fd", (json_int_t)d->fd, "read",
				d->wants_read, "write", d->wants_write, "reader",
				d->has_reader ? json_handle(view, loop, &d->reader) : json_null(), "writer",
				d->has_writer ? json_handle(view, loop, &d->writer) : json_null(),
				"self_pipe", d->is_self_pipe));
	}
	return list;
}

static json_t *json_signals(const struct view *view, const struct loop *loop)
{
	json_t *list = json_array();

	for (size_t i = 0; i < loop->signal_count; i++) {
		const struct signal_handler *s = &loop->signals[i];
		const char *name = sigabbrev_np((int)s->signal);

		json_array_append_new(list, json_pack("{s:I, s:o, s:o}", "signal", (json_int_t)s->signal,
						    "name", name ? json_sprintf("SIG%s", name) : json_null(),
						    "handler", json_handle(view, loop, &s->handle)));
	}
	return list;
}

static void add_lists(const struct view *view, const struct loop *loop, json_t *o)
{
	json_object_set_new(o, "ready_handles", json_handles(view, loop, &loop->ready_handles));
	json_object_set_new(o, "timers", json_handles(view, loop, &loop->timers));
	json_object_set_new(
		o, "descriptors", loop->descriptors.is_known ? json_descriptors(view, loop) : json_null());
	json_object_set_new(o, "signal_handlers", json_signals(view, loop));
}

size_t json_loop_count(const struct view *view)
{
	return view->model->asyncio->loop_count;
}

json_t *json_loop(const struct view *view, size_t i)
{
	const struct asyncio *a = view->model->asyncio;
	const struct loop *loop = &a->loops[i];
	double slow = loop->slow_callback_duration;
	json_t *o = json_object();

	json_object_set_new(o, "address", json_address(loop->address));
	json_object_set_new(o, "type", json_text(loop->type_name));
	json_object_set_new(o, "running", json_boolean(loop->is_running));
	json_object_set_new(o, "closed", json_truth(loop->is_closed));
	json_object_set_new(o, "stopping", json_truth(loop->is_stopping));
	json_object_set_new(o, "debug", json_truth(loop->is_debug));
	json_object_set_new(o, "thread",
		loop->thread == SIZE_MAX
			? json_null()
			: json_integer((json_int_t)a->threads.threads[loop->thread].native_id));
	json_object_set_new(o, "ready", json_length(loop->ready));
	json_object_set_new(o, "scheduled", json_length(loop->scheduled));
	json_object_set_new(
		o, "slow_callback_duration", slow >= 0 && isfinite(slow) ? json_real(slow) : json_null());
	json_object_set_new(o, "doing",
		loop->doing == LOOP_UNKNOWN ? json_null() : json_string(loop_doing_name(loop->doing)));
	json_object_set_new(o, "current_task", json_address(loop->current_task));
	json_object_set_new(o, "callback",
		loop->running_frame == SIZE_MAX ? json_null() : json_handle(view, loop, &loop->running));
	json_object_set_new(o, "clock", json_seconds(loop->now));
	json_object_set_new(o, "clock_is_bound", json_boolean(loop->now_is_bound));
	json_object_set_new(o, "busy_seconds",
		loop->round_began < 0 || loop->now_is_bound ? json_null()
							    : json_seconds(loop->now - loop->round_began));
	json_object_set_new(o, "overdue", json_overdue(loop));
	json_object_set_new(o, "exception_handler",
		loop->exception_handler
			? json_text(pyrepr(view->py, loop->exception_handler, view->repr_limit))
			: json_null());
	json_object_set_new(o, "default_executor", json_executor(view, &loop->executor));
	json_object_set_new(o, "async_generators", json_length(loop->async_generators));
	add_lists(view, loop, o);
	if (view->model->loops)
		json_object_set_new(o, "held_by", json_holders(view, &view->model->loops[i]));
	return o;
}
