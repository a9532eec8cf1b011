#include "inspector/graph/graph_build_inner.h"
#include "inspector/python/memory.h"

#include <stdlib.h>

/* Objects below this are not worth a thread. */
#define WORTH_THREADS 4000

/* A scan of unknown memory believes in the objects that were found before the first scan: an answer that
 * depends on no order. */
static bool is_known(void *context, uint64_t address)
{
	struct worker *w = context;
	uint32_t position = area_cache_position(&w->reader.areas, address);

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
	uint64_t before = w->given;

	if (plan)
		note_kind(w, position, ref_plan_type(plan)->kind);
	if (w->given > w->build->most_edges) {
		w->partial++;
		return 0;
	}
	if (!ref_reader_read(&w->reader, object, plan) || w->reader.is_partial)
		w->partial++;
	return (uint32_t)(w->given - before);
}

/* Reads the first of those that come: its count is put into w->counts, some time. */
static inline void gather_next(struct worker *w)
{
	struct gathered *gathered = &w->gathered;
	const struct coming *next = &gathered->coming[gathered->first++ % COMING_OBJECTS];

	if (!ref_reader_gather_at(&w->reader, next->object, next->plan, next->bytes, next->room) ||
		w->reader.is_partial)
		w->partial++;
	gathered->ends[gathered->count++] = (uint32_t)w->reader.count;
	if (w->reader.count >= GATHERED_TARGETS || gathered->count == GATHERED_OBJECTS) {
		ref_reader_flush(&w->reader);
		if (gathered->count)
			build_take_targets(w, NULL, 0);
	}
}

/* All that came has its edges then. */
static void gather_rest(struct worker *w)
{
	while (w->gathered.first != w->gathered.end)
		gather_next(w);
	ref_reader_flush(&w->reader);
	if (w->gathered.count)
		build_take_targets(w, NULL, 0);
}

/* There are before bytes in front of it, and room bytes of it. */
static inline void let_come(struct worker *w, uint64_t object, const struct ref_plan *plan,
	const uint8_t *bytes, uint64_t before, uint64_t room)
{
	struct gathered *gathered = &w->gathered;

	if (gathered->end - gathered->first == COMING_OBJECTS)
		gather_next(w);
	ref_reader_fetch(&w->reader, plan, bytes, before, room);
	gathered->coming[gathered->end++ % COMING_OBJECTS] = (struct coming){object, room, plan, bytes};
}

