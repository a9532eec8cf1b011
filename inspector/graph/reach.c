#include "inspector/graph/reach.h"

#include "inspector/base/big.h"

#include <stdlib.h>
#include <string.h>

/* How many steps later than a module global each kind of root starts. */
static const unsigned handicaps[] = {
	[ROOT_MODULE] = 0,
	[ROOT_FRAME] = 2,
	[ROOT_LOOP] = 3,
	[ROOT_THREAD] = 4,
	[ROOT_INTERPRETER] = 5,
	[ROOT_TYPE] = 6,
};

#define HANDICAP_MAX 6

/* Nodes by the distance at which they are to be looked at. */
#define BUCKETS 8 /* more than any step costs */

struct bucket {
	uint32_t *nodes; /* owned */
	size_t count, capacity;
};

struct search {
	const struct graph *graph;
	struct reach *reach;
	uint64_t *met; /* a bit for each node that has a distance */
	struct bucket buckets[BUCKETS];
	size_t waiting; /* in all buckets */
};

#define AHEAD 8

/* A traceback keeps frames that are over: a way that does without is the one to tell. */
#define TRACEBACK_COST 3

static uint32_t cost_of(const struct graph *graph, uint32_t node)
{
	return graph->tracebacks[node / 64] >> (node % 64) & 1 ? TRACEBACK_COST : 0;
}

/* Levels come in order and what a node costs is its own, so that no later way is shorter than the first: a
 * small table tells most edges that they are too late. */
static void take(struct search *s, uint32_t node, uint32_t parent, uint32_t distance)
{
	struct bucket *bucket;

	if (s->met[node / 64] >> (node % 64) & 1)
		return;
	s->met[node / 64] |= UINT64_C(1) << (node % 64);
	distance += cost_of(s->graph, node);
	s->reach->reached++;
	s->reach->distance[node] = (uint16_t)(distance < FAR_AWAY ? distance : FAR_AWAY);
	s->reach->parent[node] = parent;
	bucket = &s->buckets[distance % BUCKETS];
	bucket->nodes =
		grow_array(bucket->nodes, &bucket->capacity, bucket->count + 1, sizeof(*bucket->nodes));
	bucket->nodes[bucket->count++] = node;
	s->waiting++;
}

static void start_roots(struct search *s, const struct roots *roots, uint32_t level)
{
	for (size_t i = 0; i < roots->count; i++)
		if (handicaps[roots->items[i].kind] == level)
			take(s, roots->items[i].node, ROOT_BIT | (uint32_t)i, level);
}

/* What take will write to; of a node with many targets those of the first. */
static void fetch_targets(const struct search *s, uint32_t node)
{
	size_t count;
	const uint32_t *out = graph_targets(s->graph, node, &count);

	for (size_t k = 0; k < count && k < AHEAD; k++) {
		__builtin_prefetch(&s->reach->parent[out[k]], 1);
		__builtin_prefetch(&s->reach->distance[out[k]], 1);
	}
}

/* The edges of the nodes that come next are on their way while those of this one are looked at. */
static void fetch_ahead(const struct search *s, const struct bucket *bucket, size_t i)
{
	const struct graph *graph = s->graph;

	if (i + 2 * AHEAD < bucket->count)
		adjacency_fetch(&graph->out, bucket->nodes[i + 2 * AHEAD]);
	if (i + AHEAD < bucket->count)
		adjacency_fetch_run(&graph->out, bucket->nodes[i + AHEAD]);
	if (i + AHEAD / 2 < bucket->count)
		fetch_targets(s, bucket->nodes[i + AHEAD / 2]);
}

static void look_at_level(struct search *s, uint32_t level)
{
	struct bucket *bucket = &s->buckets[level % BUCKETS];

	for (size_t i = 0; i < bucket->count; i++) {
		uint32_t node = bucket->nodes[i];
		const uint32_t *out;
		size_t count;

		fetch_ahead(s, bucket, i);
		out = graph_targets(s->graph, node, &count);
		for (size_t k = 0; k < count; k++)
			take(s, out[k], node, level + 1);
	}
	s->waiting -= bucket->count;
	bucket->count = 0;
}

void reach_compute(const struct graph *graph, const struct roots *roots, struct reach *reach)
{
	struct search s = {.graph = graph, .reach = reach};

	*reach = (struct reach){
		.distance = big_alloc(graph->count, sizeof(uint16_t)),
		.parent = big_alloc(graph->count, sizeof(uint32_t)),
		.count = graph->count,
	};
	s.met = xcalloc((size_t)graph->count / 64 + 1, sizeof(*s.met));
	memset(reach->distance, 0xff, graph->count * sizeof(*reach->distance));
	/* What asyncio itself keeps a list of is not held by that. */
	for (size_t i = 0; i < roots->registry_count; i++)
		s.met[roots->registries[i] / 64] |= UINT64_C(1) << (roots->registries[i] % 64);
	for (uint32_t level = 0; s.waiting || level <= HANDICAP_MAX; level++) {
		if (level <= HANDICAP_MAX)
			start_roots(&s, roots, level);
		look_at_level(&s, level);
	}
	for (int i = 0; i < BUCKETS; i++)
		free(s.buckets[i].nodes);
	free(s.met);
}

void reach_deinit(struct reach *reach)
{
	big_free(reach->distance, reach->count, sizeof(*reach->distance));
	big_free(reach->parent, reach->count, sizeof(*reach->parent));
	*reach = (struct reach){0};
}
