#include "inspector/graph/reach.h"

#include <stdlib.h>

/* How many steps later than a module global each kind of root starts. */
static const unsigned handicaps[] = {
	[ROOT_MODULE] = 0,
	[ROOT_FRAME] = 2,
	[ROOT_LOOP] = 3,
	[ROOT_THREAD] = 4,
	[ROOT_INTERPRETER] = 5,
};

#define HANDICAP_MAX 5

struct queue {
	uint32_t *nodes; /* every node enters at most once */
	uint32_t head, tail;
};

static void take(struct reach *reach, struct queue *queue, uint32_t node, uint32_t parent, uint32_t distance)
{
	if (reach->distance[node] != UNREACHED)
		return;
	reach->distance[node] = distance;
	reach->parent[node] = parent;
	queue->nodes[queue->tail++] = node;
}

static void start_roots(const struct roots *roots, struct reach *reach, struct queue *queue, uint32_t level)
{
	for (size_t i = 0; i < roots->count; i++)
		if (handicaps[roots->items[i].kind] == level)
			take(reach, queue, roots->items[i].node, ROOT_BIT | (uint32_t)i, level);
}

void reach_compute(const struct graph *graph, const struct roots *roots, struct reach *reach)
{
	struct queue queue = {.nodes = xmalloc((size_t)graph->count * sizeof(uint32_t))};
	uint32_t level = 0;

	reach->distance = xmalloc((size_t)graph->count * sizeof(uint32_t));
	reach->parent = xmalloc((size_t)graph->count * sizeof(uint32_t));
	for (uint32_t i = 0; i < graph->count; i++)
		reach->distance[i] = UNREACHED;
	start_roots(roots, reach, &queue, 0);
	while (queue.head < queue.tail || level < HANDICAP_MAX) {
		uint32_t end = queue.tail;

		while (queue.head < end) {
			uint32_t node = queue.nodes[queue.head++];
			const uint32_t *out = graph->out + graph->out_first[node];

			for (uint32_t k = 0; k < graph->out_count[node]; k++)
				take(reach, &queue, out[k], node, level + 1);
		}
		level++;
		if (level <= HANDICAP_MAX)
			start_roots(roots, reach, &queue, level);
	}
	reach->reached = queue.tail;
	free(queue.nodes);
}

void reach_deinit(struct reach *reach)
{
	free(reach->distance);
	free(reach->parent);
	*reach = (struct reach){0};
}
