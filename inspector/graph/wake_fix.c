#include "inspector/graph/wake_fix.h"

#include <stdlib.h>
#include <string.h>

/* A source in origin[]: the caller's number, or a task's index with this bit. */
/* Nodes that come next are on their way while one is looked at. */
#define AHEAD 16

#define TASK_BIT UINT32_C(0x80000000)

/* Pairs in order of the first, found by it. */
struct pairs {
	struct pair {
		uint32_t from;
		uint32_t to;
	} * items; /* owned */
	size_t count, capacity;
};

/* What became of a task so far. */
struct state {
	bool is_woken, waits_for_loop;
	enum wake_round round;
	uint32_t origin;
};

struct wake_fix {
	const struct graph *graph;
	const struct wake_task *tasks;
	size_t task_count;
	const uint32_t *loop_nodes;
	const enum wake_loop_state *loop_states;
	size_t loop_count;

	struct state *states;
	uint32_t *origin;  /* by node; NO_SOURCE: not marked */
	uint64_t *blocked; /* by node: not passed */
	uint64_t *special; /* by node: it is in one of the lists below */
	enum wake_round round;
	struct pairs blocks;  /* task -> node */
	struct pairs kept;    /* node -> node */
	struct pairs links;   /* node -> node */
	struct pairs waiters; /* node -> task: who is woken when it is marked */
	struct pairs enders;  /* task -> task: who is woken when the first can run */
	struct pairs waiting; /* loop -> task: who would be woken if the loop could run */

	uint32_t *queue; /* nodes that are marked and not passed yet */
	size_t queue_count, queue_capacity;
	uint32_t *later; /* marked, but not to be passed in this round */
	size_t later_count, later_capacity;
	size_t *woken; /* tasks to be let go */
	size_t woken_count, woken_capacity;
};

static bool get_bit(const uint64_t *bits, uint32_t node)
{
	return bits[node / 64] >> (node % 64) & 1;
}

static void set_bit(uint64_t *bits, uint32_t node)
{
	bits[node / 64] |= UINT64_C(1) << (node % 64);
}

static void clear_bit(uint64_t *bits, uint32_t node)
{
	bits[node / 64] &= ~(UINT64_C(1) << (node % 64));
}

static void add_pair(struct pairs *pairs, uint32_t from, uint32_t to)
{
	pairs->items = grow_array(pairs->items, &pairs->capacity, pairs->count + 1, sizeof(*pairs->items));
	pairs->items[pairs->count++] = (struct pair){from, to};
}

