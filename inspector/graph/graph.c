#include "inspector/graph/graph.h"

#include "inspector/base/big.h"
#include "inspector/base/parallel.h"
#include "inspector/python/heap_inner.h"

#include <stdlib.h>
#include <string.h>

/* Edges below this are not worth a thread. */
#define WORTH_THREADS 100000

/* Edges that come in, of some nodes or of all. */
struct graph_referrers {
	uint64_t *nodes;  /* a bit for each node that is in here; NULL: all are */
	uint32_t *ranks;  /* nodes before each word of bits */
	uint32_t count;	  /* nodes */
	uint32_t *first;  /* count + 1 */
	uint32_t *source; /* nodes; ascending for each target */
	uint64_t edge_count;
};

/* A reference to one of some nodes. */
struct pair {
	uint32_t place, source;
};

struct pairs {
	struct pair *items; /* owned */
	size_t count, capacity;
};

struct reversal {
	const struct graph *graph;
	struct graph_referrers *r;
	unsigned threads;
	uint32_t bounds[PARALLEL_MOST + 1]; /* nodes: each thread has a part of them */
	struct pairs pairs[PARALLEL_MOST];
};

static bool place_of(const struct graph_referrers *r, uint32_t node, uint32_t *place)
{
	uint64_t below;

	if (!r->nodes) {
		*place = node;
		return true;
	}
	if (!bit_is_set(r->nodes, node))
		return false;
	below = r->nodes[node / 64] & ((UINT64_C(1) << (node % 64)) - 1);
	*place = r->ranks[node / 64] + count_bits(below);
	return true;
}

/* Of all nodes: each thread takes the targets of its part, and goes through all edges for them. first[n + 1]
 * becomes the number of sources of node n. */
static void count_sources(void *context, unsigned thread)
{
	const struct reversal *v = context;
	const struct adjacency *out = &v->graph->out;
	uint32_t low = v->bounds[thread], span = v->bounds[thread + 1] - low;

	for (uint64_t i = 0; i < out->target_count; i++)
		if (out->targets[i] - low < span)
			v->r->first[out->targets[i] + 1]++;
}

/* first[n] is where the next source of node n goes; in the end it is where those of n + 1 start. */
static void fill_sources(void *context, unsigned thread)
{
	const struct reversal *v = context;
	const struct graph *g = v->graph;
	const uint32_t *target = g->out.targets;
	uint32_t low = v->bounds[thread], span = v->bounds[thread + 1] - low;

	for (uint32_t node = 0; node < g->count; node++)
		for (uint32_t left = adjacency_degree(&g->out, node); left; left--, target++)
			if (*target - low < span)
				v->r->source[v->r->first[*target]++] = node;
}

/* The node of a block whose run an edge is in. */
static uint32_t node_of_edge(const struct adjacency *out, uint32_t block, uint64_t edge)
{
	uint32_t node = block * ADJACENCY_BLOCK;

	while (adjacency_first(out, node + 1) <= edge)
		node++;
	return node;
}

/* Of some nodes, which few references lead to: each thread takes the sources of its part, in their order.
 * Whose an edge is is found out for those alone. */
static void collect_pairs(void *context, unsigned thread)
{
	struct reversal *v = context;
	const struct adjacency *out = &v->graph->out;
	struct pairs *pairs = &v->pairs[thread];
	const uint64_t *nodes = v->r->nodes;
	uint32_t end = (v->bounds[thread + 1] + ADJACENCY_BLOCK - 1) / ADJACENCY_BLOCK, place;

	for (uint32_t block = v->bounds[thread] / ADJACENCY_BLOCK; block < end; block++) {
		for (uint64_t edge = out->firsts[block]; edge < out->firsts[block + 1]; edge++) {
			uint32_t target = out->targets[edge];

			if (__builtin_expect(!bit_is_set(nodes, target), 1))
				continue;
			place_of(v->r, target, &place);
			pairs->items = grow_array(
				pairs->items, &pairs->capacity, pairs->count + 1, sizeof(*pairs->items));
			pairs->items[pairs->count++] = (struct pair){place, node_of_edge(out, block, edge)};
		}
	}
}

static void sum_up(struct graph_referrers *r)
{
	for (uint32_t i = 0; i < r->count; i++)
		r->first[i + 1] += r->first[i];
	r->edge_count = r->first[r->count];
	r->source = big_alloc(r->edge_count, sizeof(*r->source));
}

