#include "inspector/graph/await_graph.h"

#include "inspector/graph/await_cycles.h"
#include "inspector/graph/await_listed.h"
#include "inspector/graph/await_through.h"
#include "inspector/python/str.h"

#include <stdlib.h>
#include <string.h>

/* Futures between tasks that are looked through, in all: a target can have many tasks wait for the same many.
 */
#define THROUGH_MAX ((size_t)1 << 22)

struct builder {
	struct await_graph *g;
	size_t capacity;
	struct addrmap seen; /* from * count + to: pairs that have an edge */
	size_t *list;	     /* of tasks that a source names */
	size_t list_capacity;
	size_t budget; /* futures that may be looked through */
};

const char *await_via_name(enum await_via via)
{
	static const char *const names[] = {
		[AWAIT_TASK] = "await",
		[AWAIT_THREADSAFE] = "run_coroutine_threadsafe",
		[AWAIT_JOB] = "executor",
		[AWAIT_JOIN] = "join",
		[AWAIT_HOLDER] = "holder",
		[AWAIT_LOOP] = "loop",
		[AWAIT_LISTED] = "awaited_by",
	};

	return names[via];
}

/* The first edge of a pair stays. There are never 2^32 nodes: their tasks would not fit the memory. */
static void add_edge(struct builder *b, size_t from, size_t to, enum await_via via, bool is_any, uint64_t on)
{
	struct await_graph *g = b->g;

	if (!addrmap_put(&b->seen, (uint64_t)from * g->count + to, 0))
		return;
	g->edges = grow_array(g->edges, &b->capacity, g->edge_count + 1, sizeof(*g->edges));
	g->edges[g->edge_count++] =
		(struct await_edge){.from = from, .to = to, .via = via, .is_any = is_any, .on = on};
}

/* To what sets a concurrent future. */
static void add_setter(struct builder *b, size_t from, uint64_t future)
{
	const struct asyncio *a = b->g->a;
	struct setter setter = threadsafe_setter(&b->g->threadsafe, future);
	size_t threads = b->g->task_count;

	if (setter.kind == SETTER_TASK)
		add_edge(b, from, setter.index, AWAIT_THREADSAFE, false, future);
	else if (setter.kind == SETTER_THREAD)
		add_edge(b, from, threads + setter.index, AWAIT_JOB, false, future);
	else if (setter.kind == SETTER_LOOP && a->loops[setter.index].thread != NO_INDEX)
		add_edge(b, from, threads + a->loops[setter.index].thread, AWAIT_THREADSAFE, false, future);
}

static void add_wait(struct builder *b, size_t index)
{
	const struct asyncio *a = b->g->a;
	const struct task *task = &a->tasks[index];
	const struct wait *wait = &task->wait;
	bool is_any = wait->task_count > 1 && wait->is_any;

	if (wait->kind == WAIT_NONE || wait->is_done)
		return;
	/* Of a thread's future the task that sets it is there, and an edge of its own below. */
	for (size_t i = 0; wait->kind != WAIT_THREAD && i < wait->task_count; i++) {
		size_t to = asyncio_find_task(a, wait->tasks[i]);

		if (to != NO_INDEX)
			add_edge(b, index, to, AWAIT_TASK, is_any, 0);
	}
	if (wait->kind == WAIT_GATHER || wait->kind == WAIT_SHIELD) {
		size_t count =
			await_through_add(a, wait->address, &b->budget, &b->list, &b->list_capacity, 0);

		for (size_t i = 0; i < count; i++)
			add_edge(b, index, b->list[i], AWAIT_TASK, false, 0);
	}
	for (size_t i = 0; i < wait->holder_count; i++)
		if (wait->holders[i].task != NO_INDEX)
			add_edge(b, index, wait->holders[i].task, AWAIT_HOLDER, wait->holder_count > 1,
				wait->holders[i].primitive);
	if (threadsafe_is_future(a->py, wait->on))
		add_setter(b, index, wait->on);
}

static void add_thread(struct builder *b, size_t thread)
{
	const struct thread_wait *wait = &b->g->threadsafe.waits[thread];
	size_t from = b->g->task_count + thread;

	if (wait->kind == THREAD_WAIT_FUTURE)
		add_setter(b, from, wait->on);
	else if (wait->kind == THREAD_WAIT_JOIN && wait->thread != NO_INDEX)
		add_edge(b, from, b->g->task_count + wait->thread, AWAIT_JOIN, false, wait->on);
}