/* One of most objects, which lies at bytes, when all are read twice. */
static inline void count_usual(
	struct worker *w, uint64_t object, const struct ref_plan *plan, const uint8_t *bytes, uint64_t room)
{
	if (!ref_reader_read_at(&w->reader, object, plan, bytes, room) || w->reader.is_partial)
		w->partial++;
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

static void read_one(struct worker *w, uint32_t position, uint64_t object, const struct ref_plan *plan)
{
	uint32_t count;

	if (comes_last(w, position, plan))
		return;
	count = read_object(w, position, object, plan);
	if (!w->build->reads_twice)
		stream_push(&w->counts, count);
}

/* The objects of a word of bits are in one area: where its bytes are is found out once. */
static void read_word_of_bits(struct worker *w, size_t word, uint64_t left)
{
	const struct heap *heap = w->build->heap;
	uint64_t address = heap_position_address(heap, (uint32_t)(word * 64));
	uint64_t room;
	const uint8_t *bytes = area_run(&w->reader.areas, address, WORD_BYTES, &room);

	for (; left; left &= left - 1) {
		unsigned bit = (unsigned)__builtin_ctzll(left);
		uint64_t offset = (uint64_t)bit * GRANULE;
		const struct ref_plan *plan;

		plan = bytes ? ref_reader_plan_at(&w->reader, address + offset, bytes + offset, room - offset)
			     : ref_reader_plan_of(&w->reader, address + offset);
		if (!bytes || !plan || !plan->is_usual || w->given > w->build->most_edges) {
			gather_rest(w);
			read_one(w, (uint32_t)(word * 64 + bit), address + offset, plan);
			w->gathered.open = 0;
		} else if (w->build->reads_twice) {
			count_usual(w, address + offset, plan, bytes + offset, room - offset);
		} else {
			let_come(w, address + offset, plan, bytes + offset, offset, room - offset);
		}
	}
}

static void read_part(struct worker *w, struct part *part, size_t first, size_t end)
{
	const struct heap *heap = w->build->heap;
	bool is_fetched = target_is_scarce(w->py->target) || target_is_held(w->py->target);

	*part = (struct part){(uint32_t)(w - w->build->workers), w->counts.count, w->targets.count};
	w->goes_to = &w->targets;
	area_cache_look_at(&w->reader.areas, heap_position_address(heap, (uint32_t)(first * 64)));
	for (size_t word = first; word < end; word++) {
		if (!heap->bits[word])
			continue;
		read_word_of_bits(w, word, heap->bits[word]);
		/* Then the memory of a word is gone when the next is asked for. */
		if (is_fetched)
			gather_rest(w);
	}
	gather_rest(w);
}

static void read_objects(void *context, unsigned thread)
{
	struct build *b = context;
	struct worker *w = &b->workers[thread];
	size_t part;

	while (!build_is_paused(b) &&
		(part = __atomic_fetch_add(&b->next_part, 1, __ATOMIC_RELAXED)) < b->part_count) {
		read_part(w, &b->parts[part], part * PART_WORDS, build_part_end(b, part));
		progress_add(b->graph->py->progress, 1);
	}
	for (; w->read < w->met.count && !build_is_paused_at(b, w->read); w->read++) {
		uint32_t position = stream_at(&w->met, w->read);
		uint64_t object = heap_position_address(b->heap, position);

		if (!comes_last(w, position, ref_reader_plan_of(&w->reader, object)))
			read_late(w, position, object);
	}
}

static bool have_read_objects(const struct build *b)
{
	bool is_done = b->next_part >= b->part_count;

	for (unsigned i = 0; i < b->worker_count; i++)
		is_done &= b->workers[i].read == b->workers[i].met.count;
	return is_done;
}

/* What is met on the way was not known to any scan. */
static void read_scanned(void *context, unsigned thread)
{
	struct build *b = context;
	struct worker *w = &b->workers[thread];

	for (; w->scanned_read < w->scanned.count && !build_is_paused_at(b, w->scanned_read);
		w->scanned_read++) {
		uint32_t position = stream_at(&w->scanned, w->scanned_read);

		read_late(w, position, heap_position_address(b->heap, position));
	}
	for (; w->read < w->met.count && !build_is_paused_at(b, w->read); w->read++) {
		uint32_t position = stream_at(&w->met, w->read);

		if (b->reads_twice) {
			pthread_mutex_lock(&b->lock);
			addrmap_put(&b->unknown, position, 0);
			pthread_mutex_unlock(&b->lock);
		}
		read_late(w, position, heap_position_address(b->heap, position));
	}
}

static bool have_read_scanned(const struct build *b)
{
	bool is_done = true;

	for (unsigned i = 0; i < b->worker_count; i++)
		is_done &= b->workers[i].read == b->workers[i].met.count &&
			   b->workers[i].scanned_read == b->workers[i].scanned.count;
	return is_done;
}

/* What was read may ask for more that is to be read. */
static void read_on(struct build *b, void (*read)(void *context, unsigned thread),
	bool (*has_ended)(const struct build *b))
{
	build_run_on(b, read, has_ended);
	while (b->reads_twice && !build_is_interrupted(b) && build_look_at_asked(b))
		build_run_on(b, read, has_ended);
}

static void join_added(struct build *b)
{
	for (size_t i = 0; i < b->heap->word_count; i++)
		b->heap->bits[i] |= b->added[i];
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
static void mark_dict_of(struct graph *g, uint32_t node)
{
	uint64_t object = heap_address(g->heap, node), dict;
	const struct pytype *type = pytype_of(g->py, object, NULL);
	uint32_t inner;

	if (type && type->kind == KIND_MODULE &&
		read_pointer(g->py, object, FIELD_module_dict, &dict, NULL) &&
		heap_index(g->heap, dict, &inner))
		g->statics[inner / 64] |= UINT64_C(1) << (inner % 64);
}

static void mark_module_dicts(struct graph *g)
{
	for (uint32_t word = 0; word <= g->count / 64; word++)
		for (uint64_t left = g->statics[word]; left; left &= left - 1)
			mark_dict_of(g, word * 64 + (uint32_t)__builtin_ctzll(left));
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

static void free_build(struct build *b)
{
	big_free(b->added, b->heap->word_count, sizeof(*b->added));
	if (b->asked)
		big_free(b->asked, b->heap->word_count, sizeof(*b->asked));
	addrmap_deinit(&b->unknown);
	free(b->parts);
	free(b);
}

static void give_up(struct build *b)
{
	for (unsigned i = 0; i < b->worker_count; i++)
		join_worker(b, &b->workers[i]);
	big_free(b->leaves, b->heap->word_count, sizeof(*b->leaves));
	free(b->graph);
	free_build(b);
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
	b->reads_twice = target_is_scarce(py->target);
	b->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	b->added = big_alloc(heap->word_count, sizeof(*b->added));
	b->leaves = big_alloc(heap->word_count, sizeof(*b->leaves));
	if (b->reads_twice)
		b->asked = big_alloc(heap->word_count, sizeof(*b->asked));
	b->part_count = (heap->word_count + PART_WORDS - 1) / PART_WORDS;
	b->parts = xcalloc(b->part_count, sizeof(*b->parts));
	b->worker_count = heap_count(heap) < WORTH_THREADS ? 1 : parallel_threads();
	b->most_edges = most_edges(heap, b->worker_count);
	for (unsigned i = 0; i < b->worker_count; i++) {
		struct worker *w = &b->workers[i];

		w->build = b;
		w->py = python_fork(py);
		ref_reader_init(&w->reader, w->py, heap);
		w->reader.give = b->reads_twice ? build_count_targets : build_take_targets;
		w->reader.is_known = is_known;
		w->reader.context = w;
		w->reader.with_string_keys = with_leaves;
	}
	progress_phase(py->progress, "reading objects", b->part_count);
	read_on(b, read_objects, have_read_objects);
	join_added(b);
	if (!build_is_interrupted(b))
		read_on(b, read_scanned, have_read_scanned);
	progress_phase(py->progress, "numbering objects", 0);
	if (build_is_interrupted(b)) {
		give_up(b);
		return NULL;
	}
	(b->reads_twice ? build_fill : build_place)(b);
	if (build_is_interrupted(b)) {
		adjacency_deinit(&graph->out);
		give_up(b);
		return NULL;
	}
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
	graph->leaves = b->leaves;
	free_build(b);
	return graph;
}
