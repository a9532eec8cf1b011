/* graph: who refers to whom, over every object that the collector tracks and every container that it does not
 * but that such an object leads to.
 *
 * Built once; then only indices: nodes are numbered by address (heap.h), edges are flat arrays of node
 * numbers. What an edge is called is not kept: edge_names.h asks the object again for those that are printed.
 *
 * Built by several threads, each with a struct python of its own, over parts of the address space; the result
 * does not depend on how many there are. */
#ifndef ASYNCINSPECT_GRAPH_GRAPH_H
#define ASYNCINSPECT_GRAPH_GRAPH_H

#include "inspector/graph/adjacency.h"
#include "inspector/python/heap.h"
#include "inspector/python/python.h"

struct graph_referrers;

struct graph {
	struct python *py;    /* borrowed */
	struct heap *heap;    /* borrowed; frozen by graph_build */
	uint32_t count;	      /* nodes */
	struct adjacency out; /* the nodes that each refers to, in the object's own order */
	/* A bit for each node: it is a traceback; a weak reference; a module, the dictionary of one, or a
	 * type. */
	uint64_t *tracebacks, *weakrefs, *statics;
	/* A bit for each position (heap.h) of what is no node and is referred to, keys that are strings
	 * among them; NULL when nobody asked for it. */
	uint64_t *leaves;
	size_t partial;			   /* objects of which a part could not be read */
	struct graph_referrers *referrers; /* owned; NULL: nobody asked so far */
};

/* Walks every object of the heap and what it leads to. Adds untracked containers to the heap and freezes it.
 * NULL when the user interrupts it, and never else: what cannot be read has no edges, and is counted; so is
 * what would be more edges than the target has memory for (lists that share their items, which only damage
 * makes). */
struct graph *graph_build(struct python *py, struct heap *heap, bool with_leaves);
void graph_destroy(struct graph *graph); /* NULL is allowed */

/* The nodes that a node refers to, one for each reference. */
static inline const uint32_t *graph_targets(const struct graph *graph, uint32_t node, size_t *count)
{
	return adjacency_run(&graph->out, node, count);
}

/* The nodes that refer to a node, ascending, one for each reference; borrowed until the next question. The
 * first question about a node that was not prepared for costs a pass over all edges, and later ones nothing.
 * Not for several threads before graph_prepare_referrers(graph, NULL). */
const uint32_t *graph_sources(const struct graph *graph, uint32_t node, size_t *count);

/* For who asks of all nodes: those that refer to node n are source[first[n]] to source[first[n + 1] - 1].
 * Borrowed until another question is prepared for. */
struct all_sources {
	const uint32_t *first, *source;
};

struct all_sources graph_all_sources(const struct graph *graph);

/* Whether that answer is at hand. */
bool graph_has_sources(const struct graph *graph, uint32_t node);

/* Makes ready for graph_sources of the nodes whose bit is set, in one pass over all edges; NULL: of all.
 * Takes memory for the edges of these only. */
void graph_prepare_referrers(struct graph *graph, const uint64_t *nodes);

/* Forgets what graph_sources and graph_prepare_referrers have made. */
void graph_forget_referrers(struct graph *graph);

/* Whether an object is worth a node: it can refer to others, and is no static type. */
bool graph_is_node(struct python *py, uint64_t object);

#endif
