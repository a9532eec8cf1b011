#include "inspector/base/big.h"
#include "inspector/base/parallel.h"
#include "inspector/graph/graph.h"
#include "inspector/python/heap_inner.h"
#include "inspector/python/memory.h"
#include "inspector/python/refs_targets.h"

#include <stdlib.h>

/* Words of bits in a part: 2 MiB of addresses. Threads take parts one after another. */
#define PART_WORDS 4096

/* Objects below this are not worth a thread. */
#define WORTH_THREADS 20000

/* The references of the tracked objects of a part stand one behind the other in the streams of the thread
 * that took it. */
struct part {
	uint32_t worker;
	uint64_t first_count, first_target; /* in the streams of that worker */
};

/* While building, targets are positions: numbers come when all nodes are there. */
struct worker {
	struct build *build;
	struct python *py; /* owned: a fork */
	struct ref_reader reader;
	struct stream counts, targets; /* of the objects in parts */
	struct stream met;	       /* positions of untracked objects, as they become known */
	struct stream scanned;	       /* positions of objects whose turn comes last */
	uint64_t read;		       /* of met */
	/* Of the objects that are in no part, and that have a bit in build->added. */
	struct stream late, late_counts, late_targets;
	struct stream *goes_to;			     /* targets or late_targets */
	struct stream tracebacks, weakrefs, statics; /* positions */
	size_t partial;
};

struct build {
	struct graph *graph;
	struct heap *heap;
	/* One bit for each position: objects that are read apart from their part, since they are untracked or
	 * have memory that is scanned; and what was looked at and is no node. */
	uint64_t *added, *leaves;
	bool with_leaves; /* they are wanted afterwards */
	struct part *parts;
	size_t part_count;
	size_t next_part; /* atomic */
	uint64_t most_edges;
	unsigned worker_count;
	struct worker workers[PARALLEL_MOST];
};

static bool is_node_type(struct python *py, const struct pytype *type, uint64_t object)
{
	const struct pytype *self;

	if (!type)
		return false;
	/* What the collector does not know can lead on all the same: code, a date with its time zone. */
	if (!type->has_gc)
		return type->refs_end > type->refs_first || type->member_count ||
		       type->scan_to > type->scan_from;
	if (type->kind != KIND_TYPE)
		return true;
	self = pytype_at(py, object, NULL);
	return self && self->is_heap;
}

bool graph_is_node(struct python *py, uint64_t object)
{
	return is_node_type(py, pytype_of(py, object, NULL), object);
}

/* Of something that the collector does not track: whether it is a node. Each is looked at once, or by two
 * threads at the same time, of which one adds it. */
static bool is_untracked_node(struct worker *w, uint64_t object, uint32_t position)
{
	struct build *b = w->build;
	uint64_t bit = UINT64_C(1) << (position % 64);
	const struct ref_plan *plan;

	if (bit_load(b->added, position))
		return true;
	if (bit_load(b->leaves, position))
		return false;
	plan = ref_reader_plan_of(&w->reader, object);
	if (!plan || !is_node_type(w->py, ref_plan_type(plan), object)) {
		__atomic_fetch_or(&b->leaves[position / 64], bit, __ATOMIC_RELAXED);
		return false;
	}
	if (!(__atomic_fetch_or(&b->added[position / 64], bit, __ATOMIC_RELAXED) & bit))
		stream_push(&w->met, position);
	return true;
}

static void take_targets(void *context, const uint64_t *targets, size_t count)
{
	struct worker *w = context;
	const uint64_t *tracked = w->build->heap->bits;

	if (w->targets.count + w->late_targets.count > w->build->most_edges)
		return;
	for (size_t i = 0; i < count; i++) {
		uint32_t position = area_position(area_of(&w->reader.areas, targets[i]), targets[i]);

		if (position == NO_POSITION)
			continue;
		if (bit_is_set(tracked, position) || is_untracked_node(w, targets[i], position))
			stream_push(w->goes_to, position);
	}
}

/* A scan of unknown memory believes in the objects that were found before the first scan: an answer that
 * depends on no order. */
