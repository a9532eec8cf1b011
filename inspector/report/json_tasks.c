#include "inspector/report/json_parts.h"

#include "inspector/python/memory.h"
#include "inspector/python/repr.h"
#include "inspector/python/sequence.h"

/* An exception's text is cut after so many characters. */
#define TEXT_LIMIT 2000

static json_t *address_list(const uint64_t *addresses, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_address(addresses[i]));
	return list;
}

json_t *json_locals(const struct view *view, const struct pyframe *frame)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < frame->code->nlocalsplus; i++) {
		uint64_t value = pycode_is_hidden(frame->code, i) ? 0 : pyframe_variable(view->py, frame, i);
		const char *name = value ? pycode_local_name(view->py, frame->code, i) : NULL;

		if (!name)
			continue;
		json_array_append_new(list, json_pack("{s:o, s:o}", "name", json_text(name), "value",
						    json_text(pyrepr(view->py, value, view->repr_limit))));
	}
	return list;
}

json_t *json_link(const struct view *view, const struct link *link)
{
	json_t *o = json_object();

	json_object_set_new(o, "kind", json_string(link_kind_name(link->kind)));
	json_object_set_new(o, "address", json_address(link->address));
	json_object_set_new(o, "qualname", json_text(link->qualname));
	json_object_set_new(o, "file", json_text(link->file));
	json_object_set_new(o, "line", link->line ? json_integer(link->line) : json_null());
	if (view->with_locals && link->has_frame)
		json_object_set_new(o, "locals", json_locals(view, &link->frame));
	return o;
}

json_t *json_chain(const struct view *view, const struct chain *chain)
{
	json_t *list = json_array();

	for (size_t i = 0; i < chain->count; i++)
		json_array_append_new(list, json_link(view, &chain->links[i]));
	return list;
}

static json_t *json_holders(const struct view *view, const struct wait *wait)
{
	const struct asyncio *a = view->model->asyncio;
	json_t *list = json_array();

	for (size_t i = 0; i < wait->holder_count; i++) {
		const struct lock_holder *h = &wait->holders[i];

		json_array_append_new(list,
			json_pack("{s:o, s:o, s:b, s:o}", "task",
				h->task == NO_INDEX ? json_null() : json_address(a->tasks[h->task].address),
				"coroutine", json_address(h->coroutine), "inferred", true, "grounds",
				json_text(h->grounds)));
	}
	return list;
}

static json_t *json_connection(const struct connection *c)
{
	if (c->fd < 0 && !c->local && !c->peer)
		return json_null();
	return json_pack("{s:o, s:o, s:o}", "fd", c->fd < 0 ? json_null() : json_integer(c->fd), "local",
		json_text(c->local), "peer", json_text(c->peer));
}

static json_t *json_wait(const struct view *view, const struct wait *wait)
{
	json_t *o;

	if (wait->kind == WAIT_NONE)
		return json_null();
	o = json_object();
	json_object_set_new(o, "kind", json_string(wait_kind_name(wait->kind)));
	json_object_set_new(o, "address", json_address(wait->address));
	json_object_set_new(o, "type", json_text(wait->type_name));
	json_object_set_new(o, "done", json_boolean(wait->is_done));
	json_object_set_new(o, "on",
		wait->on ? json_pack("{s:o, s:o}", "address", json_address(wait->on), "type",
				   json_text(wait->on_type))
			 : json_null());
	json_object_set_new(o, "name", json_text(wait->name));
	json_object_set_new(o, "operation", json_text(wait->operation));
	json_object_set_new(o, "connection", json_connection(&wait->connection));
	json_object_set_new(o, "tasks", address_list(wait->tasks, wait->task_count));
	json_object_set_new(o, "text", json_text(wait->text));
	json_object_set_new(o, "wakes_by", json_text(wait->wakes_by));
	json_object_set_new(o, "holders", json_holders(view, wait));
	return o;
}

/* The text is the repr of the only argument, as in "KeyError: 'user'"; of the tuple when there are more. */
static json_t *json_exception(const struct view *view, const struct future *future)
{
	const struct pytype *type;
	uint64_t args, item;
	uint64_t count;
	json_t *text;

	if (!future->exception)
		return json_null();
	type = pytype_of(view->py, future->exception, NULL);
	if (!read_pointer(view->py, future->exception, FIELD_exception_args, &args, NULL) ||
		!sequence_length(view->py, args, KIND_TUPLE, &count, NULL))
		text = json_null();
	else if (count == 0)
		text = json_string("");
	else
		text = json_text(pyrepr(view->py,
			count == 1 && sequence_item(view->py, args, 0, &item, NULL) ? item : args,
			TEXT_LIMIT));
	return json_pack("{s:o, s:o, s:b}", "type", json_text(type ? type->full_name : NULL), "text", text,
		"retrieved", !future->exception_unretrieved);
}

