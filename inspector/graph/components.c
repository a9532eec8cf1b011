#include "inspector/graph/components.h"

#include "inspector/base/addrmap.h"
#include "inspector/base/alloc.h"

#include <stdint.h>
#include <stdlib.h>

#define UNSEEN SIZE_MAX

struct visit {
	size_t node, edge; /* edge: the next to be followed */
};

struct search {
	const struct digraph *graph;
	size_t *number; /* by node: when it was met; UNSEEN */
	size_t *low;	/* the earliest node on the stack that it leads to */
	size_t *stack;	/* nodes whose component is not known */
	struct visit *path;
	size_t stack_count, path_count, met, components;
	size_t *component; /* UNSEEN while on the stack */
};

static void enter(struct search *s, size_t node)
{
	s->number[node] = s->low[node] = s->met++;
	s->stack[s->stack_count++] = node;
	s->path[s->path_count++] = (struct visit){node, s->graph->first[node]};
}

/* All edges of the node at the end of the path are followed. */
static void leave(struct search *s)
{
	size_t node = s->path[--s->path_count].node, member;

	if (s->low[node] == s->number[node]) {
		do {
			member = s->stack[--s->stack_count];
			s->component[member] = s->components;
		} while (member != node);
		s->components++;
	}
	if (s->path_count) {
		size_t parent = s->path[s->path_count - 1].node;

		if (s->low[node] < s->low[parent])
			s->low[parent] = s->low[node];
	}
}

static void step(struct search *s)
{
	struct visit *visit = &s->path[s->path_count - 1];
	size_t next;

	if (visit->edge == s->graph->first[visit->node + 1]) {
		leave(s);
		return;
	}
	next = s->graph->to[visit->edge++];
	if (s->number[next] == UNSEEN)
		enter(s, next);
	else if (s->component[next] == UNSEEN && s->number[next] < s->low[visit->node])
		s->low[visit->node] = s->number[next];
}

size_t components_find(const struct digraph *graph, size_t *component)
{
	struct search s = {
		.graph = graph,
		.number = xcalloc(graph->count, sizeof(*s.number)),
		.low = xcalloc(graph->count, sizeof(*s.low)),
		.stack = xcalloc(graph->count, sizeof(*s.stack)),
		.path = xcalloc(graph->count, sizeof(*s.path)),
		.component = component,
	};

	for (size_t i = 0; i < graph->count; i++)
		s.number[i] = component[i] = UNSEEN;
	for (size_t i = 0; i < graph->count; i++) {
		if (s.number[i] == UNSEEN)
			enter(&s, i);
		while (s.path_count)
			step(&s);
	}
	free(s.number);
	free(s.low);
	free(s.stack);
	free(s.path);
	return s.components;
}

struct arrival {
	size_t node, edge, before; /* by which edge, from which arrival */
};

struct ring_search {
	struct arrival *queue;
	size_t count, capacity;
	struct addrmap met;
};

static void arrive(struct ring_search *s, size_t node, size_t edge, size_t before)
{
	s->queue = grow_array(s->queue, &s->capacity, s->count + 1, sizeof(*s->queue));
	s->queue[s->count++] = (struct arrival){node, edge, before};
}

/* The edges of the way to an arrival, and then the one that closes the ring. */
static size_t trace_back(const struct ring_search *s, size_t at, size_t last, size_t **edges)
{
	size_t count = 1, place;

	for (size_t i = at; i; i = s->queue[i].before)
		count++;
	*edges = xcalloc(count, sizeof(**edges));
	place = count - 1;
	(*edges)[place] = last;
	for (size_t i = at; i; i = s->queue[i].before)
		(*edges)[--place] = s->queue[i].edge;
	return count;
}

size_t components_ring(const struct digraph *graph, const size_t *component, size_t start, size_t **edges)
{
	struct ring_search s = {.queue = NULL};
	size_t length = 0;

	*edges = NULL;
	arrive(&s, start, 0, 0);
	for (size_t at = 0; at < s.count && !length; at++) {
		size_t node = s.queue[at].node;

		for (size_t e = graph->first[node]; e < graph->first[node + 1] && !length; e++) {
			size_t next = graph->to[e];

			if (next == start)
				length = trace_back(&s, at, e, edges);
			else if (component[next] == component[start] && addrmap_put(&s.met, next, 0))
				arrive(&s, next, e, at);
		}
	}
	free(s.queue);
	addrmap_deinit(&s.met);
	return length;
}
