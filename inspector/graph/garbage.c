#include "inspector/graph/garbage.h"

#include "inspector/python/refcount.h"

#include <stdlib.h>

/* More objects than this behind one: whoever holds them, they are not looked through. */
#define ANCESTORS_MAX 1000000

struct ancestry {
	uint32_t *nodes; /* in the order of the search; nodes[0] is the one asked about */
	uint32_t *next;	 /* by place in nodes: the place of the node that it leads to */
	size_t count, capacity, next_capacity;
	struct addrmap seen;
};

static void add(struct ancestry *a, uint32_t node, size_t leads_to)
{
	if (!addrmap_put(&a->seen, node, 0))
		return;
	a->nodes = grow_array(a->nodes, &a->capacity, a->count + 1, sizeof(*a->nodes));
	a->next = grow_array(a->next, &a->next_capacity, a->count + 1, sizeof(*a->next));
	a->nodes[a->count] = node;
	a->next[a->count++] = (uint32_t)leads_to;
}

static bool has_unexplained_references(const struct graph *graph, uint32_t node)
{
	int64_t refcount;
	size_t found;

	graph_sources(graph, node, &found);
	return pyobject_refcount(graph->py, heap_address(graph->heap, node), &refcount, NULL) &&
	       refcount > (int64_t)found;
}

static void give_way(const struct ancestry *a, size_t place, struct garbage_verdict *verdict)
{
	size_t length = 1;

	for (size_t at = place; at; at = a->next[at])
		length++;
	verdict->nodes = xmalloc(length * sizeof(*verdict->nodes));
	for (size_t at = place;; at = a->next[at]) {
		verdict->nodes[verdict->count++] = a->nodes[at];
		if (!at)
			return;
	}
}

void garbage_judge(const struct graph *graph, uint32_t node, struct garbage_verdict *verdict)
{
	struct ancestry a = {0};
	const uint32_t *sources;
	size_t source_count;

	*verdict = (struct garbage_verdict){.is_garbage = true};
	add(&a, node, 0);
	for (size_t at = 0; at < a.count; at++) {
		if (at >= ANCESTORS_MAX || has_unexplained_references(graph, a.nodes[at])) {
			verdict->is_garbage = false;
			give_way(&a, at, verdict);
			break;
		}
		sources = graph_sources(graph, a.nodes[at], &source_count);
		for (size_t i = 0; i < source_count; i++)
			add(&a, sources[i], at);
	}
	free(a.nodes);
	free(a.next);
	addrmap_deinit(&a.seen);
}