static void place_pairs(struct reversal *v)
{
	struct graph_referrers *r = v->r;

	for (unsigned t = 0; t < v->threads; t++)
		for (size_t i = 0; i < v->pairs[t].count; i++)
			r->first[v->pairs[t].items[i].place + 1]++;
	sum_up(r);
	for (unsigned t = 0; t < v->threads; t++) {
		for (size_t i = 0; i < v->pairs[t].count; i++) {
			const struct pair *pair = &v->pairs[t].items[i];

			r->source[r->first[pair->place]++] = pair->source;
		}
		free(v->pairs[t].items);
	}
}

static void copy_nodes(struct graph_referrers *r, const uint64_t *nodes, uint32_t count)
{
	size_t words = (size_t)count / 64 + 1;

	r->nodes = xmalloc(words * sizeof(*r->nodes));
	r->ranks = xmalloc(words * sizeof(*r->ranks));
	memcpy(r->nodes, nodes, words * sizeof(*r->nodes));
	for (size_t i = 0; i < words; i++) {
		r->ranks[i] = r->count;
		r->count += count_bits(r->nodes[i]);
	}
}

static void free_referrers(struct graph_referrers *r)
{
	if (!r)
		return;
	free(r->nodes);
	free(r->ranks);
	big_free(r->first, (size_t)r->count + 1, sizeof(*r->first));
	big_free(r->source, r->edge_count, sizeof(*r->source));
	free(r);
}

static void reverse(struct graph *graph, struct graph_referrers *r)
{
	struct reversal v = {.graph = graph, .r = r, .threads = parallel_threads()};

	if (graph->out.target_count < WORTH_THREADS)
		v.threads = 1;
	/* In whole blocks. */
	for (unsigned i = 1; i < v.threads; i++)
		v.bounds[i] = (uint32_t)((uint64_t)graph->count * i / v.threads) / ADJACENCY_BLOCK *
			      ADJACENCY_BLOCK;
	v.bounds[v.threads] = graph->count;
	r->first = big_alloc((size_t)r->count + 1, sizeof(*r->first));
	if (r->nodes) {
		parallel_run(v.threads, collect_pairs, &v);
		place_pairs(&v);
	} else {
		parallel_run(v.threads, count_sources, &v);
		sum_up(r);
		parallel_run(v.threads, fill_sources, &v);
	}
	memmove(r->first + 1, r->first, r->count * sizeof(*r->first));
	r->first[0] = 0;
}

void graph_prepare_referrers(struct graph *graph, const uint64_t *nodes)
{
	struct graph_referrers *r;

	if (graph->referrers && !graph->referrers->nodes)
		return;
	r = xcalloc(1, sizeof(*r));
	if (nodes)
		copy_nodes(r, nodes, graph->count);
	else
		r->count = graph->count;
	free_referrers(graph->referrers);
	reverse(graph, r);
	graph->referrers = r;
}

bool graph_has_sources(const struct graph *graph, uint32_t node)
{
	uint32_t place;

	return graph->referrers && place_of(graph->referrers, node, &place);
}

const uint32_t *graph_sources(const struct graph *graph, uint32_t node, size_t *count)
{
	const struct graph_referrers *r = graph->referrers;
	uint32_t place;

	if (!r || !place_of(r, node, &place)) {
		/* What is kept of an answer is no change of the graph. */
		graph_prepare_referrers((struct graph *)graph, NULL);
		r = graph->referrers;
		place = node;
	}
	*count = r->first[place + 1] - r->first[place];
	return r->source + r->first[place];
}

struct all_sources graph_all_sources(const struct graph *graph)
{
	/* As in graph_sources. */
	graph_prepare_referrers((struct graph *)graph, NULL);
	return (struct all_sources){graph->referrers->first, graph->referrers->source};
}

void graph_forget_referrers(struct graph *graph)
{
	free_referrers(graph->referrers);
	graph->referrers = NULL;
}

void graph_destroy(struct graph *graph)
{
	if (!graph)
		return;
	free_referrers(graph->referrers);
	adjacency_deinit(&graph->out);
	if (graph->leaves)
		big_free(graph->leaves, graph->heap->word_count, sizeof(*graph->leaves));
	free(graph->tracebacks);
	free(graph->weakrefs);
	free(graph->statics);
	free(graph);
}
