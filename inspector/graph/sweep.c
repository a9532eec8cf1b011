#include "inspector/graph/sweep.h"

#include "inspector/base/parallel.h"

#include <stdlib.h>

/* Words of bits in a stretch: 2 MiB of addresses. */
#define STRETCH_WORDS AHEAD_WORDS

/* Objects below this are not worth a thread. */
#define WORTH_THREADS 20000

struct run {
	const struct graph *graph;
	const struct sweep *sweep;
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

bool sweeper_read(struct sweeper *s, const struct ref_plan *plan)
{
	return s->bytes && plan ? ref_reader_read_at(&s->reader, s->object, plan, s->bytes, s->room)
				: ref_reader_read(&s->reader, s->object, plan);
}

/* The objects of a word of bits are in one area. */
static void visit_word(struct run *run, struct sweeper *s, size_t word, uint64_t left)
{
	const struct heap *heap = run->graph->heap;
	uint64_t address = heap_position_address(heap, (uint32_t)(word * 64));
	uint64_t room;
	const uint8_t *bytes = area_run(&s->reader.areas, address, WORD_BYTES, &room);

	s->node = heap->ranks[word];
	for (; left; left &= left - 1, s->node++) {
		uint64_t offset = (uint64_t)__builtin_ctzll(left) * GRANULE;

		s->object = address + offset;
		s->bytes = bytes ? bytes + offset : NULL;
		s->room = bytes ? room - offset : 0;
		run->sweep->visit(s);
	}
}

static void visit_stretch(struct run *run, struct sweeper *s, size_t word, size_t end)
{
	const uint64_t *bits = run->graph->heap->bits;

	area_cache_look_at(&s->reader.areas, heap_position_address(run->graph->heap, (uint32_t)(word * 64)));
	for (; word < end; word++)
		if (bits[word])
			visit_word(run, s, word, bits[word]);
}

static void visit_all(void *context, unsigned thread)
{
	struct run *run = context;
	const struct heap *heap = run->graph->heap;
	const struct progress *progress = run->graph->py->progress;
	size_t word;

	while (!progress_is_interrupted(progress) && !target_is_full(run->graph->py->target) &&
		(word = __atomic_fetch_add(&run->next, STRETCH_WORDS, __ATOMIC_RELAXED)) < heap->word_count)
		visit_stretch(run, &run->sweepers[thread], word,
			word + STRETCH_WORDS < heap->word_count ? word + STRETCH_WORDS : heap->word_count);
}

void sweep_run(const struct graph *graph, const struct sweep *sweep)
{
	unsigned threads = graph->count < WORTH_THREADS ? 1 : parallel_threads();
	struct run run = {
		.graph = graph, .sweep = sweep, .sweepers = xcalloc(threads, sizeof(*run.sweepers))};

	for (unsigned i = 0; i < threads; i++) {
		struct sweeper *s = &run.sweepers[i];

		*s = (struct sweeper){
			.graph = graph, .py = python_fork(graph->py), .thread = i, .context = sweep->context};
		ref_reader_init(&s->reader, s->py, graph->heap);
		s->reader.give = sweep->give;
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
