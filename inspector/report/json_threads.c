#include "inspector/report/json_parts.h"

#include <math.h>

size_t json_interpreter_count(const struct view *view)
{
	return view->model->asyncio->threads.interp_count;
}

json_t *json_interpreter(const struct view *view, size_t i)
{
	const struct pyinterp *interp = &view->model->asyncio->threads.interps[i];

	return json_pack(
		"{s:I, s:o}", "id", (json_int_t)interp->id, "address", json_address(interp->address));
}

static json_t *json_thread_frame(const struct view *view, const struct pyframe *frame)
{
	uint64_t generator = pygen_of_frame(view->py, frame);
	enum link_kind kind = LINK_FUNCTION;
	struct link link;
	struct pygen gen;

	if (generator && pygen_read(view->py, generator, &gen, NULL))
		kind = gen.kind == KIND_COROUTINE  ? LINK_COROUTINE
		       : gen.kind == KIND_ASYNCGEN ? LINK_ASYNC_GENERATOR
						   : LINK_GENERATOR;
	link = (struct link){
		.kind = kind,
		.address = kind == LINK_FUNCTION ? frame->address : generator,
		.qualname = frame->code->qualname,
		.file = frame->code->filename,
		.line = pyframe_line(frame),
		.has_frame = true,
		.frame = *frame,
	};
	return json_link(view, &link);
}

/* Outermost first, as every stack of the contract. */
static json_t *json_thread_frames(const struct view *view, const struct pythread *thread)
{
	json_t *list = json_array();

	for (size_t i = thread->frame_count; i-- > 0;)
		json_array_append_new(list, json_thread_frame(view, &thread->frames[i]));
	return list;
}

size_t json_thread_count(const struct view *view)
{
	return view->model->asyncio->threads.count;
}

json_t *json_thread(const struct view *view, size_t i)
{
	const struct asyncio *a = view->model->asyncio;
	const struct pythread *thread = &a->threads.threads[i];

	return json_pack("{s:o, s:I, s:o, s:I, s:o, s:o}", "address", json_address(thread->address),
		"native_id", (json_int_t)thread->native_id, "name", json_text(thread->name), "interpreter",
		(json_int_t)a->threads.interps[thread->interp].id, "loop", json_address(a->running_loops[i]),
		"frames", json_thread_frames(view, thread));
}

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
	if (view->model->loops)
		json_object_set_new(o, "held_by", json_holders(view, &view->model->loops[i]));
	return o;
}
