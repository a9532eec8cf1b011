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

struct reversal {
	const struct graph *graph;
	struct graph_referrers *r;
	unsigned threads;
	/* Each thread takes the targets of its part of the nodes, and goes through all edges for them. */
	uint32_t bounds[PARALLEL_MOST + 1];
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

/* first[p + 1] becomes the number of sources of the node at place p. */
static void count_sources(void *context, unsigned thread)
{
	const struct reversal *v = context;
	const struct graph *g = v->graph;
	uint32_t low = v->bounds[thread], span = v->bounds[thread + 1] - low, place;

	for (uint64_t i = 0; i < g->edge_count; i++)
		if (g->out[i] - low < span && place_of(v->r, g->out[i], &place))
			v->r->first[place + 1]++;
}

/* first[p] is where the next source of place p goes; in the end it is where those of p + 1 start. */
static void fill_sources(void *context, unsigned thread)
{
	const struct reversal *v = context;
	const struct graph *g = v->graph;
	uint32_t low = v->bounds[thread], span = v->bounds[thread + 1] - low, place;

	for (uint32_t node = 0; node < g->count; node++)
		for (uint32_t i = g->out_first[node]; i < g->out_first[node + 1]; i++)
			if (g->out[i] - low < span && place_of(v->r, g->out[i], &place))
				v->r->source[v->r->first[place]++] = node;
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

	if (graph->edge_count < WORTH_THREADS)
		v.threads = 1;
	for (unsigned i = 0; i <= v.threads; i++)
		v.bounds[i] = (uint32_t)((uint64_t)graph->count * i / v.threads);
	r->first = big_alloc((size_t)r->count + 1, sizeof(*r->first));
	parallel_run(v.threads, count_sources, &v);
	for (uint32_t i = 0; i < r->count; i++)
		r->first[i + 1] += r->first[i];
	r->edge_count = r->first[r->count];
	r->source = big_alloc(r->edge_count, sizeof(*r->source));
	parallel_run(v.threads, fill_sources, &v);
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
	big_free(graph->out_first, (size_t)graph->count + 1, sizeof(*graph->out_first));
	big_free(graph->out, graph->edge_count, sizeof(*graph->out));
	free(graph->tracebacks);
	free(graph->weakrefs);
	free(graph->statics);
	free(graph);
}