static bool is_known(void *context, uint64_t address)
{
	struct worker *w = context;
	uint32_t position = area_position(area_of(&w->reader.areas, address), address);

	return position != NO_POSITION && bit_is_set(w->build->heap->bits, position);
}

static void note_kind(struct worker *w, uint32_t position, enum type_kind kind)
{
	if (kind == KIND_TRACEBACK)
		stream_push(&w->tracebacks, position);
	else if (kind == KIND_WEAKREF)
		stream_push(&w->weakrefs, position);
	else if (kind == KIND_TYPE || kind == KIND_MODULE)
		stream_push(&w->statics, position);
}

static uint32_t read_object(struct worker *w, uint32_t position, uint64_t object, const struct ref_plan *plan)
{
	uint64_t before = w->goes_to->count;

	if (plan)
		note_kind(w, position, ref_plan_type(plan)->kind);
	if (w->targets.count + w->late_targets.count > w->build->most_edges) {
		w->partial++;
		return 0;
	}
	if (!ref_reader_read(&w->reader, object, plan) || w->reader.is_partial)
		w->partial++;
	return (uint32_t)(w->goes_to->count - before);
}

/* Whether an object is left for the end, when all that a scan can find is known. */
static bool comes_last(struct worker *w, uint32_t position, const struct ref_plan *plan)
{
	if (!plan || !ref_plan_scans(plan))
		return false;
	__atomic_fetch_or(&w->build->added[position / 64], UINT64_C(1) << (position % 64), __ATOMIC_RELAXED);
	stream_push(&w->scanned, position);
	return true;
}

static void read_late(struct worker *w, uint32_t position, uint64_t object)
{
	w->goes_to = &w->late_targets;
	stream_push(&w->late, position);
	stream_push(
		&w->late_counts, read_object(w, position, object, ref_reader_plan_of(&w->reader, object)));
}

static void read_part(struct worker *w, struct part *part, size_t first, size_t end)
{
	const struct heap *heap = w->build->heap;

	*part = (struct part){(uint32_t)(w - w->build->workers), w->counts.count, w->targets.count};
	w->goes_to = &w->targets;
	for (size_t word = first; word < end; word++) {
		uint64_t left = heap->bits[word];
		uint64_t address = left ? heap_position_address(heap, (uint32_t)(word * 64)) : 0;

		for (; left; left &= left - 1) {
			unsigned bit = (unsigned)__builtin_ctzll(left);
			uint32_t position = (uint32_t)(word * 64 + bit);
			uint64_t object = address + (uint64_t)bit * GRANULE;
			const struct ref_plan *plan = ref_reader_plan_of(&w->reader, object);

			if (!comes_last(w, position, plan))
				stream_push(&w->counts, read_object(w, position, object, plan));
		}
	}
}

static size_t part_end(const struct build *b, size_t part)
{
	size_t end = (part + 1) * PART_WORDS;

	return end < b->heap->word_count ? end : b->heap->word_count;
}

static bool is_interrupted(const struct build *b)
{
	return progress_is_interrupted(b->graph->py->progress);
}

static void read_objects(void *context, unsigned thread)
{
	struct build *b = context;
	struct worker *w = &b->workers[thread];
	size_t part;

	while (!is_interrupted(b) &&
		(part = __atomic_fetch_add(&b->next_part, 1, __ATOMIC_RELAXED)) < b->part_count) {
		read_part(w, &b->parts[part], part * PART_WORDS, part_end(b, part));
		progress_add(b->graph->py->progress, 1);
	}
	for (; w->read < w->met.count && !is_interrupted(b); w->read++) {
		uint32_t position = stream_at(&w->met, w->read);
		uint64_t object = heap_position_address(b->heap, position);

		if (!comes_last(w, position, ref_reader_plan_of(&w->reader, object)))
			read_late(w, position, object);
	}
}

/* What is met on the way was not known to any scan. */
static void read_scanned(void *context, unsigned thread)
{
	struct build *b = context;
	struct worker *w = &b->workers[thread];

	for (uint64_t i = 0; i < w->scanned.count; i++) {
		uint32_t position = stream_at(&w->scanned, i);

		read_late(w, position, heap_position_address(b->heap, position));
	}
	for (; w->read < w->met.count; w->read++) {
		uint32_t position = stream_at(&w->met, w->read);

		read_late(w, position, heap_position_address(b->heap, position));
	}
}

