#include "inspector/graph/reach.h"

#include "inspector/base/big.h"
#include "inspector/base/parallel.h"

#include <stdlib.h>

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

/* A traceback keeps frames that are over: a way that does without is the one to tell. */
#define TRACEBACK_COST 3

/* Nodes by the distance at which they are to be looked at. */
#define BUCKETS 8 /* more than any step costs */

/* Nodes that a thread takes at once; they are all in one chunk of a stream. */
#define PIECE 4096

struct search {
	const struct graph *graph;
	struct reach *reach;
	unsigned threads;
	uint32_t level;
	bool is_ordered; /* no level so far had very many nodes */
	/* By distance; each thread has a list of its own for what it meets. */
	struct stream buckets[BUCKETS][PARALLEL_MOST];
	const struct stream *dealt; /* a bucket whose nodes are given to threads */
	size_t next_piece;	    /* of it; atomic */
	bool is_alone;		    /* there is one thread only */
};

static uint32_t cost_of(const struct graph *graph, uint32_t node)
{
	return graph->tracebacks[node / 64] >> (node % 64) & 1 ? TRACEBACK_COST : 0;
}

static uint64_t count_of(const struct search *s, uint32_t distance)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < s->threads; i++)
		count += s->buckets[distance % BUCKETS][i].count;
	return count;
}

static void start(struct search *s, uint32_t node, uint32_t root)
{
	struct reach *reach = s->reach;

	if (reach_has(reach, node))
		return;
	reach->reached[node / 64] |= UINT64_C(1) << (node % 64);
	reach->before[node] = ~(ROOT_BIT | root);
	stream_push(&s->buckets[(s->level + cost_of(s->graph, node)) % BUCKETS][0], node);
}

static void start_roots(struct search *s)
{
	const struct roots *roots = s->reach->roots;

	for (size_t i = 0; i < roots->count; i++)
		if (handicaps[roots->items[i].kind] == s->level)
			start(s, roots->items[i].node, (uint32_t)i);
}

struct piece {
	const uint32_t *nodes;
	size_t count; /* 0: there are no more */
};

static void deal(struct search *s, uint32_t distance)
{
	s->dealt = s->buckets[distance % BUCKETS];
	s->next_piece = 0;
}

static struct piece take_piece(struct search *s)
{
	uint64_t piece = __atomic_fetch_add(&s->next_piece, 1, __ATOMIC_RELAXED);

	for (unsigned i = 0; i < s->threads; i++) {
		const struct stream *list = &s->dealt[i];
		uint64_t pieces = (list->count + PIECE - 1) / PIECE, at = piece * PIECE;

		if (piece < pieces)
			return (struct piece){&list->chunks[at / STREAM_CHUNK][at % STREAM_CHUNK],
				(size_t)(list->count - at < PIECE ? list->count - at : PIECE)};
		piece -= pieces;
	}
	return (struct piece){NULL, 0};
}

/* Edges that are looked at later, when what they will change is there. */
#define PENDING 256

struct looker {
	const struct search *s;
	const uint64_t *reached;
	uint32_t *before;
	struct stream *next, *late; /* where nodes go that cost nothing, and TRACEBACK_COST */
	uint64_t *pending;	    /* the node that refers << 32, and the one that is referred to */
	size_t count;		    /* of pending */
};

/* Which of several nodes before one in the same level stays. */
enum rule {
	FIRST,	/* that comes first */
	LEAST,	/* by number */
	SHARED, /* the same, whichever thread comes first */
};

