#include "inspector/graph/dominators.h"

#include "inspector/base/big.h"

#include <stdlib.h>

/* By number, in one place: the search for semidominators jumps about. */
struct info {
	union {
		uint32_t parent; /* in the tree of the search; later the root of a path that was compressed */
		uint32_t depth;	 /* in the end: in the tree of dominators */
	};
	uint32_t semi; /* semidominator, so far */
	union {
		uint32_t label; /* of the path up to parent, the number whose semi is least */
		uint32_t jump;	/* in the end: a dominator further above, as in dominator_tree.h */
	};
};

struct visit {
	uint32_t node, next; /* the next of its edges to follow */
};

struct numbers {
	uint32_t *items;
	size_t count, capacity;
};

struct search {
	const struct graph *graph;
	const struct dominator_request *request;
	struct all_sources in;
	uint32_t *number; /* by node; 0: not met */
	/* By node: it has a number. A small table that is asked for each edge. */
	uint64_t *met;
	/* By number: its node, for as long as the edges to that are to be looked at; then its parent, and in
	 * the end its immediate dominator. */
	uint32_t *vertex;
	struct info *info;
	uint32_t last;	   /* number */
	uint32_t live;	   /* the last number that is no garbage */
	uint64_t *is_root; /* by node */
	struct visit *stack;
	size_t depth, capacity;
	struct numbers path; /* of compress */
};

