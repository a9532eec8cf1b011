#include "inspector/graph/edge_names.h"

#include <stdlib.h>
#include <string.h>

/* Of one pair so many references are kept: a list can hold an object a million times. */
#define SAME_PAIR_MAX 16

void edge_names_init(struct edge_names *names, const struct graph *graph)
{
	*names = (struct edge_names){.graph = graph};
}

void edge_names_deinit(struct edge_names *names)
{
	free(names->edges);
	*names = (struct edge_names){0};
}

static void append(struct edge_names *names, const struct named_edge *edge)
{
	names->edges = grow_array(names->edges, &names->capacity, names->count + 1, sizeof(*names->edges));
	names->edges[names->count++] = *edge;
}

void edge_names_want(struct edge_names *names, uint32_t from, uint32_t to)
{
	append(names, &(struct named_edge){.from = from, .to = to});
}

static int by_pair(const void *a, const void *b)
{
	const struct named_edge *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

/* One holder: which of its references lead to wanted targets. */
struct resolver {
	const struct edge_names *wanted;
	struct edge_names *found;
	uint32_t from;
	size_t first, end; /* the holder's pairs in wanted */
	uint32_t *seen;	   /* references found so far for each of them */
};

static bool visit(void *context, const struct ref *ref)
{
	struct resolver *r = context;
	size_t low = r->first, high = r->end;
	uint32_t node;

	if (!heap_index(r->wanted->graph->heap, ref->target, &node))
		return true;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->wanted->edges[middle].to < node)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < r->end && r->wanted->edges[low].to == node && r->seen[low - r->first]++ < SAME_PAIR_MAX)
		append(r->found, &(struct named_edge){r->from, node, *ref});
	return true;
}

static bool is_known(void *context, uint64_t address)
{
	return heap_contains(((struct resolver *)context)->wanted->graph->heap, address);
}

static void resolve_holder(struct resolver *r)
{
	const struct graph *graph = r->wanted->graph;
	struct ref_walk walk = {.py = graph->py, .visit = visit, .is_known = is_known, .context = r};

	r->seen = xcalloc(r->end - r->first, sizeof(*r->seen));
	refs_of_object(&walk, heap_address(graph->heap, r->from), NULL);
	free(r->seen);
}

static size_t unique_pairs(struct named_edge *edges, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!kept || by_pair(&edges[kept - 1], &edges[i]) != 0)
			edges[kept++] = edges[i];
	return kept;
}

/* Merges by pair and keeps the object's own order within a pair. */
static void sort_stably(struct named_edge *edges, size_t count)
{
	struct named_edge *spare = xmalloc(count * sizeof(*spare));

	for (size_t width = 1; width < count; width *= 2) {
		for (size_t at = 0; at < count; at += 2 * width) {
			size_t middle = at + width < count ? at + width : count;
			size_t end = at + 2 * width < count ? at + 2 * width : count;
			size_t x = at, y = middle;

			for (size_t k = at; k < end; k++)
				spare[k] = x < middle && (y >= end || by_pair(&edges[x], &edges[y]) <= 0)
						   ? edges[x++]
						   : edges[y++];
		}
		memcpy(edges, spare, count * sizeof(*spare));
	}
	free(spare);
}

void edge_names_resolve(struct edge_names *names)
{
	struct edge_names found;
	size_t at = 0, holders = 0;

	edge_names_init(&found, names->graph);
	if (names->count)
		qsort(names->edges, names->count, sizeof(*names->edges), by_pair);
	names->count = unique_pairs(names->edges, names->count);
	while (at < names->count) {
		struct resolver r = {
			.wanted = names, .found = &found, .from = names->edges[at].from, .first = at};

		while (at < names->count && names->edges[at].from == r.from)
			at++;
		r.end = at;
		resolve_holder(&r);
		if (++holders % 64 == 0)
			target_ease(names->graph->py->target);
	}
	sort_stably(found.edges, found.count);
	edge_names_deinit(names);
	*names = found;
}

const struct named_edge *edge_names_find(
	const struct edge_names *names, uint32_t from, uint32_t to, size_t *count)
{
	const struct named_edge wanted = {.from = from, .to = to};
	size_t low = 0, high = names->count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_pair(&names->edges[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < names->count && by_pair(&names->edges[end], &wanted) == 0; end++)
		;
	*count = end - low;
	return *count ? &names->edges[low] : NULL;
}
