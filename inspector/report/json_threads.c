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

static void json_thread_frame(struct json_out *out, const struct view *view, const struct pyframe *frame)
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
	json_link(out, view, &link);
}

/* Outermost first, as every stack of the contract. */
static void json_thread_frames(struct json_out *out, const struct view *view, const struct pythread *thread)
{
	json_put_array(out, "frames");
	for (size_t i = thread->frame_count; i-- > 0;)
		json_thread_frame(out, view, &thread->frames[i]);
	json_end_array(out);
}

size_t json_thread_count(const struct view *view)
{
	return view->model->asyncio->threads.count;
}

/* null: it ran when it was stopped, or that is not known. */
static json_t *json_system_call(const struct system_call *call)
{
	json_t *arguments;
	int fd;

	if (!call->is_waiting)
		return json_null();
	arguments = json_array();
	for (size_t i = 0; i < SYSTEM_CALL_ARGUMENTS; i++)
		json_array_append_new(
			arguments, json_sprintf("0x%llx", (unsigned long long)call->arguments[i]));
	return json_pack("{s:I, s:o, s:o, s:o}", "number", (json_int_t)call->number, "name",
		json_text(system_call_name(call->number)), "fd",
		system_call_descriptor(call, &fd) ? json_integer(fd) : json_null(), "arguments", arguments);
}

/* What a blocking call of Python's waits for. */
static json_t *json_thread_wait(const struct await_graph *g, size_t index)
{
	const struct thread_wait *wait = &g->threadsafe.waits[index];
	size_t node = g->task_count + index;
	json_t *task = NULL, *thread = NULL;

	if (wait->kind == THREAD_WAIT_NONE)
		return json_null();
	for (size_t e = g->first[node]; e < g->first[node + 1] && !task && !thread; e++) {
		size_t other = await_graph_thread(g, g->edges[e].to);

		if (other == NO_INDEX)
			task = json_address(g->a->tasks[g->edges[e].to].address);
		else
			thread = json_integer((json_int_t)g->a->threads.threads[other].native_id);
	}
	return json_pack("{s:s, s:o, s:o, s:o, s:b}", "method", wait->method, "on", json_address(wait->on),
		"task", task ? task : json_null(), "thread", thread ? thread : json_null(), "timeout",
		wait->has_timeout);
}

static const char *activity_of(const struct pythread *thread)
{
	if (thread->gil == GIL_WAITS)
		return "gil";
	return thread->call.is_waiting ? "system-call" : thread->is_running ? "running" : NULL;
}

void json_thread(struct json_out *out, const struct view *view, size_t i)
{
	const struct asyncio *a = view->model->asyncio;
	const struct pythread *thread = &a->threads.threads[i];

	json_put_object(out, NULL);
	json_put_address(out, "address", thread->address);
	json_put_integer(out, "native_id", (int64_t)thread->native_id);
	json_put_text(out, "name", thread->name);
	json_put_integer(out, "interpreter", (int64_t)a->threads.interps[thread->interp].id);
	json_put_address(out, "loop", a->running_loops[i]);
	json_thread_frames(out, view, thread);
	json_put_text(out, "activity", activity_of(thread));
	json_put_text(out, "gil", gil_role_name(thread->gil));
	json_put(out, "system_call", json_system_call(&thread->call));
	json_put(out, "waits_for", json_thread_wait(view->model->awaits, i));
	json_end_object(out);
}
