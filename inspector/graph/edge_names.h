/* edge_names: what the edges between given nodes are called.
 *
 * Names are not stored in the graph. Those that are to be printed are asked for together, so that a holder
 * with a million references is walked once and not once for each of them. */
#ifndef ASYNCINSPECT_GRAPH_EDGE_NAMES_H
#define ASYNCINSPECT_GRAPH_EDGE_NAMES_H

#include "inspector/graph/graph.h"
#include "inspector/python/refs.h"

/* A reference from one node to another that is wanted, and, once resolved, the answers. */
struct named_edge {
	uint32_t from, to;
	struct ref ref;
};

struct edge_names {
	const struct graph *graph;
	struct named_edge *edges; /* owned; resolved: sorted by (from, to), then as the object has them */
	size_t count, capacity;
};

void edge_names_init(struct edge_names *names, const struct graph *graph);
void edge_names_deinit(struct edge_names *names);

/* Wants every reference from one node to another. Not after edge_names_resolve. */
void edge_names_want(struct edge_names *names, uint32_t from, uint32_t to);

/* Finds all that are wanted. */
void edge_names_resolve(struct edge_names *names);

/* The references from one node to another: the first of *count consecutive ones; NULL when none was found. */
const struct named_edge *edge_names_find(
	const struct edge_names *names, uint32_t from, uint32_t to, size_t *count);

#endif
