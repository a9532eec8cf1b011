/* components: where a directed graph goes in circles. Pure: knows nothing of what its nodes are. */
#ifndef ASYNCINSPECT_GRAPH_COMPONENTS_H
#define ASYNCINSPECT_GRAPH_COMPONENTS_H

#include <stddef.h>

/* The edges of node n lead to to[first[n]] .. to[first[n + 1] - 1], each below count. */
struct digraph {
	size_t count;
	const size_t *first; /* count + 1 */
	const size_t *to;
};

/* Numbers the strongly connected components: component[n] is that of node n. Returns how many there are. A
 * component is numbered before those that lead to it. By R. Tarjan, "Depth-first search and linear graph
 * algorithms" (1972), with a stack of its own: time and memory are linear in nodes and edges, and no depth of
 * the graph matters. */
size_t components_find(const struct digraph *graph, size_t *component);

/* A shortest way from start back to start that stays inside of start's component: its edges, by their number
 * in to, each beginning where the one before it ends. Returns how many there are; 0: start is on no circle.
 * *edges is the caller's to free; NULL when there are none. Time is linear in the component's edges. */
size_t components_ring(const struct digraph *graph, const size_t *component, size_t start, size_t **edges);

#endif