static json_t *json_task_coroutine(const struct task *task)
{
	if (!task->parts.coroutine)
		return json_null();
	return json_pack("{s:o, s:o, s:o}", "address", json_address(task->parts.coroutine), "type",
		json_text(task->coroutine_type), "qualname", json_text(task->coroutine_qualname));
}

/* Tasks that wait for it, through anything. */
static json_t *json_waiters(const struct view *view, const struct task *task)
{
	const struct await_graph *g = view->model->awaits;
	size_t node = (size_t)(task - g->a->tasks);
	json_t *list = json_array();

	for (size_t i = g->in_first[node]; i < g->in_first[node + 1]; i++)
		if (await_edge_is_wait(g, &g->edges[g->in[i]]))
			json_array_append_new(
				list, json_address(g->a->tasks[g->edges[g->in[i]].from].address));
	return list;
}

static json_t *json_wake(const struct wake *wake)
{
	if (wake->class == WAKE_NONE)
		return json_null();
	return json_pack("{s:s, s:s, s:o}", "class", wake_class_name(wake->class), "certainty",
		wake_certainty_name(wake->certainty), "grounds", json_text(wake->grounds));
}

static json_t *describe_task(const struct view *view, const struct task *task)
{
	size_t index = (size_t)(task - view->model->asyncio->tasks);
	json_t *o = json_object();

	json_object_set_new(o, "address", json_address(task->address));
	json_object_set_new(o, "name", json_text(task->name));
	json_object_set_new(o, "type", json_text(task->type_name));
	json_object_set_new(o, "state", json_string(task_state_name(task_state(task))));
	json_object_set_new(o, "running", json_boolean(task->is_current || task->chain.is_running));
	json_object_set_new(o, "loop", json_address(task->future.loop));
	json_object_set_new(o, "coroutine", json_task_coroutine(task));
	json_object_set_new(o, "stack", json_chain(view, &task->chain));
	if (task->chain.is_cut)
		json_object_set_new(o, "stack_cut", json_true());
	json_object_set_new(o, "waits_for", json_wait(view, &task->wait));
	if (view->model->has_wakes)
		json_object_set_new(o, "wake", json_wake(&view->model->wakes.items[index]));
	json_object_set_new(o, "awaited_by", address_list(task->awaited_by, task->awaited_by_count));
	json_object_set_new(o, "waiters", json_waiters(view, task));
	json_object_set_new(o, "cancel_requests", json_integer(task->parts.cancel_requests));
	json_object_set_new(o, "must_cancel", json_boolean(task->parts.must_cancel));
	json_object_set_new(o, "exception", json_exception(view, &task->future));
	json_object_set_new(o, "created", json_creation(&task->creation));
	if (view->model->has_retained)
		json_object_set_new(o, "retained_bytes",
			json_integer((json_int_t)retained_of(&view->model->retained, task->address)));
	return o;
}

size_t json_task_count(const struct view *view)
{
	return view->model->asyncio->task_count;
}

json_t *json_task(const struct view *view, size_t i)
{
	return view_has_task(view, i) ? describe_task(view, &view->model->asyncio->tasks[i]) : NULL;
}

size_t json_coroutine_count(const struct view *view)
{
	return view->model->asyncio->coroutine_count;
}

json_t *json_coroutine(const struct view *view, size_t i)
{
	const struct asyncio *a = view->model->asyncio;
	const struct coroutine *c = &a->coroutines[i];

	if (!view_has_coroutine(view, i))
		return NULL;
	return json_pack("{s:o, s:s, s:o, s:s, s:o, s:o}", "address", json_address(c->gen.address), "type",
		c->gen.kind == KIND_ASYNCGEN ? "async_generator" : "coroutine", "qualname",
		json_text(c->qualname), "state", gen_state_name(c->gen.state), "task",
		c->task == NO_INDEX ? json_null() : json_address(a->tasks[c->task].address), "stack",
		json_chain(view, &c->chain));
}
