#include "inspector/graph/sweep.h"

#include "inspector/base/parallel.h"

#include <stdlib.h>

/* Words of bits in a stretch: 2 MiB of addresses. */
#define STRETCH_WORDS AHEAD_WORDS

/* Objects below this are not worth a thread. */
#define WORTH_THREADS 20000

struct run {
	const struct graph *graph;
	struct sweeper *sweepers; /* by thread */
	size_t next;		  /* atomic: the stretch that is taken next */
};

static bool is_known(void *context, uint64_t address)
{
	struct sweeper *s = context;
	const struct heap *heap = s->graph->heap;
	uint32_t position = area_position(area_of(&s->reader.areas, address), address);

	return position != NO_POSITION && bit_is_set(heap->bits, position);
}

bool sweeper_open_body(struct sweeper *s, size_t size, struct body *body)
{
	const uint8_t *bytes = area_bytes(&s->reader.areas, s->object, size);

	*body = (struct body){s->object, bytes, size};
	return bytes || body_open(s->py, s->object, size, body, NULL);
}

/* The reader's give. */
static void give_read(void *context, const uint64_t *targets, size_t count)
{
	struct sweeper *s = context;
	uint32_t node = s->node;
	size_t from = 0;

	if (s->sweep->fetch)
		s->sweep->fetch(s, targets, count);
	for (uint32_t i = 0; i < s->read_count; from = s->read[i++].end) {
		s->node = s->read[i].node;
		if (s->read[i].end > from)
			s->sweep->give(s, targets + from, s->read[i].end - from);
	}
	s->read_count = 0;
	s->node = node;
	if (count > from)
		s->sweep->give(s, targets + from, count - from);
}

/* Nothing is left that an object before this one refers to. */
static void give_rest(struct sweeper *s)
{
	ref_reader_flush(&s->reader);
	s->read_count = 0;
}

bool sweeper_read(struct sweeper *s, const struct ref_plan *plan)
{
	bool done;

	if (!s->bytes || !plan) {
		give_rest(s);
		return ref_reader_read(&s->reader, s->object, plan);
	}
	done = ref_reader_gather_at(&s->reader, s->object, plan, s->bytes, s->room);
	s->read[s->read_count++] = (struct sweep_read){s->node, (uint32_t)s->reader.count};
	if (s->reader.count >= SWEEP_WAIT || s->read_count == SWEEP_READ)
		give_rest(s);
	return done;
}

static void visit_next(struct sweeper *s)
{
	const struct sweep_coming *next = &s->coming[s->first++ % SWEEP_COMING];

	s->node = next->node;
	s->object = next->object;
	s->bytes = next->bytes;
	s->room = next->room;
	s->plan = next->plan;
	s->sweep->visit(s);
}

static void visit_rest(struct sweeper *s)
{
	while (s->first != s->end)
		visit_next(s);
	give_rest(s);
}

static void let_come(struct sweeper *s, const struct sweep_coming *coming, uint64_t before)
{
	if (s->end - s->first == SWEEP_COMING)
		visit_next(s);
	s->coming[s->end++ % SWEEP_COMING] = *coming;
	if (coming->plan)
		ref_reader_fetch(&s->reader, coming->plan, coming->bytes, before, coming->room);
	if (s->sweep->come) {
		s->node = coming->node;
		s->sweep->come(s);
	}
}

/* Nothing is waited for. */
static void visit_now(struct sweeper *s, const uint8_t *bytes, uint64_t room, uint64_t left)
{
	uint64_t address = s->object;

	for (; left; left &= left - 1, s->node++) {
		uint64_t offset = (uint64_t)__builtin_ctzll(left) * GRANULE;

		s->object = address + offset;
		s->bytes = bytes ? bytes + offset : NULL;
		s->room = bytes ? room - offset : 0;
		s->sweep->visit(s);
	}
}

/* The objects of a word of bits are in one area. */
static void visit_word(struct sweeper *s, size_t word, uint64_t left)
{
	const struct heap *heap = s->graph->heap;
	uint64_t address = heap_position_address(heap, (uint32_t)(word * 64));
	uint64_t room;
	const uint8_t *bytes = area_run(&s->reader.areas, address, WORD_BYTES, &room);
	uint32_t node = heap->ranks[word];

	if (!s->sweep->give) {
		s->object = address;
		s->node = node;
		visit_now(s, bytes, room, left);
		return;
	}
	for (; left; left &= left - 1, node++) {
		uint64_t offset = (uint64_t)__builtin_ctzll(left) * GRANULE;
		struct sweep_coming coming = {.object = address + offset,
			.room = bytes ? room - offset : 0,
			.bytes = bytes ? bytes + offset : NULL,
			.node = node};

		if (bytes)
			coming.plan =
				ref_reader_plan_at(&s->reader, coming.object, coming.bytes, coming.room);
		let_come(s, &coming, offset);
	}
}

/* Where memory is fetched as it is asked for, that of a word is gone when the next is asked for. */
static void visit_stretch(struct sweeper *s, size_t word, size_t end)
{
	const uint64_t *bits = s->graph->heap->bits;
	bool is_fetched = target_is_scarce(s->graph->py->target) || target_is_held(s->graph->py->target);

	area_cache_look_at(&s->reader.areas, heap_position_address(s->graph->heap, (uint32_t)(word * 64)));
	for (; word < end; word++) {
		if (!bits[word])
			continue;
		visit_word(s, word, bits[word]);
		if (is_fetched)
			visit_rest(s);
	}
	visit_rest(s);
}

static void visit_all(void *context, unsigned thread)
{
	struct run *run = context;
	const struct heap *heap = run->graph->heap;
	const struct progress *progress = run->graph->py->progress;
	size_t word;

	while (!progress_is_interrupted(progress) && !target_is_full(run->graph->py->target) &&
		(word = __atomic_fetch_add(&run->next, STRETCH_WORDS, __ATOMIC_RELAXED)) < heap->word_count)
		visit_stretch(&run->sweepers[thread], word,
			word + STRETCH_WORDS < heap->word_count ? word + STRETCH_WORDS : heap->word_count);
}

void sweep_run(const struct graph *graph, const struct sweep *sweep)
{
	unsigned threads = graph->count < WORTH_THREADS ? 1 : parallel_threads();
	struct run run = {.graph = graph, .sweepers = xcalloc(threads, sizeof(*run.sweepers))};

	for (unsigned i = 0; i < threads; i++) {
		struct sweeper *s = &run.sweepers[i];

		*s = (struct sweeper){.graph = graph,
			.py = python_fork(graph->py),
			.thread = i,
			.context = sweep->context,
			.sweep = sweep};
		ref_reader_init(&s->reader, s->py, graph->heap);
		s->reader.give = give_read;
		s->reader.is_known = is_known;
		s->reader.context = s;
		s->reader.with_string_keys = sweep->with_string_keys;
	}
	do {
		parallel_run(threads, visit_all, &run);
		target_ease(graph->py->target);
	} while (run.next < graph->heap->word_count && !progress_is_interrupted(graph->py->progress));
	for (unsigned i = 0; i < threads; i++) {
		ref_reader_deinit(&run.sweepers[i].reader);
		python_join(graph->py, run.sweepers[i].py);
	}
	free(run.sweepers);
}
