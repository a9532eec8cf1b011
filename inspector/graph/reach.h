/* reach: which objects the roots reach, and the shortest way to each.
 *
 * A breadth-first search from all roots at once. Roots that a programmer would not name start later than
 * module globals, so that of two ways of similar length the readable one is taken. */
#ifndef ASYNCINSPECT_GRAPH_REACH_H
#define ASYNCINSPECT_GRAPH_REACH_H

#include "inspector/graph/roots.h"

#define UNREACHED UINT16_MAX
/* Ways that cost this much or more count as equal. */
#define FAR_AWAY (UNREACHED - 1)

struct reach {
	uint16_t *distance; /* by node: cost of the shortest way, up to FAR_AWAY; UNREACHED */
	uint32_t *parent;   /* by node: the node before it, or ROOT_BIT and the index of a root */
	uint32_t reached;   /* nodes */
	uint32_t count;	    /* nodes of the graph */
};

#define ROOT_BIT UINT32_C(0x80000000)

void reach_compute(const struct graph *graph, const struct roots *roots, struct reach *reach);
void reach_deinit(struct reach *reach);

#endif
