/* The edges of a graph for which objects are read a second time, since there was no room to keep what the
 * first reading found: only how many references each object has. */
#include "inspector/graph/graph_build_inner.h"

static void take_numbers(void *context, const uint64_t *targets, size_t count)
{
	struct worker *w = context;
	const struct heap *heap = w->build->heap;

	for (size_t i = 0; i < count && w->to < w->end; i++) {
		uint32_t position = area_position(area_of(&w->reader.areas, targets[i]), targets[i]);

		if (position != NO_POSITION && bit_is_set(heap->bits, position))
			*w->to++ = rank_of(heap, position);
	}
}

/* What a scan believed in when references were counted. */
static bool was_known(void *context, uint64_t address)
{
	struct worker *w = context;
	uint32_t position = area_position(area_of(&w->reader.areas, address), address);

	return position != NO_POSITION && bit_is_set(w->build->heap->bits, position) &&
	       !addrmap_get(&w->build->unknown, position, NULL);
}

/* A process that is not stopped may have fewer references by now: what is missing refers to itself, which
 * says nothing. */
static void fill_object(struct worker *w, uint32_t node, uint64_t object)
{
	const struct adjacency *out = &w->build->graph->out;

	w->to = out->targets + adjacency_first(out, node);
	w->end = w->to + adjacency_degree(out, node);
	if (w->to < w->end)
		ref_reader_read(&w->reader, object, ref_reader_plan_of(&w->reader, object));
	w->partial += w->to < w->end;
	while (w->to < w->end)
		*w->to++ = node;
}

static void fill_part(struct worker *w, size_t part)
{
	const struct build *b = w->build;
	const struct heap *heap = b->heap;

	for (size_t word = part * PART_WORDS; word < build_part_end(b, part); word++) {
		uint64_t left = heap->bits[word];
		uint64_t address = left ? heap_position_address(heap, (uint32_t)(word * 64)) : 0;
		uint32_t node = left ? heap->ranks[word] : 0;

		for (; left; left &= left - 1, node++)
			if (!(b->added[word] & left & -left))
				fill_object(w, node, address + (uint64_t)__builtin_ctzll(left) * GRANULE);
	}
}

static void fill_objects(void *context, unsigned thread)
{
	struct build *b = context;
	struct worker *w = &b->workers[thread];
	size_t part;

	while (!build_is_paused(b) &&
		(part = __atomic_fetch_add(&b->next_part, 1, __ATOMIC_RELAXED)) < b->part_count) {
		fill_part(w, part);
		progress_add(b->graph->py->progress, 1);
	}
	for (; w->filled < w->late.count && !build_is_paused(b); w->filled++) {
		uint32_t position = stream_at(&w->late, w->filled);

		fill_object(w, rank_of(b->heap, position), heap_position_address(b->heap, position));
	}
}

static bool have_filled(const struct build *b)
{
	bool is_done = b->next_part >= b->part_count;

	for (unsigned i = 0; i < b->worker_count; i++)
		is_done &= b->workers[i].filled == b->workers[i].late.count;
	return is_done;
}

void build_fill(struct build *b)
{
	for (unsigned i = 0; i < b->worker_count; i++) {
		struct ref_reader *reader = &b->workers[i].reader;

		reader->give = take_numbers;
		reader->is_known = was_known;
		reader->with_string_keys = false;
	}
	progress_phase(b->graph->py->progress, "reading objects once more", b->part_count);
	build_run_on(b, fill_objects, have_filled);
}