static int by_from(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

static void sort_pairs(struct pairs *pairs)
{
	if (pairs->count)
		qsort(pairs->items, pairs->count, sizeof(*pairs->items), by_from);
}

/* The first pair from a number; pairs->count when there is none. */
static size_t find_pair(const struct pairs *pairs, uint32_t from)
{
	size_t low = 0, high = pairs->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pairs->items[middle].from < from)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

#define FOR_PAIRS(i, pairs, number)                                                                          \
	for (size_t i = find_pair(pairs, number); i < (pairs)->count && (pairs)->items[i].from == (number);  \
		i++)

struct wake_fix *wake_fix_create(const struct graph *graph, const struct wake_task *tasks, size_t task_count,
	const uint32_t *loop_nodes, const enum wake_loop_state *loop_states, size_t loop_count)
{
	struct wake_fix *fix = xcalloc(1, sizeof(*fix));
	size_t words = (size_t)graph->count / 64 + 1;

	fix->graph = graph;
	fix->tasks = tasks;
	fix->task_count = task_count;
	fix->loop_nodes = loop_nodes;
	fix->loop_states = loop_states;
	fix->loop_count = loop_count;
	fix->states = xcalloc(task_count, sizeof(*fix->states));
	fix->origin = xmalloc((size_t)graph->count * sizeof(*fix->origin));
	memset(fix->origin, 0xff, (size_t)graph->count * sizeof(*fix->origin));
	fix->blocked = xcalloc(words, sizeof(*fix->blocked));
	fix->special = xcalloc(words, sizeof(*fix->special));
	for (size_t i = 0; i < task_count; i++) {
		fix->states[i].origin = NO_SOURCE;
		if (tasks[i].node == NO_NODE)
			continue;
		wake_fix_block(fix, i, tasks[i].node);
		if (tasks[i].awaited_task != SIZE_MAX)
			add_pair(&fix->enders, (uint32_t)tasks[i].awaited_task, (uint32_t)i);
		else if (tasks[i].waits_for != NO_NODE)
			wake_fix_grip(fix, tasks[i].waits_for, i);
	}
	return fix;
}

void wake_fix_destroy(struct wake_fix *fix)
{
	if (!fix)
		return;
	free(fix->states);
	free(fix->origin);
	free(fix->blocked);
	free(fix->special);
	free(fix->blocks.items);
	free(fix->kept.items);
	free(fix->links.items);
	free(fix->waiters.items);
	free(fix->enders.items);
	free(fix->waiting.items);
	free(fix->queue);
	free(fix->later);
	free(fix->woken);
	free(fix);
}

void wake_fix_block(struct wake_fix *fix, size_t task, uint32_t node)
{
	set_bit(fix->blocked, node);
	add_pair(&fix->blocks, (uint32_t)task, node);
}

void wake_fix_keep(struct wake_fix *fix, uint32_t from, uint32_t to)
{
	add_pair(&fix->kept, from, to);
}

void wake_fix_link(struct wake_fix *fix, uint32_t from, uint32_t to)
{
	set_bit(fix->special, from);
	add_pair(&fix->links, from, to);
}

void wake_fix_grip(struct wake_fix *fix, uint32_t node, size_t task)
{
	set_bit(fix->special, node);
	add_pair(&fix->waiters, node, (uint32_t)task);
}

void wake_fix_follow(struct wake_fix *fix, size_t first, size_t second)
{
	add_pair(&fix->enders, (uint32_t)first, (uint32_t)second);
}

void wake_fix_prepare(struct wake_fix *fix)
{
	for (size_t i = 0; i < fix->task_count; i++) {
		const struct wake_task *task = &fix->tasks[i];

		if (task->loop != SIZE_MAX && fix->loop_states[task->loop] != WAKE_LOOP_RUNS)
			add_pair(&fix->waiting, (uint32_t)task->loop, (uint32_t)i);
	}
	sort_pairs(&fix->blocks);
	sort_pairs(&fix->kept);
	sort_pairs(&fix->links);
	sort_pairs(&fix->waiters);
	sort_pairs(&fix->enders);
	sort_pairs(&fix->waiting);
	for (size_t i = 0; i < fix->loop_count; i++)
		if (fix->loop_nodes[i] != NO_NODE)
			set_bit(fix->special, fix->loop_nodes[i]);
}

static bool can_loop_run(const struct wake_fix *fix, size_t loop)
{
	if (loop == SIZE_MAX || fix->loop_states[loop] == WAKE_LOOP_RUNS)
		return true;
	/* One that nobody runs now: whoever reaches it may. */
	return fix->loop_states[loop] == WAKE_LOOP_IDLE && fix->round >= ROUND_IDLE &&
	       fix->loop_nodes[loop] != NO_NODE && fix->origin[fix->loop_nodes[loop]] != NO_SOURCE;
}

static void wake(struct wake_fix *fix, size_t task, uint32_t origin)
{
	struct state *state = &fix->states[task];

	if (state->is_woken || fix->tasks[task].node == NO_NODE)
		return;
	if (state->origin == NO_SOURCE)
		state->origin = origin;
	if (!can_loop_run(fix, fix->tasks[task].loop)) {
		state->waits_for_loop = true;
		return;
	}
	state->waits_for_loop = false;
	state->is_woken = true;
	state->round = fix->round;
	fix->woken = grow_array(fix->woken, &fix->woken_capacity, fix->woken_count + 1, sizeof(*fix->woken));
	fix->woken[fix->woken_count++] = task;
}

static void push(struct wake_fix *fix, uint32_t node)
{
	fix->queue = grow_array(fix->queue, &fix->queue_capacity, fix->queue_count + 1, sizeof(*fix->queue));
	fix->queue[fix->queue_count++] = node;
	adjacency_fetch(&fix->graph->out, node);
}

/* Tasks that lack nothing but their loop, which was just found. */
static void find_loop(struct wake_fix *fix, uint32_t node)
{
	for (size_t i = 0; i < fix->loop_count; i++) {
		if (fix->loop_nodes[i] != node || !can_loop_run(fix, i))
			continue;
		FOR_PAIRS(k, &fix->waiting, (uint32_t)i)
		{
			size_t task = fix->waiting.items[k].to;

			if (fix->states[task].waits_for_loop)
				wake(fix, task, fix->states[task].origin);
		}
	}
}

static void mark(struct wake_fix *fix, uint32_t node, uint32_t origin)
{
	if (fix->origin[node] != NO_SOURCE)
		return;
	fix->origin[node] = origin;
	push(fix, node);
	if (!get_bit(fix->special, node))
		return;
	find_loop(fix, node);
	FOR_PAIRS(i, &fix->waiters, node)
	wake(fix, fix->waiters.items[i].to, origin);
}

static bool is_for_later(const struct wake_fix *fix, uint32_t node)
{
	if (fix->round >= ROUND_IDLE)
		return false;
	if (get_bit(fix->graph->statics, node))
		return true;
	for (size_t i = 0; get_bit(fix->special, node) && i < fix->loop_count; i++)
		if (fix->loop_nodes[i] == node)
			return fix->round < ROUND_ACTIVE || fix->loop_states[i] != WAKE_LOOP_RUNS;
	return false;
}

static void pass(struct wake_fix *fix, uint32_t node)
{
	size_t count;
	const uint32_t *out = graph_targets(fix->graph, node, &count);
	uint32_t origin = fix->origin[node];

	if (fix->queue_count)
		adjacency_fetch_run(&fix->graph->out, fix->queue[fix->queue_count - 1]);
	for (size_t i = 1; i < count && i < AHEAD; i++)
		__builtin_prefetch(&fix->origin[out[i]]);
	if (get_bit(fix->blocked, node)) {
		FOR_PAIRS(i, &fix->kept, node)
		mark(fix, fix->kept.items[i].to, origin);
		return;
	}
	if (is_for_later(fix, node)) {
		fix->later = grow_array(
			fix->later, &fix->later_capacity, fix->later_count + 1, sizeof(*fix->later));
		fix->later[fix->later_count++] = node;
		return;
	}
	for (size_t i = 0; i < count; i++)
		mark(fix, out[i], origin);
	if (get_bit(fix->special, node))
		FOR_PAIRS(i, &fix->links, node)
	mark(fix, fix->links.items[i].to, origin);
}

/* All that the task has is a way now, whether it was marked before or not. */
static void let_go(struct wake_fix *fix, size_t task)
{
	uint32_t origin = TASK_BIT | (uint32_t)task;

	FOR_PAIRS(i, &fix->blocks, (uint32_t)task)
	{
		uint32_t node = fix->blocks.items[i].to;

		clear_bit(fix->blocked, node);
		if (fix->origin[node] == NO_SOURCE) {
			mark(fix, node, origin);
		} else {
			fix->origin[node] = origin;
			push(fix, node);
		}
	}
	FOR_PAIRS(i, &fix->enders, (uint32_t)task)
	wake(fix, fix->enders.items[i].to, origin);
}

void wake_fix_mark(struct wake_fix *fix, uint32_t node, uint32_t source)
{
	mark(fix, node, source);
}

void wake_fix_wake(struct wake_fix *fix, size_t task, uint32_t source)
{
	wake(fix, task, source);
}

void wake_fix_run(struct wake_fix *fix)
{
	while (fix->queue_count || fix->woken_count) {
		if (fix->woken_count)
			let_go(fix, fix->woken[--fix->woken_count]);
		else
			pass(fix, fix->queue[--fix->queue_count]);
	}
}

void wake_fix_round(struct wake_fix *fix, enum wake_round round)
{
	size_t count = fix->later_count;

	fix->round = round;
	fix->later_count = 0;
	/* What is put off once more goes to places that were read already. */
	for (size_t i = 0; i < count; i++)
		push(fix, fix->later[i]);
	/* Loops that were found in a round in which that was not enough. */
	for (size_t i = 0; i < fix->loop_count; i++)
		if (fix->loop_nodes[i] != NO_NODE && fix->origin[fix->loop_nodes[i]] != NO_SOURCE)
			find_loop(fix, fix->loop_nodes[i]);
}

bool wake_fix_is_marked(const struct wake_fix *fix, uint32_t node)
{
	return fix->origin[node] != NO_SOURCE;
}

struct wake_result wake_fix_result(const struct wake_fix *fix, size_t task)
{
	const struct state *state = &fix->states[task];
	bool by_task = state->origin != NO_SOURCE && state->origin & TASK_BIT;

	return (struct wake_result){
		.is_woken = state->is_woken,
		.waits_for_loop = state->waits_for_loop,
		.round = state->round,
		.source = by_task ? NO_SOURCE : state->origin,
		.by_task = by_task ? state->origin & ~TASK_BIT : SIZE_MAX,
	};
}
