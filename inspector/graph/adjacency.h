/* adjacency: for each node of a graph a run of numbers, all runs in one flat array.
 *
 * Where a run starts is not kept for each node: a byte for each says how long it is, and a number for every
 * sixteen where the first of them starts, together a third of four bytes each, and within one cache line of
 * each other. A run of 255 and more is kept in a list besides.
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
#define ADJACENCY_MANY	255 /* in degrees: the true number is in many */

struct adjacency_run {
	uint32_t node, degree;
};

struct adjacency {
	uint32_t count;	   /* nodes */
	uint32_t *targets; /* owned */
	uint64_t target_count;
	uint8_t *degrees; /* owned; by node */
	uint32_t *firsts; /* owned; by block: where the run of its first node starts; one more at the end */
	struct adjacency_run *many; /* owned; ascending once placed */
	size_t many_count, many_capacity;
	pthread_mutex_t lock; /* of many */
};

/* All runs are empty. */
void adjacency_init(struct adjacency *a, uint32_t count);
void adjacency_deinit(struct adjacency *a);

/* Once for a node. Threads may call it for different nodes at the same time. */
void adjacency_set_degree(struct adjacency *a, uint32_t node, uint32_t degree);

/* Gives each run its place; targets are zeros. False when there would be UINT32_MAX of them or more. */
bool adjacency_place(struct adjacency *a);

/* As adjacency_first, of a node with a long run before it in its block. */
uint32_t adjacency_first_of_many(const struct adjacency *a, uint32_t node);
uint32_t adjacency_degree_of_many(const struct adjacency *a, uint32_t node);

/* The sum of the bytes of x and y, of which none is 255 and not all are there: fits. */
static inline uint32_t adjacency_sum(uint64_t x, uint64_t y)
{
	const uint64_t low = UINT64_C(0x00ff00ff00ff00ff);

	x = (x & low) + (x >> 8 & low) + (y & low) + (y >> 8 & low);
	return (uint32_t)(x * UINT64_C(0x0001000100010001) >> 48);
}

static inline bool adjacency_has_many(uint64_t x)
{
	return ((~x - UINT64_C(0x0101010101010101)) & x & UINT64_C(0x8080808080808080)) != 0;
}

/* Where in targets the run of a node starts. */
static inline uint32_t adjacency_first(const struct adjacency *a, uint32_t node)
{
	uint32_t block = node / ADJACENCY_BLOCK, before = node % ADJACENCY_BLOCK;
	const uint8_t *degrees = a->degrees + (size_t)block * ADJACENCY_BLOCK;
	uint64_t x, y;

	memcpy(&x, degrees, 8);
	memcpy(&y, degrees + 8, 8);
	x = before < 8 ? x & ((UINT64_C(1) << (8 * before)) - 1) : x;
	y = before > 8 ? y & ((UINT64_C(1) << (8 * (before - 8))) - 1) : 0;
	if (adjacency_has_many(x) || adjacency_has_many(y))
		return adjacency_first_of_many(a, node);
	return a->firsts[block] + adjacency_sum(x, y);
}

static inline uint32_t adjacency_degree(const struct adjacency *a, uint32_t node)
{
	return a->degrees[node] == ADJACENCY_MANY ? adjacency_degree_of_many(a, node) : a->degrees[node];
}

/* For who will ask for the run of a node soon: first this, then adjacency_fetch_run. */
static inline void adjacency_fetch(const struct adjacency *a, uint32_t node)
{
	__builtin_prefetch(&a->degrees[node]);
	__builtin_prefetch(&a->firsts[node / ADJACENCY_BLOCK]);
}

static inline void adjacency_fetch_run(const struct adjacency *a, uint32_t node)
{
	__builtin_prefetch(&a->targets[a->firsts[node / ADJACENCY_BLOCK]]);
}

#endif
