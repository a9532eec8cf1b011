/* The edges of a graph for which objects are read a second time, since there was no room to keep what the
 * first reading found. Positions of targets go into streams, in the order of objects, and from there as
 * numbers to their places; the memory of a stream goes as the other comes. */
#include "inspector/graph/graph_build_inner.h"

static void take_nodes(void *context, const uint64_t *targets, size_t count)
{
	struct worker *w = context;
	const uint64_t *bits = w->build->heap->bits;

	for (size_t i = 0; i < count && w->given <= w->build->most_edges; i++) {
		uint32_t position = area_cache_position(&w->reader.areas, targets[i]);

		if (position == NO_POSITION || !bit_is_set(bits, position))
			continue;
		w->given++;
		stream_push(w->goes_to, position);
	}
}

/* A scan believes in what was found before the first scan, as is_known does. */
static bool was_known(void *context, uint64_t address)
{
	struct worker *w = context;
	uint32_t position = area_position(area_of(&w->reader.areas, address), address);

	return position != NO_POSITION && bit_is_set(w->build->heap->bits, position) &&
	       !addrmap_get(&w->build->unknown, position, NULL);
}

static void read_again(struct worker *w, uint32_t node, uint64_t object)
{
	uint64_t before = w->given;

	ref_reader_read(&w->reader, object, ref_reader_plan_of(&w->reader, object));
	adjacency_set_degree(&w->build->graph->out, node, (uint32_t)(w->given - before));
}

/* The same for one of most objects, which lies at bytes. */
static void read_usual_again(struct worker *w, uint32_t node, uint64_t object, const struct ref_plan *plan,
	const uint8_t *bytes, uint64_t room)
{
	uint64_t before = w->given;

	ref_reader_read_at(&w->reader, object, plan, bytes, room);
	adjacency_set_degree(&w->build->graph->out, node, (uint32_t)(w->given - before));
}

static void read_word_again(struct worker *w, size_t word, uint64_t left)
{
	const struct build *b = w->build;
	uint64_t address = heap_position_address(b->heap, (uint32_t)(word * 64)), room;
	uint32_t node = b->heap->ranks[word];
	const uint8_t *bytes = area_run(&w->reader.areas, address, WORD_BYTES, &room);

	for (; left; left &= left - 1, node++) {
		uint64_t offset = (uint64_t)__builtin_ctzll(left) * GRANULE;
		const struct ref_plan *plan;

		if (b->added[word] & left & -left)
			continue;
		plan = bytes && offset < room ? ref_reader_plan_at(&w->reader, address + offset,
							bytes + offset, room - offset)
					      : NULL;
		if (plan && plan->is_usual)
			read_usual_again(w, node, address + offset, plan, bytes + offset, room - offset);
		else
			read_again(w, node, address + offset);
	}
}

static void read_part_again(struct worker *w, size_t number)
{
	const struct build *b = w->build;
	const struct heap *heap = b->heap;

	b->parts[number] =
		(struct part){.worker = (uint32_t)(w - b->workers), .first_target = w->targets.count};
	w->goes_to = &w->targets;
	area_cache_look_at(
		&w->reader.areas, heap_position_address(heap, (uint32_t)(number * PART_WORDS * 64)));
	for (size_t word = number * PART_WORDS; word < build_part_end(b, number); word++)
		if (heap->bits[word])
			read_word_again(w, word, heap->bits[word]);
}

static void read_all_again(void *context, unsigned thread)
{
	struct build *b = context;
	struct worker *w = &b->workers[thread];
	size_t part;

	while (!build_is_paused(b) &&
		(part = __atomic_fetch_add(&b->next_part, 1, __ATOMIC_RELAXED)) < b->part_count) {
		read_part_again(w, part);
		progress_add(b->graph->py->progress, 1);
	}
	w->goes_to = &w->late_targets;
	for (; w->filled < w->late.count && !build_is_paused_at(b, w->filled); w->filled++) {
		uint32_t position = stream_at(&w->late, w->filled);

		read_again(w, rank_of(b->heap, position), heap_position_address(b->heap, position));
	}
}

static bool have_read_again(const struct build *b)
{
	bool is_done = b->next_part >= b->part_count;

	for (unsigned i = 0; i < b->worker_count; i++)
		is_done &= b->workers[i].filled == b->workers[i].late.count;
	return is_done;
}

/* The parts that a worker took come in their order, and so each of its streams is read from front to end. */
static void move_runs(void *context, unsigned thread)
{
	struct build *b = context;
	struct worker *w = &b->workers[thread];
	struct adjacency *out = &b->graph->out;
	uint64_t at = 0;

	for (size_t part = 0; part < b->part_count; part++) {
		if (b->parts[part].worker != thread)
			continue;
		at = b->parts[part].first_target;
		for (size_t word = part * PART_WORDS; word < build_part_end(b, part); word++)
			build_place_word(b, word, &w->targets, &at);
		stream_forget(&w->targets, at);
	}
	at = 0;
	for (uint64_t k = 0; k < w->late.count; k++) {
		uint32_t node = rank_of(b->heap, stream_at(&w->late, k));

		build_place_run(b, out->targets + adjacency_first(out, node), adjacency_degree(out, node),
			&w->late_targets, &at);
	}
}

void build_fill(struct build *b)
{
	big_free(b->asked, b->heap->word_count, sizeof(*b->asked));
	b->asked = NULL;
	build_number(b);
	for (unsigned i = 0; i < b->worker_count; i++) {
		struct worker *w = &b->workers[i];

		w->reader.give = take_nodes;
		w->reader.is_known = was_known;
		w->given = 0;
	}
	progress_phase(b->graph->py->progress, "reading objects once more", b->part_count);
	b->next_part = 0;
	build_run_on(b, read_all_again, have_read_again);
	if (build_is_interrupted(b))
		return;
	target_trim(b->graph->py->target);
	build_place_runs(b);
	parallel_run(b->worker_count, move_runs, b);
}
