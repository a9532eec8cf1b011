#include "tests/unit/hand_graph.h"

#include <check.h>
#include <stdlib.h>

void hand_graph_make(struct graph *graph, uint32_t nodes, const struct edge *edges, size_t count)
{
	uint32_t *degrees = xcalloc((size_t)nodes + 1, sizeof(*degrees));

	hand_graph_free(graph);
	graph->count = nodes;
	adjacency_init(&graph->out, nodes);
	for (size_t i = 0; i < count; i++)
		degrees[edges[i].from]++;
	for (uint32_t n = 0; n < nodes; n++)
		adjacency_set_degree(&graph->out, n, degrees[n]);
	ck_assert(adjacency_place(&graph->out));
	for (size_t i = count; i--;)
		graph->out.targets[adjacency_first(&graph->out, edges[i].from) + --degrees[edges[i].from]] =
			edges[i].to;
	free(degrees);
}

void hand_graph_free(struct graph *graph)
{
	graph_forget_referrers(graph);
	adjacency_deinit(&graph->out);
	*graph = (struct graph){.count = 0};
}
