#include "inspector/report/json_parts.h"

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

/* null: it ran when it was stopped, or that is not known. */
static json_t *json_system_call(const struct system_call *call)
{
	if (!call->is_waiting)
		return json_null();
	return json_pack("{s:I, s:o}", "number", (json_int_t)call->number, "name",
		json_text(system_call_name(call->number)));
}

json_t *json_thread(const struct view *view, size_t i)
{
	const struct asyncio *a = view->model->asyncio;
	const struct pythread *thread = &a->threads.threads[i];

	return json_pack("{s:o, s:I, s:o, s:I, s:o, s:o, s:o}", "address", json_address(thread->address),
		"native_id", (json_int_t)thread->native_id, "name", json_text(thread->name), "interpreter",
		(json_int_t)a->threads.interps[thread->interp].id, "loop", json_address(a->running_loops[i]),
		"frames", json_thread_frames(view, thread), "system_call", json_system_call(&thread->call));
}
