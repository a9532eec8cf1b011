#include "inspector/graph/adjacency.h"

#include "inspector/base/big.h"

#include <stdlib.h>

static size_t blocks_of(uint32_t count)
{
	return ((size_t)count + ADJACENCY_BLOCK - 1) / ADJACENCY_BLOCK;
}

void adjacency_init(struct adjacency *a, uint32_t count)
{
	*a = (struct adjacency){.count = count, .lock = PTHREAD_MUTEX_INITIALIZER};
	a->degrees = big_alloc(blocks_of(count) + 1, ADJACENCY_BLOCK);
	a->firsts = big_alloc(blocks_of(count) + 1, sizeof(*a->firsts));
}

void adjacency_deinit(struct adjacency *a)
{
	if (!a->degrees)
		return;
	big_free(a->degrees, blocks_of(a->count) + 1, ADJACENCY_BLOCK);
	big_free(a->firsts, blocks_of(a->count) + 1, sizeof(*a->firsts));
	big_free(a->targets, a->target_count, sizeof(*a->targets));
	free(a->many);
	*a = (struct adjacency){.count = 0};
}

void adjacency_set_degree(struct adjacency *a, uint32_t node, uint32_t degree)
{
	a->degrees[node] = (uint8_t)(degree < ADJACENCY_MANY ? degree : ADJACENCY_MANY);
	if (degree < ADJACENCY_MANY)
		return;
	pthread_mutex_lock(&a->lock);
	a->many = grow_array(a->many, &a->many_capacity, a->many_count + 1, sizeof(*a->many));
	a->many[a->many_count++] = (struct adjacency_run){node, degree};
	pthread_mutex_unlock(&a->lock);
}

static int by_node(const void *a, const void *b)
{
	const struct adjacency_run *x = a, *y = b;

	return x->node < y->node ? -1 : x->node > y->node;
}

bool adjacency_place(struct adjacency *a)
{
	size_t blocks = blocks_of(a->count);
	uint64_t first = 0;

	if (a->many_count)
		qsort(a->many, a->many_count, sizeof(*a->many), by_node);
	for (size_t block = 0; block < blocks; block++) {
		const uint8_t *degrees = a->degrees + block * ADJACENCY_BLOCK;
		uint64_t x, y;

		if (first >= UINT32_MAX)
			return false;
		a->firsts[block] = (uint32_t)first;
		memcpy(&x, degrees, 8);
		memcpy(&y, degrees + 8, 8);
		if (!adjacency_has_many(x) && !adjacency_has_many(y)) {
			first += adjacency_sum(x, y);
			continue;
		}
		for (uint32_t i = 0; i < ADJACENCY_BLOCK; i++)
			if (degrees[i])
				first += adjacency_degree(a, (uint32_t)(block * ADJACENCY_BLOCK + i));
	}
	if (first >= UINT32_MAX)
		return false;
	a->firsts[blocks] = (uint32_t)first;
	a->target_count = first;
	a->targets = big_alloc(first, sizeof(*a->targets));
	return true;
}

uint32_t adjacency_degree_of_many(const struct adjacency *a, uint32_t node)
{
	size_t low = 0, high = a->many_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (a->many[middle].node < node)
			low = middle + 1;
		else
			high = middle;
	}
	return low < a->many_count && a->many[low].node == node ? a->many[low].degree : 0;
}

uint32_t adjacency_first_of_many(const struct adjacency *a, uint32_t node)
{
	uint32_t block = node / ADJACENCY_BLOCK, first = a->firsts[block];

	for (uint32_t i = block * ADJACENCY_BLOCK; i < node; i++)
		first += adjacency_degree(a, i);
	return first;
}
