#include "inspector/graph/graph_build_inner.h"

#include <string.h>

/* Of what is not read yet when so much of it is here by chance: the head of an object and more. */
#define WORTH_A_LOOK 32

bool build_is_node_type(struct python *py, const struct pytype *type, uint64_t object)
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
	return build_is_node_type(py, pytype_of(py, object, NULL), object);
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
	if (b->reads_twice && !area_cache_has_ahead(&w->reader.areas, object, WORTH_A_LOOK)) {
		if (!bit_load(b->asked, position))
			__atomic_fetch_or(&b->asked[position / 64], bit, __ATOMIC_RELAXED);
		return false;
	}
	plan = ref_reader_plan_of(&w->reader, object);
	if (!plan || !build_is_node_type(w->py, ref_plan_type(plan), object)) {
		__atomic_fetch_or(&b->leaves[position / 64], bit, __ATOMIC_RELAXED);
		return false;
	}
	if (!(__atomic_fetch_or(&b->added[position / 64], bit, __ATOMIC_RELAXED) & bit))
		stream_push(&w->met, position);
	return true;
}

/* Positions, and the processor is told to fetch what says whether something tracked is there. */
static void find_positions(struct worker *w, uint32_t *positions, const uint64_t *targets, size_t count)
{
	const uint64_t *tracked = w->build->heap->bits;
	const struct span span = w->reader.areas.span;

	for (size_t i = 0; i < count; i++) {
		uint64_t offset = targets[i] - span.base;

		positions[i] = __builtin_expect(offset < span.size && offset % GRANULE == 0, 1)
				       ? span.first + (uint32_t)(offset / GRANULE)
				       : area_cache_position(&w->reader.areas, targets[i]);
		if (positions[i] != NO_POSITION)
			__builtin_prefetch(&tracked[positions[i] / 64]);
	}
}

/* Which of the positions are of nothing tracked; their numbers in the array, and how many. */
static size_t find_untracked(const struct worker *w, const uint32_t *positions, size_t count, uint16_t *found)
{
	const struct build *b = w->build;
	size_t untracked = 0;

	for (size_t i = 0; i < count; i++) {
		if (positions[i] == NO_POSITION || bit_is_set(b->heap->bits, positions[i]))
			continue;
		__builtin_prefetch(&b->leaves[positions[i] / 64]);
		found[untracked++] = (uint16_t)i;
	}
	return untracked;
}

/* The same of those that nobody has looked at: their memory is fetched. */
static size_t find_new(
	struct worker *w, const uint64_t *targets, uint32_t *positions, uint16_t *found, size_t count)
{
	const struct build *b = w->build;
	size_t fresh = 0;

	for (size_t i = 0; i < count; i++) {
		const struct area *area;

		if (bit_load(b->leaves, positions[found[i]])) {
			positions[found[i]] = NO_POSITION;
			continue;
		}
		area = area_of(&w->reader.areas, targets[found[i]]);
		if (area)
			__builtin_prefetch(
				area->bytes + (targets[found[i]] - area->start) + w->reader.type_offset);
		found[fresh++] = found[i];
	}
	return fresh;
}

/* Positions of those that are nodes; NO_POSITION for others. None, and what else is in many places, is no
 * node. */
static void find_nodes(struct worker *w, uint32_t *positions, const uint64_t *targets, size_t count)
{
	uint16_t found[TARGETS_BATCH];
	size_t left;

	find_positions(w, positions, targets, count);
	left = find_untracked(w, positions, count, found);
	left = find_new(w, targets, positions, found, left);
	for (size_t i = 0; i < left; i++)
		if (!is_untracked_node(w, targets[found[i]], positions[found[i]]))
			positions[found[i]] = NO_POSITION;
}

/* Writes those that are nodes to room for all of them; returns behind the last. */
static inline uint32_t *put_nodes(uint32_t *to, const uint32_t *positions, size_t from, size_t end)
{
	for (size_t i = from; i < end; i++) {
		*to = positions[i];
		to += positions[i] != NO_POSITION;
	}
	return to;
}

/* Positions of what waits, to where there is room for all of it; returns behind the last. What is left after
 * the last object that has ended is of the one that is being read. */
static uint32_t *put_gathered(struct worker *w, uint32_t *room, const uint32_t *positions, size_t count)
{
	struct gathered *gathered = &w->gathered;
	uint32_t *to = room, *before;
	size_t from = 0;

	for (size_t i = 0; i < gathered->count; from = gathered->ends[i++]) {
		before = to;
		to = put_nodes(to, positions, from, gathered->ends[i]);
		stream_push(&w->counts, gathered->open + (uint32_t)(to - before));
		gathered->open = 0;
	}
	before = to;
	to = put_nodes(to, positions, from, count);
	gathered->open += (uint32_t)(to - before);
	gathered->count = 0;
	return to;
}

void build_take_targets(void *context, const uint64_t *targets, size_t count)
{
	uint32_t positions[TARGETS_BATCH], apart[TARGETS_BATCH], *room, *end;
	struct worker *w = context;

	if (__builtin_expect(w->given > w->build->most_edges, 0))
		memset(positions, 0xff, count * sizeof(*positions)); /* NO_POSITION */
	else
		find_nodes(w, positions, targets, count);
	room = stream_room(w->goes_to, count);
	end = put_gathered(w, room ? room : apart, positions, count);
	if (room)
		stream_take(w->goes_to, (size_t)(end - room));
	else
		stream_append(w->goes_to, apart, (size_t)(end - apart));
	w->given += (uint64_t)(end - (room ? room : apart));
}

/* None, and what else is in many places, is no node. */
static inline bool is_node(struct worker *w, uint64_t target, uint32_t position)
{
	const struct build *b = w->build;

	if (position == NO_POSITION)
		return false;
	return bit_is_set(b->heap->bits, position) ||
	       (!bit_load(b->leaves, position) && is_untracked_node(w, target, position));
}

/* The same when all are read twice: no more than how many there are. */
void build_count_targets(void *context, const uint64_t *targets, size_t count)
{
	struct worker *w = context;

	for (size_t i = 0; i < count && w->given <= w->build->most_edges; i++)
		w->given += is_node(w, targets[i], area_cache_position(&w->reader.areas, targets[i]));
}
