#include "inspector/graph/graph.h"

#include "inspector/python/refs.h"

#include <stdlib.h>
#include <string.h>

struct growing {
	uint32_t *items;
	size_t count, capacity;
};

/* While building, nodes are known by their position: numbers come when all are there. */
struct builder {
	struct graph *graph;
	struct growing sources;	   /* positions, in the order of the walk */
	struct growing targets;	   /* positions, grouped by source */
	struct growing counts;	   /* targets of each source */
	struct growing tracebacks; /* positions */
	struct growing waiting;	   /* positions of all objects, as they become known */
};

static void push(struct growing *list, uint32_t item)
{
	list->items = grow_array(list->items, &list->capacity, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = item;
}

bool graph_is_node(struct python *py, uint64_t object)
{
	const struct pytype *type = pytype_of(py, object, NULL);

	if (!type)
		return false;
	/* What the collector does not know can lead on all the same: code, a date with its time zone. */
	if (!type->has_gc)
		return type->refs_end > type->refs_first || type->member_count ||
		       type->scan_to > type->scan_from;
	if (type->kind == KIND_TYPE) {
		const struct pytype *self = pytype_at(py, object, NULL);

		return self && self->is_heap;
	}
	return true;
}

static bool visit(void *context, const struct ref *ref)
{
	struct builder *b = context;
	struct heap *heap = b->graph->heap;
	uint32_t position = heap_position(heap, ref->target);

	if (position == NO_POSITION)
		return true;
	if (!heap_contains(heap, ref->target)) {
		if (!graph_is_node(b->graph->py, ref->target) || !heap_add(heap, ref->target))
			return true;
		push(&b->waiting, position);
	}
	push(&b->targets, position);
	return true;
}

static bool is_known(void *context, uint64_t address)
{
	return heap_contains(((struct builder *)context)->graph->heap, address);
}

static void walk_object(struct builder *b, uint32_t position, uint64_t object)
{
	struct ref_walk walk = {.py = b->graph->py, .visit = visit, .is_known = is_known, .context = b};
	size_t before = b->targets.count;

	const struct pytype *type = pytype_of(b->graph->py, object, NULL);

	if (type && type->kind == KIND_TRACEBACK)
		push(&b->tracebacks, position);
	if (!refs_of_object(&walk, object, NULL) || walk.is_partial)
		b->graph->partial++;
	push(&b->sources, position);
	push(&b->counts, (uint32_t)(b->targets.count - before));
}

static void walk_all(struct builder *b)
{
	struct heap *heap = b->graph->heap;
	uint32_t cursor = 0;
	uint64_t object;

	/* First a list of what is tracked; what is added on the way goes behind it. */
	while (heap_next(heap, &cursor, &object))
		push(&b->waiting, cursor - 1);
	for (size_t i = 0; i < b->waiting.count; i++)
		walk_object(b, b->waiting.items[i], heap_position_address(heap, b->waiting.items[i]));
}

static void number_nodes(struct builder *b)
{
	struct graph *g = b->graph;
	uint64_t first = 0;

	heap_freeze(g->heap);
	g->count = heap_count(g->heap);
	g->edge_count = b->targets.count;
	g->out_first = xcalloc(g->count, sizeof(*g->out_first));
	g->out_count = xcalloc(g->count, sizeof(*g->out_count));
	for (size_t i = 0; i < b->sources.count; i++) {
		uint32_t node = heap_index_of_position(g->heap, b->sources.items[i]);

		g->out_first[node] = first;
		g->out_count[node] = b->counts.items[i];
		first += b->counts.items[i];
	}
	g->tracebacks = xcalloc((size_t)g->count / 64 + 1, sizeof(*g->tracebacks));
	for (size_t i = 0; i < b->tracebacks.count; i++) {
		uint32_t node = heap_index_of_position(g->heap, b->tracebacks.items[i]);

		g->tracebacks[node / 64] |= UINT64_C(1) << (node % 64);
	}
	g->out = b->targets.items; /* in place: positions become node numbers */
	for (size_t i = 0; i < b->targets.count; i++)
		g->out[i] = heap_index_of_position(g->heap, g->out[i]);
}

static void reverse_edges(struct graph *g)
{
	uint64_t *next;

	g->in_first = xcalloc((size_t)g->count + 1, sizeof(*g->in_first));
	g->in = xmalloc(g->edge_count * sizeof(*g->in));
	for (uint64_t i = 0; i < g->edge_count; i++)
		g->in_first[g->out[i] + 1]++;
	for (uint32_t n = 0; n < g->count; n++)
		g->in_first[n + 1] += g->in_first[n];
	next = xmalloc(((size_t)g->count + 1) * sizeof(*next));
	memcpy(next, g->in_first, ((size_t)g->count + 1) * sizeof(*next));
	for (uint32_t n = 0; n < g->count; n++)
		for (uint32_t k = 0; k < g->out_count[n]; k++)
			g->in[next[g->out[g->out_first[n] + k]]++] = n;
	free(next);
}

struct graph *graph_build(struct python *py, struct heap *heap)
{
	struct graph *graph = xcalloc(1, sizeof(*graph));
	struct builder b = {.graph = graph};

	graph->py = py;
	graph->heap = heap;
	walk_all(&b);
	number_nodes(&b);
	reverse_edges(graph);
	free(b.sources.items);
	free(b.counts.items);
	free(b.waiting.items);
	free(b.tracebacks.items);
	return graph;
}

void graph_destroy(struct graph *graph)
{
	if (!graph)
		return;
	free(graph->out_first);
	free(graph->out_count);
	free(graph->out);
	free(graph->in_first);
	free(graph->in);
	free(graph->tracebacks);
	free(graph);
}
