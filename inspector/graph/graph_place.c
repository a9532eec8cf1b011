/* The second part of graph_build: numbers for nodes, and edges in terms of numbers. */
#include "inspector/graph/graph_build_inner.h"

static void place_counts(void *context, unsigned thread)
{
	struct build *b = context;
	const struct heap *heap = b->heap;
	size_t part;

	while ((part = __atomic_fetch_add(&b->next_part, 1, __ATOMIC_RELAXED)) < b->part_count) {
		const struct stream *counts = &b->workers[b->parts[part].worker].counts;
		uint64_t at = b->parts[part].first_count;

		for (size_t word = part * PART_WORDS; word < build_part_end(b, part); word++) {
			uint32_t node = heap->ranks[word];

			for (uint64_t left = heap->bits[word]; left; left &= left - 1, node++)
				if (!(b->added[word] & left & -left))
					adjacency_set_degree(&b->graph->out, node, stream_at(counts, at++));
		}
	}
	(void)thread;
}

#define AHEAD 16

/* The numbers of count positions. */
static inline __attribute__((always_inline)) void rank_all(
	const struct heap *heap, uint32_t *to, const uint32_t *from, uint64_t count, bool has_popcnt)
{
	for (uint64_t i = 0; i < count; i++) {
		uint32_t at = from[i], ahead = from[i + AHEAD < count ? i + AHEAD : i];
		uint64_t below = heap->bits[at / 64] & ((UINT64_C(1) << (at % 64)) - 1);

		__builtin_prefetch(&heap->bits[ahead / 64]);
		__builtin_prefetch(&heap->ranks[ahead / 64]);
		to[i] = heap->ranks[at / 64] +
			(has_popcnt ? (uint32_t)__builtin_popcountll(below) : count_bits(below));
	}
}

#if defined(__x86_64__)
/* One instruction for what count_bits does; processors have it since 2008, and compilers may not assume it.
 */
static __attribute__((target("popcnt"))) void rank_with_popcnt(
	const struct heap *heap, uint32_t *to, const uint32_t *from, uint64_t count)
{
	rank_all(heap, to, from, count, true);
}
#endif

static void rank_portably(const struct heap *heap, uint32_t *to, const uint32_t *from, uint64_t count)
{
	rank_all(heap, to, from, count, false);
}

static void rank_many(const struct heap *heap, uint32_t *to, const uint32_t *from, uint64_t count)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("popcnt")) {
		rank_with_popcnt(heap, to, from, count);
		return;
	}
#endif
	rank_portably(heap, to, from, count);
}

void build_place_run(
	const struct build *b, uint32_t *to, uint64_t count, const struct stream *targets, uint64_t *at)
{
	for (uint64_t left = count; left;) {
		const uint32_t *from = targets->chunks[*at / STREAM_CHUNK] + *at % STREAM_CHUNK;
		uint64_t here = STREAM_CHUNK - *at % STREAM_CHUNK;

		here = here < left ? here : left;
		rank_many(b->heap, to, from, here);
		to += here;
		*at += here;
		left -= here;
	}
}

/* All of them stand one behind the other, in most cases. */
void build_place_word(struct build *b, size_t word, const struct stream *targets, uint64_t *at)
{
	struct adjacency *out = &b->graph->out;
	uint64_t bits = b->heap->bits[word], added = b->added[word] & bits;
	uint32_t node = b->heap->ranks[word], end = node + count_bits(bits), first;

	if (!added && bits) {
		first = adjacency_first(out, node);
		build_place_run(b, out->targets + first, adjacency_first(out, end) - first, targets, at);
		return;
	}
	for (uint64_t left = bits; left; left &= left - 1, node++)
		if (!(added & left & -left))
			build_place_run(b, out->targets + adjacency_first(out, node),
				adjacency_degree(out, node), targets, at);
}

static void place_targets(void *context, unsigned thread)
{
	struct build *b = context;
	size_t part;

	while ((part = __atomic_fetch_add(&b->next_part, 1, __ATOMIC_RELAXED)) < b->part_count) {
		uint64_t at = b->parts[part].first_target;

		for (size_t word = part * PART_WORDS; word < build_part_end(b, part); word++)
			build_place_word(b, word, &b->workers[b->parts[part].worker].targets, &at);
	}
	(void)thread;
}

static void place_late_counts(struct build *b)
{
	for (unsigned k = 0; k < b->worker_count; k++) {
		const struct worker *w = &b->workers[k];

		for (uint64_t i = 0; i < w->late.count; i++)
			adjacency_set_degree(&b->graph->out, rank_of(b->heap, stream_at(&w->late, i)),
				stream_at(&w->late_counts, i));
	}
}

static void place_late_targets(struct build *b)
{
	for (unsigned k = 0; k < b->worker_count; k++) {
		const struct worker *w = &b->workers[k];
		uint64_t at = 0;

		for (uint64_t i = 0; i < w->late.count; i++) {
			const struct adjacency *out = &b->graph->out;
			uint32_t node = rank_of(b->heap, stream_at(&w->late, i));

			build_place_run(b, out->targets + adjacency_first(out, node),
				adjacency_degree(out, node), &w->late_targets, &at);
		}
	}
}

static void join_nodes(struct build *b)
{
	for (size_t i = 0; i < b->heap->word_count; i++)
		b->heap->bits[i] |= b->added[i];
	if (!b->with_leaves) {
		big_free(b->leaves, b->heap->word_count, sizeof(*b->leaves));
		b->leaves = NULL;
	}
}

void build_number(struct build *b)
{
	struct graph *g = b->graph;

	join_nodes(b);
	heap_freeze(b->heap);
	g->count = heap_count(b->heap);
	adjacency_init(&g->out, g->count);
}

void build_place_runs(struct build *b)
{
	struct graph *g = b->graph;

	if (adjacency_place(&g->out))
		return;
	/* The reader sees to it that this does not happen. */
	adjacency_deinit(&g->out);
	adjacency_init(&g->out, g->count);
	adjacency_place(&g->out);
	g->partial = g->count;
}

void build_place(struct build *b)
{
	build_number(b);
	build_run(b, place_counts);
	place_late_counts(b);
	build_place_runs(b);
	build_run(b, place_targets);
	place_late_targets(b);
}
