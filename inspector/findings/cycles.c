#include "inspector/findings/cycles.h"

#include <string.h>

/* Of a ring. */
#define NAMES_MOST 4
#define LINES_MOST 12
/* Of a class. */
#define BASES_MAX 64

bool cycle_is_of_tasks(const struct await_graph *graph, const struct await_cycle *cycle)
{
	for (size_t i = 0; i < cycle->ring_count; i++)
		if (!await_edge_is_wait(graph, &graph->edges[cycle->ring[i]]))
			return false;
	return true;
}

static void append_thread(const struct asyncio *a, size_t thread, struct strbuf *s)
{
	const struct pythread *t = &a->threads.threads[thread];

	if (t->name)
		strbuf_printf(s, "thread '%s'", t->name);
	else
		strbuf_printf(s, "thread %llu", (unsigned long long)t->native_id);
}

static void append_node(const struct await_graph *graph, size_t node, bool with_coroutine, struct strbuf *s)
{
	const struct task *task;

	if (await_graph_thread(graph, node) != NO_INDEX) {
		append_thread(graph->a, await_graph_thread(graph, node), s);
		return;
	}
	task = &graph->a->tasks[node];
	strbuf_printf(s, "task '%s'", task->name);
	if (with_coroutine && task->coroutine_qualname)
		strbuf_printf(s, " (%s)", task->coroutine_qualname);
}

/* A timer that will end the wait of a task: it sets the future, or cancels the task. */
static bool has_timeout(const struct asyncio *a, const struct task *task)
{
	for (size_t i = 0; i < a->loop_count; i++)
		for (size_t k = 0; k < a->loops[i].timers.count; k++) {
			const struct handle *timer = &a->loops[i].timers.items[k];

			if (!timer->is_cancelled &&
				(timer->task == task->address ||
					(timer->future && timer->future == task->wait.address)))
				return true;
		}
	return false;
}

/* A Lock has one holder; what else can be waited for here has several. */
static bool is_lock(struct python *py, uint64_t primitive)
{
	const struct pytype *type = primitive ? pytype_of(py, primitive, NULL) : NULL;

	for (int i = 0; type && i < BASES_MAX; i++, type = type->base)
		if (strcmp(type->full_name, "asyncio.locks.Lock") == 0)
			return true;
	return false;
}

static const char *type_name(struct python *py, uint64_t object)
{
	const struct pytype *type = pytype_of(py, object, NULL);

	return type ? type->name : "?";
}

static const struct lock_holder *find_holder(const struct task *task, size_t holder)
{
	for (size_t i = 0; i < task->wait.holder_count; i++)
		if (task->wait.holders[i].task == holder)
			return &task->wait.holders[i];
	return NULL;
}

static void tell_edge(struct model *model, struct finding *finding, const struct await_edge *edge)
{
	const struct await_graph *graph = model->awaits;
	const struct task *from = edge->from < graph->task_count ? &graph->a->tasks[edge->from] : NULL;
	const struct lock_holder *holder = NULL;
	struct strbuf s = STRBUF_INIT;

	append_node(graph, edge->from, true, &s);
	switch (edge->via) {
	case AWAIT_HOLDER:
		holder = find_holder(from, edge->to);
		strbuf_printf(&s, " waits for the %s 0x%llx, which ", type_name(model->py, edge->on),
			(unsigned long long)edge->on);
		append_node(graph, edge->to, false, &s);
		strbuf_append(&s, " holds");
		if (holder)
			strbuf_printf(&s, " (inferred: %s)", holder->grounds);
		break;
	case AWAIT_JOB:
		strbuf_append(&s, " waits for a job that ");
		append_node(graph, edge->to, false, &s);
		strbuf_append(&s, " executes");
		break;
	case AWAIT_LOOP:
		strbuf_append(&s, " can run in ");
		append_node(graph, edge->to, false, &s);
		strbuf_append(&s, " only, which blocks");
		break;
	default:
		strbuf_append(&s, edge->via == AWAIT_JOIN ? " joins " : " waits for ");
		append_node(graph, edge->to, false, &s);
		if (edge->via == AWAIT_TASK && from->wait.kind != WAIT_TASK)
			strbuf_printf(&s, ", by %s", wait_kind_name(from->wait.kind));
	}
	finding_evidence(model, finding, "%s", strbuf_text(&s));
	strbuf_deinit(&s);
}

