#include "inspector/graph/await_cycles.h"

#include "inspector/graph/components.h"

#include <stdlib.h>

/* The edges of which cycles are made, in the form that components.h wants. */
struct waiting {
	struct digraph graph;
	size_t *first, *to;
	size_t *edges; /* by number in to: number in the graph's edges */
	size_t *component;
	size_t components;
};

static void waiting_make(const struct await_graph *g, struct waiting *w)
{
	size_t count = 0;

	w->first = xcalloc(g->count + 1, sizeof(*w->first));
	w->to = xcalloc(g->edge_count, sizeof(*w->to));
	w->edges = xcalloc(g->edge_count, sizeof(*w->edges));
	w->component = xcalloc(g->count, sizeof(*w->component));
	for (size_t n = 0; n < g->count; n++) {
		w->first[n] = count;
		for (size_t e = g->first[n]; e < g->first[n + 1]; e++) {
			if (g->edges[e].via == AWAIT_LISTED)
				continue;
			w->edges[count] = e;
			w->to[count++] = g->edges[e].to;
		}
	}
	w->first[g->count] = count;
	w->graph = (struct digraph){.count = g->count, .first = w->first, .to = w->to};
	w->components = components_find(&w->graph, w->component);
}

static void waiting_deinit(struct waiting *w)
{
	free(w->first);
	free(w->to);
	free(w->edges);
	free(w->component);
}

/* Which components are cycles: those of several nodes, and of one that waits for itself. */
static bool *mark_cycles(const struct waiting *w)
{
	bool *is_cycle = xcalloc(w->components, sizeof(*is_cycle));
	bool *is_met = xcalloc(w->components, sizeof(*is_met));

	for (size_t n = 0; n < w->graph.count; n++) {
		if (is_met[w->component[n]])
			is_cycle[w->component[n]] = true;
		is_met[w->component[n]] = true;
		for (size_t i = w->first[n]; i < w->first[n + 1]; i++)
			if (w->to[i] == n)
				is_cycle[w->component[n]] = true;
	}
	free(is_met);
	return is_cycle;
}

/* Numbers the cycles in the order of their first nodes, and counts their nodes. */
static void number_cycles(struct await_graph *g, const struct waiting *w)
{
	bool *is_cycle = mark_cycles(w);
	size_t *number = xcalloc(w->components, sizeof(*number));
	size_t capacity = 0;

	for (size_t c = 0; c < w->components; c++)
		number[c] = NO_INDEX;
	g->cycle_of = xcalloc(g->count, sizeof(*g->cycle_of));
	for (size_t n = 0; n < g->count; n++) {
		size_t c = w->component[n];

		g->cycle_of[n] = NO_INDEX;
		if (!is_cycle[c])
			continue;
		if (number[c] == NO_INDEX) {
			g->cycles = grow_array(g->cycles, &capacity, g->cycle_count + 1, sizeof(*g->cycles));
			number[c] = g->cycle_count;
			g->cycles[g->cycle_count++] = (struct await_cycle){0};
		}
		g->cycle_of[n] = number[c];
		g->cycles[number[c]].count++;
	}
	free(is_cycle);
	free(number);
}

static void list_nodes(struct await_graph *g)
{
	for (size_t i = 0; i < g->cycle_count; i++) {
		g->cycles[i].nodes = xcalloc(g->cycles[i].count, sizeof(size_t));
		g->cycles[i].count = 0;
	}
	for (size_t n = 0; n < g->count; n++) {
		struct await_cycle *cycle;

		if (g->cycle_of[n] == NO_INDEX)
			continue;
		cycle = &g->cycles[g->cycle_of[n]];
		cycle->nodes[cycle->count++] = n;
	}
}

static void set_ring(const struct await_graph *g, const struct waiting *w, struct await_cycle *cycle)
{
	cycle->ring_count = components_ring(&w->graph, w->component, cycle->nodes[0], &cycle->ring);
	for (size_t i = 0; i < cycle->ring_count; i++) {
		const struct await_edge *edge = &g->edges[w->edges[cycle->ring[i]]];

		cycle->ring[i] = w->edges[cycle->ring[i]];
		cycle->vias |= 1U << edge->via;
		cycle->has_choice |= edge->is_any;
	}
}

void await_cycles_find(struct await_graph *g)
{
	struct waiting w = {0};

	waiting_make(g, &w);
	number_cycles(g, &w);
	list_nodes(g);
	for (size_t i = 0; i < g->cycle_count; i++)
		set_ring(g, &w, &g->cycles[i]);
	waiting_deinit(&w);
}
