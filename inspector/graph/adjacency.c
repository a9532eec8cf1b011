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
	a->offsets = big_alloc(blocks_of(count) + 1, ADJACENCY_BLOCK);
	a->firsts = big_alloc(blocks_of(count) + 1, sizeof(*a->firsts));
}

void adjacency_deinit(struct adjacency *a)
{
	if (!a->offsets)
		return;
	big_free(a->offsets, blocks_of(a->count) + 1, ADJACENCY_BLOCK);
	big_free(a->firsts, blocks_of(a->count) + 1, sizeof(*a->firsts));
	big_free(a->targets, a->target_count, sizeof(*a->targets));
	free(a->wide);
	free(a->many);
	*a = (struct adjacency){.count = 0};
}

void adjacency_set_many(struct adjacency *a, uint32_t node, uint32_t degree)
{
	a->offsets[node] = ADJACENCY_MANY;
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

/* Eight bytes, each of them with the sum of those before it and itself: none may be more than 255. */
static uint64_t sums_of(uint64_t x)
{
	return x * UINT64_C(0x0101010101010101);
}

/* The sum of eight bytes, whatever they are. */
static uint64_t sum_of(uint64_t x)
{
	const uint64_t low = UINT64_C(0x00ff00ff00ff00ff);

	x = (x & low) + (x >> 8 & low);
	return x * UINT64_C(0x0001000100010001) >> 48;
}

/* The degrees of a block become offsets, sixteen at a time. False when it takes more than that. */
static bool place_bytes(uint8_t *offsets, uint64_t *next)
{
	uint64_t x, y, low, sum;

	memcpy(&x, offsets, 8);
	memcpy(&y, offsets + 8, 8);
	low = sum_of(x);
	sum = low + sum_of(y);
	/* Less than that in all, and so no single one is ADJACENCY_MANY. */
	if (sum >= ADJACENCY_WIDE)
		return false;
	x = sums_of(x << 8);
	y = sums_of(y << 8) + sums_of(low);
	memcpy(offsets, &x, 8);
	memcpy(offsets + 8, &y, 8);
	*next += sum;
	return true;
}

/* The degree of a node with ADJACENCY_MANY. */
static uint32_t many_degree(const struct adjacency *a, uint32_t node)
{
	const struct adjacency_run key = {.node = node},
				   *run = bsearch(&key, a->many, a->many_count, sizeof(key), by_node);

	return run->degree;
}

/* A block with many targets. The last run may be of any length without making it a wide one. */
static void place_large(struct adjacency *a, size_t block, uint64_t *next)
{
	uint8_t *offsets = a->offsets + block * ADJACENCY_BLOCK;
	struct adjacency_starts starts;
	uint64_t first = *next, last;

	for (uint32_t i = 0; i < ADJACENCY_BLOCK; i++) {
		starts.of[i] = (uint32_t)*next;
		last = *next;
		*next += offsets[i] == ADJACENCY_MANY
				 ? many_degree(a, (uint32_t)(block * ADJACENCY_BLOCK + i))
				 : offsets[i];
	}
	if (last - first < ADJACENCY_WIDE) {
		for (uint32_t i = 0; i < ADJACENCY_BLOCK; i++)
			offsets[i] = (uint8_t)(starts.of[i] - first);
		return;
	}
	offsets[0] = 0; /* where the run before ends */
	memcpy(offsets + 4, &(uint32_t){(uint32_t)a->wide_count}, sizeof(uint32_t));
	offsets[ADJACENCY_BLOCK - 1] = ADJACENCY_WIDE;
	a->wide = grow_array(a->wide, &a->wide_capacity, a->wide_count + 1, sizeof(*a->wide));
	a->wide[a->wide_count++] = starts;
}

bool adjacency_place(struct adjacency *a)
{
	size_t blocks = blocks_of(a->count);
	uint64_t next = 0;

	if (a->many_count)
		qsort(a->many, a->many_count, sizeof(*a->many), by_node);
	for (size_t block = 0; block < blocks; block++) {
		if (next >= UINT32_MAX)
			return false;
		a->firsts[block] = (uint32_t)next;
		if (!place_bytes(a->offsets + block * ADJACENCY_BLOCK, &next))
			place_large(a, block, &next);
	}
	if (next >= UINT32_MAX)
		return false;
	free(a->many);
	a->many = NULL;
	a->firsts[blocks] = (uint32_t)next;
	a->target_count = next;
	a->targets = big_alloc(next, sizeof(*a->targets));
	return true;
}

static const uint32_t *wide_starts(const struct adjacency *a, uint32_t node)
{
	uint32_t index;

	memcpy(&index, a->offsets + node / ADJACENCY_BLOCK * ADJACENCY_BLOCK + 4, sizeof(index));
	return a->wide[index].of;
}

uint32_t adjacency_wide_first(const struct adjacency *a, uint32_t node)
{
	return wide_starts(a, node)[node % ADJACENCY_BLOCK];
}

const uint32_t *adjacency_wide_run(const struct adjacency *a, uint32_t node, size_t *count)
{
	const uint32_t *starts = wide_starts(a, node);
	uint32_t i = node % ADJACENCY_BLOCK, first = starts[i];

	*count = (i + 1 < ADJACENCY_BLOCK ? starts[i + 1] : a->firsts[node / ADJACENCY_BLOCK + 1]) - first;
	return a->targets + first;
}
