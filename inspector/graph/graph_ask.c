/* Where memory is scarce, what untracked targets are is found out in the order of their addresses. */
#include "inspector/graph/graph_build_inner.h"

/* Words of bits between two looks at how much is here. */
#define STRETCH_WORDS 4096

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

static void look_at_word(struct worker *w, size_t word, uint64_t left)
{
	uint64_t address = heap_position_address(w->build->heap, (uint32_t)(word * 64)), room;
	const uint8_t *bytes = area_run(&w->reader.areas, address, WORD_BYTES, &room);

	for (; left; left &= left - 1) {
		unsigned bit = (unsigned)__builtin_ctzll(left);
		uint64_t offset = (uint64_t)bit * GRANULE;

		look_at(w, (uint32_t)(word * 64 + bit), address + offset,
			bytes && offset < room ? ref_reader_plan_at(&w->reader, address + offset,
							 bytes + offset, room - offset)
					       : ref_reader_plan_of(&w->reader, address + offset));
	}
}

static void look_at_asked(void *context, unsigned thread)
{
	struct build *b = context;
	struct worker *w = &b->workers[thread];

	for (; w->looked < w->looked_to && !build_is_interrupted(b); w->looked++) {
		if (w->looked % STRETCH_WORDS == 0 && target_is_full(b->graph->py->target))
			return;
		if (b->asked[w->looked])
			look_at_word(w, w->looked, b->asked[w->looked]);
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