static void join_added(struct build *b)
{
	for (size_t i = 0; i < b->heap->word_count; i++)
		b->heap->bits[i] |= b->added[i];
}

static void place_counts(void *context, unsigned thread)
{
	struct build *b = context;
	const struct heap *heap = b->heap;
	size_t part;

	while ((part = __atomic_fetch_add(&b->next_part, 1, __ATOMIC_RELAXED)) < b->part_count) {
		const struct stream *counts = &b->workers[b->parts[part].worker].counts;
		uint64_t at = b->parts[part].first_count;

		for (size_t word = part * PART_WORDS; word < part_end(b, part); word++) {
			uint32_t node = heap->ranks[word];

			for (uint64_t left = heap->bits[word]; left; left &= left - 1, node++)
				if (!(b->added[word] & left & -left))
					adjacency_set_degree(&b->graph->out, node, stream_at(counts, at++));
		}
	}
	(void)thread;
}

/* The numbers of the targets of a node, which stand from *at on in a stream, as positions. */
static void place_run(struct build *b, uint32_t node, const struct stream *targets, uint64_t *at)
{
	struct adjacency *out = &b->graph->out;
	uint32_t *to = out->targets + adjacency_first(out, node);

	for (uint32_t left = adjacency_degree(out, node); left; left--)
		*to++ = rank_of(b->heap, stream_at(targets, (*at)++));
}

static void place_targets(void *context, unsigned thread)
{
	struct build *b = context;
	const struct heap *heap = b->heap;
	size_t part;

	while ((part = __atomic_fetch_add(&b->next_part, 1, __ATOMIC_RELAXED)) < b->part_count) {
		const struct stream *targets = &b->workers[b->parts[part].worker].targets;
		uint64_t at = b->parts[part].first_target;

		for (size_t word = part * PART_WORDS; word < part_end(b, part); word++) {
			uint32_t node = heap->ranks[word];

			for (uint64_t left = heap->bits[word]; left; left &= left - 1, node++) {
				if (b->added[word] & left & -left)
					continue;
				place_run(b, node, targets, &at);
			}
		}
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

		for (uint64_t i = 0; i < w->late.count; i++)
			place_run(b, rank_of(b->heap, stream_at(&w->late, i)), &w->late_targets, &at);
	}
}

static void run(struct build *b, void (*work)(void *context, unsigned thread))
{
	b->next_part = 0;
	parallel_run(b->worker_count, work, b);
}

static void number_nodes(struct build *b)
{
	struct graph *g = b->graph;
	struct heap *heap = b->heap;

	join_added(b);
	if (b->with_leaves)
		g->leaves = b->leaves;
	else
		big_free(b->leaves, heap->word_count, sizeof(*b->leaves));
	heap_freeze(heap);
	g->count = heap_count(heap);
	adjacency_init(&g->out, g->count);
	run(b, place_counts);
	place_late_counts(b);
	if (!adjacency_place(&g->out)) {
		/* take_targets sees to it that this does not happen. */
		adjacency_deinit(&g->out);
		adjacency_init(&g->out, g->count);
		adjacency_place(&g->out);
		g->partial = g->count;
	}
	run(b, place_targets);
	place_late_targets(b);
	big_free(b->added, heap->word_count, sizeof(*b->added));
}

static void set_bits(const struct build *b, struct stream *positions, uint64_t *bits)
{
	for (uint64_t i = 0; i < positions->count; i++) {
		uint32_t node = rank_of(b->heap, stream_at(positions, i));

		bits[node / 64] |= UINT64_C(1) << (node % 64);
	}
	stream_deinit(positions);
}