static void add_title_names(
	const struct await_graph *graph, const struct await_cycle *cycle, struct strbuf *s)
{
	for (size_t i = 0; i < cycle->ring_count && i < NAMES_MOST; i++) {
		strbuf_append(s, i ? " -> " : "");
		append_node(graph, graph->edges[cycle->ring[i]].from, false, s);
	}
	if (cycle->ring_count > NAMES_MOST)
		strbuf_printf(s, " -> ... %zu more", cycle->ring_count - NAMES_MOST);
	strbuf_append(s, " -> ");
	append_node(graph, graph->edges[cycle->ring[0]].from, false, s);
}

static void add_objects(struct model *model, struct finding *finding, const struct await_cycle *cycle)
{
	const struct await_graph *graph = model->awaits;

	for (size_t i = 0; i < cycle->count; i++)
		if (cycle->nodes[i] < graph->task_count)
			finding_object(model, finding, graph->a->tasks[cycle->nodes[i]].address);
	for (size_t i = 0; i < cycle->ring_count; i++)
		if (graph->edges[cycle->ring[i]].via == AWAIT_HOLDER)
			finding_object(model, finding, graph->edges[cycle->ring[i]].on);
}

/* Says why the circle may end after all. False: nothing was found. */
static bool tell_way_out(struct model *model, struct finding *finding, const struct await_cycle *cycle)
{
	const struct await_graph *graph = model->awaits;
	bool may_end = cycle->has_choice;

	if (cycle->has_choice)
		finding_evidence(model, finding, "one of them waits for the first of several: it may go on");
	for (size_t i = 0; i < cycle->count; i++) {
		size_t node = cycle->nodes[i], thread = await_graph_thread(graph, node);

		if (thread == NO_INDEX ? !has_timeout(graph->a, &graph->a->tasks[node])
				       : !graph->threadsafe.waits[thread].has_timeout)
			continue;
		finding_evidence(model, finding, "a timeout will end the wait of %s '%s'",
			thread == NO_INDEX ? "task" : "thread",
			thread == NO_INDEX			 ? graph->a->tasks[node].name
			: graph->a->threads.threads[thread].name ? graph->a->threads.threads[thread].name
								 : "?");
		may_end = true;
		break;
	}
	for (size_t i = 0; i < cycle->ring_count; i++) {
		const struct await_edge *edge = &graph->edges[cycle->ring[i]];

		if (edge->via != AWAIT_HOLDER || is_lock(model->py, edge->on))
			continue;
		finding_evidence(model, finding, "others that were not found may hold a %s too",
			type_name(model->py, edge->on));
		may_end = true;
		break;
	}
	return may_end;
}

void cycle_report(struct model *model, const char *rule, const struct await_cycle *cycle, const char *advice)
{
	const struct await_graph *graph = model->awaits;
	struct strbuf title = STRBUF_INIT;
	struct finding *finding;

	add_title_names(graph, cycle, &title);
	finding = finding_add(model, rule, SEVERITY_ERROR, "%s", strbuf_text(&title));
	strbuf_deinit(&title);
	finding->advice = advice;
	finding->is_inferred = cycle->vias & (1U << AWAIT_HOLDER);
	add_objects(model, finding, cycle);
	for (size_t i = 0; i < cycle->ring_count && i < LINES_MOST; i++)
		tell_edge(model, finding, &graph->edges[cycle->ring[i]]);
	if (cycle->ring_count > LINES_MOST)
		finding_evidence(model, finding, "and %zu more waits", cycle->ring_count - LINES_MOST);
	if (cycle->count > cycle->ring_count)
		finding_evidence(
			model, finding, "%zu more are in it by other ways", cycle->count - cycle->ring_count);
	if (tell_way_out(model, finding, cycle))
		finding->severity = SEVERITY_WARNING;
}
