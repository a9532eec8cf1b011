/* Where memory is scarce, what untracked targets are is found out in the order of their addresses. */
#include "inspector/graph/graph_build_inner.h"

/* Words of bits between two looks at how much is here. */
#define STRETCH_WORDS AHEAD_WORDS

/* Words with something to look at in a stretch: for less, single pages are fetched. */
#define MANY_WORDS 64

static void look_at(struct worker *w, uint32_t position, uint64_t object, const struct ref_plan *plan)
{
	struct build *b = w->build;
	uint64_t bit = UINT64_C(1) << (position % 64);

	/* Each worker has words of its own. */
	if (!plan || !build_is_node_type(w->py, ref_plan_type(plan), object)) {
		b->leaves[position / 64] |= bit;
		return;
	}
	b->added[position / 64] |= bit;
	stream_push(&w->met, position);
}

/* are_many: there are that many near it. */
static void look_at_word(struct worker *w, size_t word, uint64_t left, bool are_many)
{
	uint64_t address = heap_position_address(w->build->heap, (uint32_t)(word * 64)), room = 0;
	const uint8_t *bytes = are_many ? area_run(&w->reader.areas, address, WORD_BYTES, &room) : NULL;

	for (; left; left &= left - 1) {
		unsigned bit = (unsigned)__builtin_ctzll(left);
		uint64_t offset = (uint64_t)bit * GRANULE;

		look_at(w, (uint32_t)(word * 64 + bit), address + offset,
			bytes && offset < room ? ref_reader_plan_at(&w->reader, address + offset,
							 bytes + offset, room - offset)
					       : ref_reader_plan_of(&w->reader, address + offset));
	}
}

/* Whether a stretch of memory is worth to be read as a whole. */
static bool are_many_asked(const struct build *b, size_t word)
{
	size_t end = word - word % STRETCH_WORDS + STRETCH_WORDS, count = 0;

	if (end > b->heap->word_count)
		end = b->heap->word_count;
	for (; word < end; word++)
		count += b->asked[word] != 0;
	return count >= MANY_WORDS;
}

static void look_at_asked(void *context, unsigned thread)
{
	struct build *b = context;
	struct worker *w = &b->workers[thread];
	bool are_many = are_many_asked(b, w->looked);

	for (; w->looked < w->looked_to && !build_is_interrupted(b); w->looked++) {
		if (w->looked % STRETCH_WORDS == 0) {
			if (target_is_full(b->graph->py->target))
				return;
			are_many = are_many_asked(b, w->looked);
		}
		if (b->asked[w->looked])
			look_at_word(w, w->looked, b->asked[w->looked], are_many);
		b->asked[w->looked] = 0;
	}
}

static bool have_looked(const struct build *b)
{
	bool is_done = true;

	for (unsigned i = 0; i < b->worker_count; i++)
		is_done &= b->workers[i].looked >= b->workers[i].looked_to;
	return is_done;
}

bool build_look_at_asked(struct build *b)
{
	uint64_t before = 0, after = 0;

	for (unsigned i = 0; i < b->worker_count; i++) {
		b->workers[i].looked = b->heap->word_count * i / b->worker_count;
		b->workers[i].looked_to = b->heap->word_count * (i + 1) / b->worker_count;
		before += b->workers[i].met.count;
	}
	build_run_on(b, look_at_asked, have_looked);
	for (unsigned i = 0; i < b->worker_count; i++)
		after += b->workers[i].met.count;
	return after > before;
}