/* Whether a node is met for the first time. */
static inline bool meet(uint32_t *cell, uint32_t before, enum rule rule)
{
	uint32_t old = __atomic_load_n(cell, __ATOMIC_RELAXED);

	while (rule == FIRST ? !old : old < ~before) {
		if (rule != SHARED)
			*cell = ~before;
		else if (!__atomic_compare_exchange_n(
				 cell, &old, ~before, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			continue;
		return !old;
	}
	return false;
}

static inline size_t meet_pending(const struct looker *l, uint32_t *met, enum rule rule)
{
	size_t count = 0;

	for (size_t i = 0; i < l->count; i++) {
		uint32_t to = (uint32_t)l->pending[i];

		met[count] = to;
		count += meet(&l->before[to], (uint32_t)(l->pending[i] >> 32), rule);
	}
	return count;
}

static void settle(struct looker *l)
{
	uint32_t met[PENDING];
	size_t kept = 0, count = l->s->is_ordered ? meet_pending(l, met, FIRST)
				 : l->s->is_alone ? meet_pending(l, met, LEAST)
						  : meet_pending(l, met, SHARED);

	for (size_t i = 0; i < count; i++) {
		if (cost_of(l->s->graph, met[i]))
			stream_push(l->late, met[i]);
		else
			met[kept++] = met[i];
	}
	stream_append(l->next, met, kept);
	l->count = 0;
}

/* As many targets of a node as there is room for. No branch: whether one was met before is hard to guess. */
static size_t collect(struct looker *l, uint32_t node, const uint32_t *targets, size_t target_count)
{
	const uint64_t *reached = l->reached;
	size_t count = l->count, room = PENDING - count, taken = target_count < room ? target_count : room;

	for (size_t i = 0; i < taken; i++) {
		uint32_t to = targets[i];

		__builtin_prefetch(&l->before[to], 1);
		l->pending[count] = (uint64_t)node << 32 | to;
		count += ~(reached[to / 64] >> (to % 64)) & 1;
	}
	l->count = count;
	return taken;
}

#define AHEAD 16

/* The edges of nodes that come soon are on their way. Neighbours that come one after another share most. */
static void fetch_ahead(const struct adjacency *out, const uint32_t *nodes, size_t left)
{
	if (left <= 2 * AHEAD)
		return;
	if (nodes[2 * AHEAD] / 64 != nodes[2 * AHEAD - 1] / 64)
		adjacency_fetch(out, nodes[2 * AHEAD]);
	if (nodes[AHEAD] / ADJACENCY_BLOCK != nodes[AHEAD - 1] / ADJACENCY_BLOCK)
		adjacency_fetch_run(out, nodes[AHEAD]);
}

static void look_at_nodes(struct looker *l, const uint32_t *nodes, size_t node_count)
{
	const struct adjacency *out = &l->s->graph->out;

	for (size_t i = 0; i < node_count; i++) {
		const uint32_t *targets;
		size_t count, taken;

		fetch_ahead(out, nodes + i, node_count - i);
		targets = adjacency_run(out, nodes[i], &count);
		while ((taken = collect(l, nodes[i], targets, count)) < count) {
			targets += taken;
			count -= taken;
			settle(l);
		}
	}
}

/* Levels come in order and what a node costs is its own, so that no later way is shorter than the first: a
 * small table tells most edges that they are too late. While a level is looked at, it says what was met
 * before. */
static void look(void *context, unsigned thread)
{
	struct search *s = context;
	uint64_t pending[PENDING];
	struct looker l = {
		.s = s,
		.reached = s->reach->reached,
		.before = s->reach->before,
		.next = &s->buckets[(s->level + 1) % BUCKETS][thread],
		.late = &s->buckets[(s->level + 1 + TRACEBACK_COST) % BUCKETS][thread],
		.pending = pending,
	};
	struct piece piece;

	while ((piece = take_piece(s)).count)
		look_at_nodes(&l, piece.nodes, piece.count);
	settle(&l);
}

/* By one thread: several would have to see to it that none undoes what another writes to the same word, and
 * that takes longer. */
static void mark(struct search *s, uint32_t distance)
{
	uint64_t *reached = s->reach->reached;
	struct piece piece;

	deal(s, distance);
	while ((piece = take_piece(s)).count)
		for (size_t i = 0; i < piece.count; i++)
			reached[piece.nodes[i] / 64] |= UINT64_C(1) << (piece.nodes[i] % 64);
}

static void look_at_level(struct search *s)
{
	bool is_large = count_of(s, s->level) >= REACH_MANY;

	s->is_ordered &= !is_large;
	s->is_alone = !is_large || s->threads == 1;
	deal(s, s->level);
	if (s->is_alone)
		look(s, 0);
	else
		parallel_run(s->threads, look, s);
	mark(s, s->level + 1);
	mark(s, s->level + 1 + TRACEBACK_COST);
	for (unsigned i = 0; i < s->threads; i++)
		stream_clear(&s->buckets[s->level % BUCKETS][i]);
}

static bool is_waiting(const struct search *s)
{
	for (uint32_t i = 0; i < BUCKETS; i++)
		if (count_of(s, s->level + i))
			return true;
	return false;
}

void reach_compute(const struct graph *graph, const struct roots *roots, struct reach *reach)
{
	struct search s = {.graph = graph, .reach = reach, .threads = parallel_threads(), .is_ordered = true};

	*reach = (struct reach){
		.graph = graph,
		.roots = roots,
		.reached = xcalloc((size_t)graph->count / 64 + 1, sizeof(*reach->reached)),
		.before = big_alloc(graph->count, sizeof(*reach->before)),
		.count = graph->count,
	};
	/* What asyncio itself keeps a list of is not held by that. */
	for (size_t i = 0; i < roots->registry_count; i++)
		reach->reached[roots->registries[i] / 64] |= UINT64_C(1) << (roots->registries[i] % 64);
	for (; s.level <= HANDICAP_MAX || is_waiting(&s); s.level++) {
		if (s.level <= HANDICAP_MAX)
			start_roots(&s);
		look_at_level(&s);
	}
	for (size_t i = 0; i < roots->registry_count; i++)
		reach->reached[roots->registries[i] / 64] &= ~(UINT64_C(1) << (roots->registries[i] % 64));
	for (unsigned i = 0; i < BUCKETS; i++)
		for (unsigned k = 0; k < s.threads; k++)
			stream_deinit(&s.buckets[i][k]);
}

/* What a node's way costs more than that to the node before it; of a root's, all of it. */
static uint32_t step_cost(const struct reach *reach, uint32_t node)
{
	uint32_t before = reach_before(reach, node);

	return cost_of(reach->graph, node) +
	       (before & ROOT_BIT ? handicaps[reach->roots->items[before & ~ROOT_BIT].kind] : 1);
}

static uint32_t cut(uint32_t distance)
{
	return distance < FAR_AWAY ? distance : FAR_AWAY;
}

uint32_t reach_distance(const struct reach *reach, uint32_t node)
{
	uint32_t distance = 0;

	if (!reach_has(reach, node))
		return UNREACHED;
	for (; !(node & ROOT_BIT) && distance < FAR_AWAY; node = reach_before(reach, node))
		distance += step_cost(reach, node);
	return cut(distance);
}

/* So many go the whole way: of a list that is linked a million times it is long. */
#define FEW 256

uint32_t distances_of(struct distances *d, uint32_t node)
{
	const struct reach *reach = d->reach;
	uint32_t at = node, distance = 0;

	if (!reach_has(reach, node) || d->asked < FEW) {
		d->asked++;
		return reach_distance(reach, node);
	}
	if (!d->known)
		d->known = big_alloc(reach->count, sizeof(*d->known));
	for (; !(at & ROOT_BIT) && !d->known[at]; at = reach_before(reach, at))
		distance += step_cost(reach, at);
	if (!(at & ROOT_BIT))
		distance += d->known[at] - 1U;
	/* Above what is FAR_AWAY by now, the sums that follow are too small by the same; they are still that.
	 */
	for (uint32_t left = distance; node != at; node = reach_before(reach, node)) {
		d->known[node] = (uint16_t)(cut(left) + 1);
		left -= step_cost(reach, node);
	}
	return cut(distance);
}

void distances_deinit(struct distances *d)
{
	big_free(d->known, d->reach->count, sizeof(*d->known));
	d->known = NULL;
}

void reach_deinit(struct reach *reach)
{
	free(reach->reached);
	big_free(reach->before, reach->count, sizeof(*reach->before));
	*reach = (struct reach){0};
}
