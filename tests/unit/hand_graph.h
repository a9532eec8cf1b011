/* hand_graph: graphs that a test makes of a list of edges, without objects. */
#ifndef ASYNCINSPECT_TESTS_HAND_GRAPH_H
#define ASYNCINSPECT_TESTS_HAND_GRAPH_H

#include "inspector/graph/graph.h"

struct edge {
	uint32_t from, to;
};

/* Makes graph anew; the edges of a node stay in their order. */
void hand_graph_make(struct graph *graph, uint32_t nodes, const struct edge *edges, size_t count);
void hand_graph_free(struct graph *graph);

#endif
