#include "inspector/report/json_parts.h"

size_t json_cycle_count(const struct view *view)
{
	return view->model->awaits->cycle_count;
}

/* A task by its address, a thread by its ID. */
static void set_node(
	json_t *o, const struct await_graph *g, size_t node, const char *task, const char *thread)
{
	bool is_task = node < g->task_count;

	json_object_set_new(o, task, is_task ? json_address(g->a->tasks[node].address) : json_null());
	json_object_set_new(o, thread,
		is_task ? json_null()
			: json_integer(
				  (json_int_t)g->a->threads.threads[await_graph_thread(g, node)].native_id));
}

static json_t *json_await(const struct await_graph *g, const struct await_edge *edge)
{
	json_t *o = json_object();

	set_node(o, g, edge->from, "from", "from_thread");
	set_node(o, g, edge->to, "to", "to_thread");
	json_object_set_new(o, "via", json_string(await_via_name(edge->via)));
	json_object_set_new(o, "on", json_address(edge->on));
	json_object_set_new(o, "any", json_boolean(edge->is_any));
	return o;
}

json_t *json_cycle(const struct view *view, size_t i)
{
	const struct await_graph *g = view->model->awaits;
	const struct await_cycle *cycle = &g->cycles[i];
	json_t *tasks = json_array(), *threads = json_array(), *ring = json_array();

	for (size_t k = 0; k < cycle->count; k++) {
		size_t node = cycle->nodes[k], thread = await_graph_thread(g, node);

		if (thread == NO_INDEX)
			json_array_append_new(tasks, json_address(g->a->tasks[node].address));
		else
			json_array_append_new(
				threads, json_integer((json_int_t)g->a->threads.threads[thread].native_id));
	}
	for (size_t k = 0; k < cycle->ring_count; k++)
		json_array_append_new(ring, json_await(g, &g->edges[cycle->ring[k]]));
	return json_pack("{s:o, s:o, s:o}", "tasks", tasks, "threads", threads, "ring", ring);
}