static bool has_bit(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

static void set_bit(uint64_t *bits, uint32_t i)
{
	bits[i / 64] |= UINT64_C(1) << (i % 64);
}

/* Asked once for so many numbers. */
#define ASKED_EVERY 65536

static bool is_interrupted(const struct search *s)
{
	return s->graph->py && progress_is_interrupted(s->graph->py->progress);
}

static void push(struct numbers *list, uint32_t item)
{
	list->items = grow_array(list->items, &list->capacity, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = item;
}

static void enter(struct search *s, uint32_t node, uint32_t parent)
{
	uint32_t number = ++s->last;

	s->number[node] = number;
	set_bit(s->met, node);
	s->vertex[number] = node;
	s->info[number] = (struct info){.parent = parent, .semi = number, .label = number};
	s->stack = grow_array(s->stack, &s->capacity, s->depth + 1, sizeof(*s->stack));
	s->stack[s->depth++] = (struct visit){node, 0};
}

static bool is_barrier(const struct search *s, uint32_t node)
{
	for (size_t i = 0; i < s->request->barrier_count; i++)
		if (s->request->barriers[i] == node)
			return true;
	return false;
}

#define BROTHERS 8

/* Those that come after the first one: when it is their turn, what says where they lead is here. */
static void fetch_brothers(const struct graph *g, const uint32_t *targets, size_t count)
{
	for (size_t i = 1; i < count && i < BROTHERS; i++)
		adjacency_fetch(&g->out, targets[i]);
}

static void search_from(struct search *s, uint32_t root)
{
	const struct graph *g = s->graph;

	set_bit(s->is_root, root);
	if (has_bit(s->met, root))
		return;
	enter(s, root, 0);
	for (uint64_t step = 1; s->depth; step++) {
		struct visit *top = &s->stack[s->depth - 1];
		const uint32_t *targets;
		uint32_t next;
		size_t count;

		if (step % ASKED_EVERY == 0 && is_interrupted(s)) {
			s->depth = 0;
			return;
		}
		targets = graph_targets(g, top->node, &count);
		next = top->next;
		if (!next)
			fetch_brothers(g, targets, count);
		while (next < count && (has_bit(s->met, targets[next]) || is_barrier(s, targets[next])))
			next++;
		if (next >= count) {
			s->depth--;
			continue;
		}
		top->next = next + 1;
		if (next + 1 < count)
			adjacency_fetch_run(&g->out, targets[next + 1]);
		enter(s, targets[next], s->number[top->node]);
	}
}

/* Garbage in the order in which a search through it leaves the nodes: the last is one that nothing leads to
 * that does not lead back. */
static void order_garbage(struct search *s, struct numbers *order)
{
	const struct graph *g = s->graph;
	uint64_t *met = xcalloc((size_t)g->count / 64 + 1, sizeof(*met));

	for (uint32_t start = 0; start < g->count; start++) {
		uint32_t at = start;

		if (s->number[start] || has_bit(met, start))
			continue;
		set_bit(met, start);
		s->stack = grow_array(s->stack, &s->capacity, 1, sizeof(*s->stack));
		s->stack[s->depth++] = (struct visit){at, 0};
		while (s->depth) {
			struct visit *top = &s->stack[s->depth - 1];
			const uint32_t *targets;
			size_t count;

			targets = graph_targets(g, top->node, &count);
			if (top->next >= count) {
				push(order, top->node);
				s->depth--;
				continue;
			}
			at = targets[top->next++];
			if (s->number[at] || has_bit(met, at))
				continue;
			set_bit(met, at);
			s->stack = grow_array(s->stack, &s->capacity, s->depth + 1, sizeof(*s->stack));
			s->stack[s->depth++] = (struct visit){at, 0};
		}
	}
	free(met);
}

/* All nodes that lead to top, which nothing leads to but these: the whole of its cycle. */
static void search_from_cycle(struct search *s, uint32_t top)
{
	const struct graph *g = s->graph;
	struct numbers members = {0};

	set_bit(s->is_root, top);
	push(&members, top);
	for (size_t i = 0; i < members.count; i++) {
		size_t count;
		const uint32_t *sources = graph_sources(g, members.items[i], &count);

		for (size_t k = 0; k < count; k++) {
			if (s->number[sources[k]] || has_bit(s->is_root, sources[k]))
				continue;
			set_bit(s->is_root, sources[k]);
			push(&members, sources[k]);
		}
	}
	for (size_t i = 0; i < members.count; i++)
		search_from(s, members.items[i]);
	free(members.items);
}

static void search_garbage(struct search *s)
{
	struct numbers order = {0};

	order_garbage(s, &order);
	for (size_t i = order.count; i--;)
		if (!s->number[order.items[i]])
			search_from_cycle(s, order.items[i]);
	free(order.items);
}

/* The number with the least semidominator on the path from v up to the part of the tree that is not linked
 * yet, which ends before linked; the path is cut short for the next time. */
static uint32_t evaluate(struct search *s, uint32_t v, uint32_t linked)
{
	struct info *info = s->info;
	uint32_t above;

	if (info[v].parent < linked)
		return info[v].label;
	s->path.count = 0;
	do {
		push(&s->path, v);
		v = info[v].parent;
	} while (info[v].parent >= linked);
	above = v;
	while (s->path.count) {
		v = s->path.items[--s->path.count];
		info[v].parent = info[above].parent;
		if (info[info[above].label].semi < info[info[v].label].semi)
			info[v].label = info[above].label;
		above = v;
	}
	return info[v].label;
}

/* How many numbers before it is its turn a step towards what is known of a node is taken: its sources, their
 * numbers, what is known of those. All of it lies anywhere in memory. */
#define AHEAD		8
#define SOURCES_FETCHED 8

static uint32_t fetched_end(const uint32_t *first, uint32_t node)
{
	return first[node + 1] - first[node] < SOURCES_FETCHED ? first[node + 1]
							       : first[node] + SOURCES_FETCHED;
}

static void fetch_ahead(const struct search *s, uint32_t w)
{
	const uint32_t *first = s->in.first, *source = s->in.source;
	uint32_t node, end;

	if (w <= 4 * AHEAD)
		return;
	node = s->vertex[w - 4 * AHEAD];
	__builtin_prefetch(&first[node]);
	__builtin_prefetch(&s->is_root[node / 64]);
	node = s->vertex[w - 3 * AHEAD];
	__builtin_prefetch(&source[first[node]]);
	node = s->vertex[w - 2 * AHEAD];
	end = fetched_end(first, node);
	for (uint32_t i = first[node]; i < end; i++)
		__builtin_prefetch(&s->number[source[i]]);
	node = s->vertex[w - AHEAD];
	end = fetched_end(first, node);
	for (uint32_t i = first[node]; i < end; i++)
		__builtin_prefetch(&s->info[s->number[source[i]]]);
}

static void find_semidominators(struct search *s)
{
	s->in = graph_all_sources(s->graph);
	for (uint32_t w = s->last; w; w--) {
		uint32_t node = s->vertex[w], parent = s->info[w].parent, semi = parent;
		uint32_t first = s->in.first[node], end = s->in.first[node + 1];

		if (w % ASKED_EVERY == 0 && is_interrupted(s))
			return;
		fetch_ahead(s, w);
		if (has_bit(s->is_root, node))
			semi = 0;
		for (uint32_t i = first; semi && i < end; i++) {
			uint32_t v = s->number[s->in.source[i]], u;

			if (w <= s->live && v > s->live)
				continue;
			u = evaluate(s, v, w + 1);
			if (s->info[u].semi < semi)
				semi = s->info[u].semi;
		}
		s->info[w].semi = semi;
		s->vertex[w] = parent;
	}
}

/* The nearest of the parent's dominators that is no further below than the semidominator. Step by step it may
 * be as far for each node as the tree is deep: a list that is linked a long way has at its end what something
 * at its start has too. So some steps are long. */
static void find_dominators(struct search *s)
{
	struct info *info = s->info;

	info[0] = (struct info){.depth = 0, .jump = 0};
	for (uint32_t w = 1; w <= s->last; w++) {
		uint32_t at = s->vertex[w], semi = info[w].semi, jump;

		while (at > semi)
			at = info[at].jump > semi ? info[at].jump : s->vertex[at];
		s->vertex[w] = at;
		jump = info[at].jump;
		info[w].depth = info[at].depth + 1;
		info[w].jump =
			info[at].depth - info[jump].depth == info[jump].depth - info[info[jump].jump].depth
				? info[jump].jump
				: at;
	}
}

void dominators_compute(
	const struct graph *graph, const struct dominator_request *request, struct dominators *d)
{
	size_t size = (size_t)graph->count + 1;
	static const struct dominator_request nothing;
	struct search s = {
		.graph = graph,
		.request = request,
		.number = big_alloc(size, sizeof(*s.number)),
		.vertex = big_alloc(size, sizeof(*s.vertex)),
		.info = big_alloc(size, sizeof(*s.info)),
		.met = xcalloc(size / 64 + 1, sizeof(*s.met)),
		.is_root = xcalloc(size / 64 + 1, sizeof(*s.is_root)),
	};

	for (size_t i = 0; i < request->root_count; i++)
		if (!is_barrier(&s, request->roots[i]))
			search_from(&s, request->roots[i]);
	s.live = s.last;
	s.request = &nothing;
	if (s.last < graph->count && !is_interrupted(&s))
		search_garbage(&s);
	free(s.stack);
	free(s.met);
	if (!is_interrupted(&s))
		find_semidominators(&s);
	free(s.is_root);
	free(s.path.items);
	if (!is_interrupted(&s))
		find_dominators(&s);
	big_free(s.info, size, sizeof(*s.info));
	*d = (struct dominators){.count = graph->count, .live = s.live, .number = s.number, .idom = s.vertex};
	d->idom[0] = 0;
}

void dominators_deinit(struct dominators *d)
{
	big_free(d->number, (size_t)d->count + 1, sizeof(*d->number));
	big_free(d->idom, (size_t)d->count + 1, sizeof(*d->idom));
	*d = (struct dominators){0};
}
