/* dominators: which object alone leads to each object: what goes when it goes.
 *
 * A node dominates another when every way from a root to that one leads through it. The dominators of a node
 * are a chain; the nearest is its immediate dominator, and these make a tree under a root that is no object.
 *
 * Semi-NCA (Georgiadis, "Linear-Time Algorithms for Dominators and Related Problems", 2005), without
 * recursion, on flat arrays: 20 bytes for each node while it runs, 8 after. Nearly linear: its second part,
 * which is quadratic as published, goes up the tree by jumps. */
#ifndef ASYNCINSPECT_GRAPH_DOMINATORS_H
#define ASYNCINSPECT_GRAPH_DOMINATORS_H

#include "inspector/graph/graph.h"

/* Nodes have numbers from 1 on, so that a dominator's is less than those of what it dominates; 0 is the root
 * of the tree. */
struct dominators {
	uint32_t count;	  /* nodes */
	uint32_t live;	  /* numbers up to this are of what roots lead to, those behind are garbage */
	uint32_t *number; /* by node */
	uint32_t *idom;	  /* by number: that of its immediate dominator; 0 for those of the root itself */
};

struct dominator_request {
	const uint32_t *roots; /* nodes, in any order, repeated or not */
	size_t root_count;
	const uint32_t *barriers; /* nodes that hold nothing, whatever they refer to; few */
	size_t barrier_count;
};

/* Nodes that no root leads to are garbage, held by nothing but each other, and hold nothing that is not
 * garbage: there every node that is in a cycle to which no other garbage leads, or to which nothing leads at
 * all, counts as a root. Barriers count as garbage. Of the graph the edges are used, not the objects. When
 * the user interrupts it, the numbers say nothing, but can be freed. */
void dominators_compute(
	const struct graph *graph, const struct dominator_request *request, struct dominators *d);
void dominators_deinit(struct dominators *d);

#endif
