/* adjacency: for each node of a graph a run of numbers, all runs in one flat array.
 *
 * Where a run starts is not kept as a number for each node: a byte for each says how far that is behind the
 * first of its block of sixteen, and a number for every block where that is, together a third of four bytes
 * each. A run ends where the next one starts. Of a block whose runs are too long for bytes (it is wide) the
 * starts are kept besides.
 *
 * Made in three steps: adjacency_init, adjacency_set_degree for each node, adjacency_place. */
#ifndef ASYNCINSPECT_GRAPH_ADJACENCY_H
#define ASYNCINSPECT_GRAPH_ADJACENCY_H

#include "inspector/base/alloc.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ADJACENCY_BLOCK 16  /* nodes */
#define ADJACENCY_MANY	255 /* while degrees are set: the true number is in many */
#define ADJACENCY_WIDE	255 /* once placed, as the last offset of a block: it is wide */

struct adjacency_run {
	uint32_t node, degree;
};

struct adjacency_starts {
	uint32_t of[ADJACENCY_BLOCK];
};

struct adjacency {
	uint32_t count;	   /* nodes */
	uint32_t *targets; /* owned */
	uint64_t target_count;
	/* Owned; by node, and one more block: its degree; once placed, where its run starts behind that of
	 * the first of its block, and of a wide block 0, anything, an index in wide, and ADJACENCY_WIDE. */
	uint8_t *offsets;
	uint32_t *firsts; /* owned; by block: where the run of its first node starts; one more at the end */
	struct adjacency_starts *wide; /* owned; by index: the starts of the runs of a wide block */
	size_t wide_count, wide_capacity;
	struct adjacency_run *many; /* owned, until placed */
	size_t many_count, many_capacity;
	pthread_mutex_t lock; /* of many */
};

/* All runs are empty. */
void adjacency_init(struct adjacency *a, uint32_t count);
void adjacency_deinit(struct adjacency *a);

/* As adjacency_set_degree, of a run of ADJACENCY_MANY and more. */
void adjacency_set_many(struct adjacency *a, uint32_t node, uint32_t degree);

/* Once for a node. Threads may call it for different nodes at the same time. */
static inline void adjacency_set_degree(struct adjacency *a, uint32_t node, uint32_t degree)
{
	if (__builtin_expect(degree < ADJACENCY_MANY, 1))
		a->offsets[node] = (uint8_t)degree;
	else
		adjacency_set_many(a, node, degree);
}

/* Gives each run its place; targets are zeros. False when there would be UINT32_MAX of them or more. */
bool adjacency_place(struct adjacency *a);

/* The same as adjacency_first and adjacency_run, of nodes in wide blocks. */
uint32_t adjacency_wide_first(const struct adjacency *a, uint32_t node);
const uint32_t *adjacency_wide_run(const struct adjacency *a, uint32_t node, size_t *count);

static inline bool adjacency_is_wide(const struct adjacency *a, uint32_t node)
{
	return __builtin_expect(a->offsets[node | (ADJACENCY_BLOCK - 1)] == ADJACENCY_WIDE, 0);
}

/* Where in targets the run of a node starts; of the number of nodes: where the last run ends. */
static inline uint32_t adjacency_first(const struct adjacency *a, uint32_t node)
{
	if (adjacency_is_wide(a, node))
		return adjacency_wide_first(a, node);
	return a->firsts[node / ADJACENCY_BLOCK] + a->offsets[node];
}

/* The run of a node. The next block may be a wide one: what is asked of it here is that of any block. */
static inline const uint32_t *adjacency_run(const struct adjacency *a, uint32_t node, size_t *count)
{
	uint32_t first;

	if (adjacency_is_wide(a, node))
		return adjacency_wide_run(a, node, count);
	first = a->firsts[node / ADJACENCY_BLOCK] + a->offsets[node];
	*count = a->firsts[(node + 1) / ADJACENCY_BLOCK] + a->offsets[node + 1] - first;
	return a->targets + first;
}

static inline uint32_t adjacency_degree(const struct adjacency *a, uint32_t node)
{
	size_t count;

	adjacency_run(a, node, &count);
	return (uint32_t)count;
}

/* For who will ask for the run of a node soon: first this, then adjacency_fetch_run. */
static inline void adjacency_fetch(const struct adjacency *a, uint32_t node)
{
	__builtin_prefetch(&a->offsets[node]);
	__builtin_prefetch(&a->firsts[node / ADJACENCY_BLOCK]);
}

static inline void adjacency_fetch_run(const struct adjacency *a, uint32_t node)
{
	__builtin_prefetch(&a->targets[adjacency_first(a, node)]);
}

#endif