/* Tasks of a loop whose thread is known to wait for another node. */
static void add_blocked_loops(struct builder *b)
{
	const struct asyncio *a = b->g->a;
	bool *is_waiting = xcalloc(b->g->count, sizeof(*is_waiting));

	for (size_t i = 0; i < b->g->edge_count; i++)
		is_waiting[b->g->edges[i].from] = true;
	for (size_t i = 0; i < a->task_count; i++) {
		size_t loop = asyncio_find_loop(a, a->tasks[i].future.loop);
		size_t node = loop == NO_INDEX || a->loops[loop].thread == NO_INDEX
				      ? NO_INDEX
				      : b->g->task_count + a->loops[loop].thread;

		if (node != NO_INDEX && is_waiting[node] && task_state(&a->tasks[i]) == TASK_PENDING)
			add_edge(b, i, node, AWAIT_LOOP, false, a->loops[loop].address);
	}
	free(is_waiting);
}

static int by_index(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return x < y ? -1 : x > y;
}

static void add_listed(struct builder *b, size_t task)
{
	const struct asyncio *a = b->g->a;
	size_t count;

	if (task_state(&a->tasks[task]) != TASK_PENDING)
		return;
	count = await_listed_add(a, task, &b->list, &b->list_capacity, 0);
	if (count)
		qsort(b->list, count, sizeof(*b->list), by_index);
	for (size_t i = 0; i < count; i++)
		if (task_state(&a->tasks[b->list[i]]) == TASK_PENDING)
			add_edge(b, b->list[i], task, AWAIT_LISTED, false, 0);
}

static void add_edges(struct builder *b)
{
	for (size_t i = 0; i < b->g->task_count; i++)
		add_wait(b, i);
	for (size_t i = 0; i < b->g->a->threads.count; i++)
		add_thread(b, i);
	add_blocked_loops(b);
	for (size_t i = 0; i < b->g->task_count; i++)
		add_listed(b, i);
}

/* By from, stable: a counting sort. */
static void sort_edges(struct await_graph *g)
{
	struct await_edge *sorted = xcalloc(g->edge_count, sizeof(*sorted));
	size_t *next = xcalloc(g->count + 1, sizeof(*next));

	g->first = xcalloc(g->count + 2, sizeof(*g->first));
	for (size_t i = 0; i < g->edge_count; i++)
		g->first[g->edges[i].from + 1]++;
	for (size_t i = 0; i < g->count; i++)
		g->first[i + 1] += g->first[i];
	memcpy(next, g->first, (g->count + 1) * sizeof(*next));
	for (size_t i = 0; i < g->edge_count; i++)
		sorted[next[g->edges[i].from]++] = g->edges[i];
	free(g->edges);
	free(next);
	g->edges = sorted;
}

static void index_incoming(struct await_graph *g)
{
	size_t *next = xcalloc(g->count + 1, sizeof(*next));

	g->in_first = xcalloc(g->count + 2, sizeof(*g->in_first));
	g->in = xcalloc(g->edge_count, sizeof(*g->in));
	for (size_t i = 0; i < g->edge_count; i++)
		g->in_first[g->edges[i].to + 1]++;
	for (size_t i = 0; i < g->count; i++)
		g->in_first[i + 1] += g->in_first[i];
	memcpy(next, g->in_first, (g->count + 1) * sizeof(*next));
	for (size_t i = 0; i < g->edge_count; i++)
		g->in[next[g->edges[i].to]++] = i;
	free(next);
}

struct await_graph *await_graph_build(const struct asyncio *a)
{
	struct await_graph *g = xcalloc(1, sizeof(*g));
	struct builder b = {.g = g, .budget = THROUGH_MAX};

	g->a = a;
	g->task_count = a->task_count;
	g->count = a->task_count + a->threads.count;
	threadsafe_read(a, &g->threadsafe);
	add_edges(&b);
	sort_edges(g);
	index_incoming(g);
	await_cycles_find(g);
	free(b.list);
	addrmap_deinit(&b.seen);
	return g;
}

void await_graph_destroy(struct await_graph *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->cycle_count; i++) {
		free(g->cycles[i].nodes);
		free(g->cycles[i].ring);
	}
	threadsafe_deinit(&g->threadsafe);
	free(g->cycles);
	free(g->cycle_of);
	free(g->edges);
	free(g->first);
	free(g->in_first);
	free(g->in);
	free(g);
}

size_t await_graph_thread(const struct await_graph *g, size_t node)
{
	return node < g->task_count ? NO_INDEX : node - g->task_count;
}

bool await_edge_is_wait(const struct await_graph *g, const struct await_edge *edge)
{
	return edge->from < g->task_count && edge->to < g->task_count &&
	       (edge->via == AWAIT_TASK || edge->via == AWAIT_THREADSAFE);
}
