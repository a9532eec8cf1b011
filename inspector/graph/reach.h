/* reach: which objects the roots reach, and the shortest way to each.
 *
 * A breadth-first search from all roots at once, level by level. Roots that a programmer would not name start
 * later than module globals, so that of two ways of similar length the readable one is taken.
 *
 * Of the nodes that lead to another in equally few steps one is taken for the way, always the same: before
 * roots that start as late. While levels have few nodes it is the first one in the order of the roots (which
 * is that of their readability), then of references; from the first level on that has very many, and is dealt
 * out to threads, it is the one with the least number. */
#ifndef ASYNCINSPECT_GRAPH_REACH_H
#define ASYNCINSPECT_GRAPH_REACH_H

#include "inspector/graph/roots.h"

#define UNREACHED UINT16_MAX
/* Ways that cost this much or more count as equal. */
#define FAR_AWAY (UNREACHED - 1)

/* A level with so many nodes is one of very many. */
#define REACH_MANY 65536

struct reach {
	const struct graph *graph; /* borrowed */
	const struct roots *roots; /* borrowed */
	uint64_t *reached;	   /* a bit for each node */
	uint32_t *before;	   /* by node: ~reach_before; 0 when it is not reached */
	uint32_t count;		   /* nodes of the graph */
};

#define ROOT_BIT UINT32_C(0x80000000)

void reach_compute(const struct graph *graph, const struct roots *roots, struct reach *reach);
void reach_deinit(struct reach *reach);

static inline bool reach_has(const struct reach *reach, uint32_t node)
{
	return reach->reached[node / 64] >> (node % 64) & 1;
}

/* Of a node that is reached: the one before it on its way, or ROOT_BIT and the index of a root. */
static inline uint32_t reach_before(const struct reach *reach, uint32_t node)
{
	return ~reach->before[node];
}

/* What the shortest way to a node costs, up to FAR_AWAY; UNREACHED. Goes along the whole way. */
uint32_t reach_distance(const struct reach *reach, uint32_t node);

/* The same for who asks many times: from some number on, what is found on the way is kept, at two bytes for
 * each node of the graph. To start with, reach and nothing else. */
struct distances {
	const struct reach *reach; /* borrowed */
	uint16_t *known;	   /* owned; by node: distance + 1; 0: it is not known */
	unsigned asked;
};

uint32_t distances_of(struct distances *distances, uint32_t node);
void distances_deinit(struct distances *distances);

#endif
