#include "inspector/report/json_parts.h"

#include "inspector/python/memory.h"
#include "inspector/python/repr.h"
#include "inspector/python/sequence.h"

/* An exception's text is cut after so many characters. */
#define TEXT_LIMIT 2000

static void put_addresses(struct json_out *out, const char *name, const uint64_t *addresses, size_t count)
{
	json_put_array(out, name);
	for (size_t i = 0; i < count; i++)
		json_put_address(out, NULL, addresses[i]);
	json_end_array(out);
}

/* The variables of a frame: names and values. */
static void put_locals(struct json_out *out, const struct view *view, const struct pyframe *frame)
{
	json_put_array(out, "locals");
	for (uint32_t i = 0; i < frame->code->nlocalsplus; i++) {
		uint64_t value = pycode_is_hidden(frame->code, i) ? 0 : pyframe_variable(view->py, frame, i);
		const char *name = value ? pycode_local_name(view->py, frame->code, i) : NULL;

		if (!name)
			continue;
		json_put_object(out, NULL);
		json_put_text(out, "name", name);
		json_put_text(out, "value", pyrepr(view->py, value, view->repr_limit));
		json_end_object(out);
	}
	json_end_array(out);
}

void json_link(struct json_out *out, const struct view *view, const struct link *link)
{
	json_put_object(out, NULL);
	json_put_text(out, "kind", link_kind_name(link->kind));
	json_put_address(out, "address", link->address);
	json_put_text(out, "qualname", link->qualname);
	json_put_text(out, "file", link->file);
	if (link->line)
		json_put_integer(out, "line", link->line);
	else
		json_put_null(out, "line");
	if (view->with_locals && link->has_frame)
		put_locals(out, view, &link->frame);
	json_end_object(out);
}

void json_chain(struct json_out *out, const char *name, const struct view *view, const struct chain *chain)
{
	json_put_array(out, name);
	for (size_t i = 0; i < chain->count; i++)
		json_link(out, view, &chain->links[i]);
	json_end_array(out);
}

static void put_holders(struct json_out *out, const struct view *view, const struct wait *wait)
{
	const struct asyncio *a = view->model->asyncio;

	json_put_array(out, "holders");
	for (size_t i = 0; i < wait->holder_count; i++) {
		const struct lock_holder *h = &wait->holders[i];

		json_put_object(out, NULL);
		json_put_address(out, "task", h->task == NO_INDEX ? 0 : a->tasks[h->task].address);
		json_put_address(out, "coroutine", h->coroutine);
		json_put_boolean(out, "inferred", true);
		json_put_text(out, "grounds", h->grounds);
		json_end_object(out);
	}
	json_end_array(out);
}

static void put_connection(struct json_out *out, const struct connection *c)
{
	if (c->fd < 0 && !c->local && !c->peer) {
		json_put_null(out, "connection");
		return;
	}
	json_put_object(out, "connection");
	if (c->fd < 0)
		json_put_null(out, "fd");
	else
		json_put_integer(out, "fd", c->fd);
	json_put_text(out, "local", c->local);
	json_put_text(out, "peer", c->peer);
	json_end_object(out);
}

static void put_wait(struct json_out *out, const struct view *view, const struct wait *wait)
{
	if (wait->kind == WAIT_NONE) {
		json_put_null(out, "waits_for");
		return;
	}
	json_put_object(out, "waits_for");
	json_put_text(out, "kind", wait_kind_name(wait->kind));
	json_put_address(out, "address", wait->address);
	json_put_text(out, "type", wait->type_name);
	json_put_boolean(out, "done", wait->is_done);
	if (wait->on) {
		json_put_object(out, "on");
		json_put_address(out, "address", wait->on);
		json_put_text(out, "type", wait->on_type);
		json_end_object(out);
	} else {
		json_put_null(out, "on");
	}
	json_put_text(out, "name", wait->name);
	json_put_text(out, "operation", wait->operation);
	put_connection(out, &wait->connection);
	put_addresses(out, "tasks", wait->tasks, wait->task_count);
	json_put_text(out, "text", wait->text);
	json_put_text(out, "wakes_by", wait->wakes_by);
	put_holders(out, view, wait);
	json_end_object(out);
}

