/* graph: who refers to whom, over every object that the collector tracks and every container that it does not
 * but that such an object leads to.
 *
 * Built once; then only indices: nodes are numbered by address (heap.h), edges are flat arrays of node
 * numbers in both directions. What an edge is called is not kept: edge_names.h asks the object again for
 * those that are printed. */
#ifndef ASYNCINSPECT_GRAPH_GRAPH_H
#define ASYNCINSPECT_GRAPH_GRAPH_H

#include "inspector/python/heap.h"
#include "inspector/python/python.h"

struct graph {
	struct python *py; /* borrowed */
	struct heap *heap; /* borrowed; frozen by graph_build */
	uint32_t count;	   /* nodes */
	uint64_t edge_count;
	uint64_t *out_first; /* by node: its edges are out[out_first .. + out_count] */
	uint32_t *out_count;
	uint32_t *out;	    /* target nodes; one entry for each reference */
	uint64_t *in_first; /* count + 1: the sources of node n are in[in_first[n] .. in_first[n + 1]) */
	uint32_t *in;
	uint64_t *tracebacks; /* a bit for each node: it is a traceback */
	size_t partial;	      /* objects of which a part could not be read */
};

/* Walks every object of the heap and what it leads to. Adds untracked containers to the heap and freezes it.
 * Never fails: what cannot be read has no edges, and is counted. */
struct graph *graph_build(struct python *py, struct heap *heap);
void graph_destroy(struct graph *graph); /* NULL is allowed */

/* Whether an object is worth a node: it can refer to others, and is no static type. */
bool graph_is_node(struct python *py, uint64_t object);

#endif