/* A module's dictionary is as much as the module. */
static void mark_module_dicts(struct graph *g)
{
	for (uint32_t node = 0; node < g->count; node++) {
		const struct pytype *type;
		uint64_t object, dict;
		uint32_t inner;

		if (!bit_is_set(g->statics, node))
			continue;
		object = heap_address(g->heap, node);
		type = pytype_of(g->py, object, NULL);
		if (type && type->kind == KIND_MODULE &&
			read_pointer(g->py, object, FIELD_module_dict, &dict, NULL) &&
			heap_index(g->heap, dict, &inner))
			g->statics[inner / 64] |= UINT64_C(1) << (inner % 64);
	}
}

static void join_worker(struct build *b, struct worker *w)
{
	struct graph *g = b->graph;

	g->partial += w->partial;
	stream_deinit(&w->tracebacks);
	stream_deinit(&w->weakrefs);
	stream_deinit(&w->statics);
	stream_deinit(&w->counts);
	stream_deinit(&w->targets);
	stream_deinit(&w->late_counts);
	stream_deinit(&w->late_targets);
	stream_deinit(&w->late);
	stream_deinit(&w->met);
	stream_deinit(&w->scanned);
	ref_reader_deinit(&w->reader);
	python_join(g->py, w->py);
}

static void give_up(struct build *b)
{
	for (unsigned i = 0; i < b->worker_count; i++)
		join_worker(b, &b->workers[i]);
	big_free(b->added, b->heap->word_count, sizeof(*b->added));
	big_free(b->leaves, b->heap->word_count, sizeof(*b->leaves));
	free(b->graph);
	free(b->parts);
	free(b);
}

/* Each reference is a word of the target's memory, of which a sane object has no second one; objects that
 * share their memory are damage, and would make more edges than there is room for. */
static uint64_t most_edges(const struct heap *heap, unsigned threads)
{
	uint64_t most = heap_positions(heap) * 2 + (1 << 20), limit = UINT32_MAX - (1 << 20);

	return (most < limit ? most : limit) / threads;
}

struct graph *graph_build(struct python *py, struct heap *heap, bool with_leaves)
{
	struct graph *graph = xcalloc(1, sizeof(*graph));
	struct build *b = xcalloc(1, sizeof(*b));

	graph->py = py;
	graph->heap = heap;
	b->graph = graph;
	b->heap = heap;
	b->with_leaves = with_leaves;
	b->added = big_alloc(heap->word_count, sizeof(*b->added));
	b->leaves = big_alloc(heap->word_count, sizeof(*b->leaves));
	b->part_count = (heap->word_count + PART_WORDS - 1) / PART_WORDS;
	b->parts = xcalloc(b->part_count, sizeof(*b->parts));
	b->worker_count = heap_count(heap) < WORTH_THREADS ? 1 : parallel_threads();
	b->most_edges = most_edges(heap, b->worker_count);
	for (unsigned i = 0; i < b->worker_count; i++) {
		struct worker *w = &b->workers[i];

		w->build = b;
		w->py = python_fork(py);
		ref_reader_init(&w->reader, w->py, heap);
		w->reader.give = take_targets;
		w->reader.is_known = is_known;
		w->reader.context = w;
		w->reader.with_string_keys = with_leaves;
	}
	progress_phase(py->progress, "reading objects", b->part_count);
	run(b, read_objects);
	join_added(b);
	if (!is_interrupted(b))
		run(b, read_scanned);
	progress_phase(py->progress, "numbering objects", 0);
	if (is_interrupted(b)) {
		give_up(b);
		return NULL;
	}
	number_nodes(b);
	graph->tracebacks = xcalloc((size_t)graph->count / 64 + 1, sizeof(*graph->tracebacks));
	graph->weakrefs = xcalloc((size_t)graph->count / 64 + 1, sizeof(*graph->weakrefs));
	graph->statics = xcalloc((size_t)graph->count / 64 + 1, sizeof(*graph->statics));
	for (unsigned i = 0; i < b->worker_count; i++) {
		set_bits(b, &b->workers[i].tracebacks, graph->tracebacks);
		set_bits(b, &b->workers[i].weakrefs, graph->weakrefs);
		set_bits(b, &b->workers[i].statics, graph->statics);
		join_worker(b, &b->workers[i]);
	}
	mark_module_dicts(graph);
	free(b->parts);
	free(b);
	return graph;
}