/* The text is the repr of the only argument, as in "KeyError: 'user'"; of the tuple when there are more. */
static json_t *json_exception(const struct view *view, const struct future *future)
{
	const struct pytype *type;
	uint64_t args, item;
	uint64_t count;
	json_t *text;

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

static void put_coroutine(struct json_out *out, const struct task *task)
{
	if (!task->parts.coroutine) {
		json_put_null(out, "coroutine");
		return;
	}
	json_put_object(out, "coroutine");
	json_put_address(out, "address", task->parts.coroutine);
	json_put_text(out, "type", task->coroutine_type);
	json_put_text(out, "qualname", task->coroutine_qualname);
	json_end_object(out);
}

/* Tasks that wait for it, through anything. */
static void put_waiters(struct json_out *out, const struct view *view, const struct task *task)
{
	const struct await_graph *g = view->model->awaits;
	size_t node = (size_t)(task - g->a->tasks);

	json_put_array(out, "waiters");
	for (size_t i = g->in_first[node]; i < g->in_first[node + 1]; i++)
		if (await_edge_is_wait(g, &g->edges[g->in[i]]))
			json_put_address(out, NULL, g->a->tasks[g->edges[g->in[i]].from].address);
	json_end_array(out);
}

static void put_wake(struct json_out *out, const struct wake *wake)
{
	if (wake->class == WAKE_NONE) {
		json_put_null(out, "wake");
		return;
	}
	json_put_object(out, "wake");
	json_put_text(out, "class", wake_class_name(wake->class));
	json_put_text(out, "certainty", wake_certainty_name(wake->certainty));
	json_put_text(out, "grounds", wake->grounds);
	json_end_object(out);
}

static void put_task(struct json_out *out, const struct view *view, const struct task *task, size_t index)
{
	json_put_object(out, NULL);
	json_put_address(out, "address", task->address);
	json_put_text(out, "name", task->name);
	json_put_text(out, "type", task->type_name);
	json_put_text(out, "state", task_state_name(task_state(task)));
	json_put_boolean(out, "running", task->is_current || task->chain.is_running);
	json_put_address(out, "loop", task->future.loop);
	put_coroutine(out, task);
	json_chain(out, "stack", view, &task->chain);
	if (task->chain.is_cut)
		json_put_boolean(out, "stack_cut", true);
	put_wait(out, view, &task->wait);
	if (view->model->has_wakes)
		put_wake(out, &view->model->wakes.items[index]);
	put_addresses(out, "awaited_by", task->awaited_by, task->awaited_by_count);
	put_waiters(out, view, task);
	json_put_integer(out, "cancel_requests", task->parts.cancel_requests);
	json_put_boolean(out, "must_cancel", task->parts.must_cancel);
	if (task->future.exception)
		json_put(out, "exception", json_exception(view, &task->future));
	else
		json_put_null(out, "exception");
	if (task->creation.source != CREATION_NONE)
		json_put(out, "created", json_creation(&task->creation));
	else
		json_put_null(out, "created");
	if (view->model->has_retained)
		json_put_integer(
			out, "retained_bytes", (int64_t)retained_of(&view->model->retained, task->address));
	json_end_object(out);
}

size_t json_task_count(const struct view *view)
{
	return view->model->asyncio->task_count;
}

void json_task(struct json_out *out, const struct view *view, size_t i)
{
	if (view_has_task(view, i))
		put_task(out, view, &view->model->asyncio->tasks[i], i);
}

size_t json_coroutine_count(const struct view *view)
{
	return view->model->asyncio->coroutine_count;
}

void json_coroutine(struct json_out *out, const struct view *view, size_t i)
{
	const struct asyncio *a = view->model->asyncio;
	const struct coroutine *c = &a->coroutines[i];

	if (!view_has_coroutine(view, i))
		return;
	json_put_object(out, NULL);
	json_put_address(out, "address", c->gen.address);
	json_put_text(out, "type", c->gen.kind == KIND_ASYNCGEN ? "async_generator" : "coroutine");
	json_put_text(out, "qualname", c->qualname);
	json_put_text(out, "state", gen_state_name(c->gen.state));
	json_put_address(out, "task", c->task == NO_INDEX ? 0 : a->tasks[c->task].address);
	json_chain(out, "stack", view, &c->chain);
	json_end_object(out);
}
