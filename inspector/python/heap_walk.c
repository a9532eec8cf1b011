#include "inspector/base/big.h"
#include "inspector/base/parallel.h"
#include "inspector/python/heap_links.h"
#include "inspector/python/heap_segments.h"
#include "inspector/python/memory.h"
#include "inspector/python/mimalloc.h"

#include <stdlib.h>

#define GENERATIONS	 3
#define INTERPRETERS_MAX 4096
/* Steps taken one by one where something is irregular, before it is tried again to go faster; and how often
 * that is tried. */
#define IRREGULAR_STEPS 64
#define SEGMENTED_MOST	4

/* One list: a ring of heads, the list's own among them. A head that is met again, or whose object was met in
 * another list, means that the ring is broken; so the walk ends for any memory. */
static bool links_of(struct python *py, uint64_t at, uint64_t *previous, uint64_t *next)
{
	if (!read_pointer(py, at, FIELD_gc_head_prev, previous, NULL) ||
		!read_pointer(py, at, FIELD_gc_head_next, next, NULL))
		return false;
	*previous &= LINK_MASK;
	*next &= LINK_MASK;
	return true;
}

/* The process was stopped as it took an object out (_PyObject_GC_UNTRACK) that was between the two, and one
 * of the two links around that is written: previous leads past it, and back still to it; or the other way. */
static bool is_half_unlinked(struct python *py, uint64_t previous, uint64_t at, uint64_t back)
{
	uint64_t before, after;

	return (links_of(py, back, &before, &after) && before == previous && after == at) ||
	       (links_of(py, previous, &before, &after) && before == back && after == at);
}

/* Or as it put one in (_PyObject_GC_TRACK), which is always at the end: the list still ends before it. */
static bool is_half_linked(struct python *py, uint64_t ring, uint64_t previous)
{
	uint64_t last, first;

	return links_of(py, ring, &last, &first) && last == previous;
}

/* Goes on one by one, at most so many steps, and knows every irregularity. */
static bool walk_some(struct python *py, struct heap *heap, uint64_t ring, struct ring_place *walked,
	uint64_t most, struct error *err)
{
	size_t head_size = python_sizeof(py, FIELD_sizeof_gc_head);
	struct ring_place place = *walked;

	for (; place.at != ring && most; most--) {
		struct body head;
		uint64_t back;

		if (!body_open(py, place.at, head_size + python_sizeof(py, FIELD_sizeof_object), &head, err))
			return false;
		back = body_pointer(py, &head, FIELD_gc_head_prev) & LINK_MASK;
		if (back != place.previous && is_half_linked(py, ring, place.previous)) {
			place.at = ring;
			break;
		}
		if (back != place.previous && !is_half_unlinked(py, place.previous, place.at, back))
			return error_at(err, ERROR_CORRUPT, place.at,
				"the collector's list is broken at 0x%llx: the object before it is another",
				(unsigned long long)place.at);
		if (!heap_add(heap, place.at + head_size))
			return error_at(err, ERROR_CORRUPT, place.at, "the collector's lists meet at 0x%llx",
				(unsigned long long)place.at);
		place.previous = place.at;
		place.at = body_pointer(py, &head, FIELD_gc_head_next) & LINK_MASK;
	}
	*walked = place;
	return true;
}

/* A walk that takes what is regular, in one direction, and stops before anything else, or where the walk from
 * the other end has been. To follow a link is to wait for memory: two walks wait at the same time. */
struct march {
	struct area_cache cache;
	uint64_t ring, onward, back; /* onward, back: offsets of the links in a head */
	uint64_t head_size, size;    /* of a head; of what is looked at */
	uint64_t *mine;		     /* bits; only this march writes to them */
	const uint64_t *theirs;
	const struct heap_links *links; /* NULL: memory is read */
	uint64_t most;			/* objects to take at most */
	struct progress *progress;
	struct ring_place place;
	uint64_t count;
	bool has_met; /* the next object is one of theirs, and it leads back here */
};

/* Each step waits for the one before, so what it takes to find a head counts. */
static void march_on(struct march *m)
{
	struct ring_place place = m->place;
	struct ground ground = {.size = 0};
	uint64_t count = 0;

	while (place.at != m->ring && count < m->most) {
		uint64_t offset = place.at - ground.start;
		const uint8_t *head;
		uint32_t position;

		if (__builtin_expect(offset >= ground.size, 0)) {
			if (!ground_find(&m->cache, place.at, m->head_size, m->size, &ground))
				break;
			offset = place.at - ground.start;
		}
		head = ground.bytes + offset;
		position = ground.first + (uint32_t)(offset / GRANULE);
		if (offset % GRANULE || (load_unsigned(head + m->back, 8) & LINK_MASK) != place.previous ||
			bit_is_set(m->mine, position))
			break;
		if (count % 65536 == 0 && progress_is_interrupted(m->progress))
			break;
		bit_store(m->mine, position);
		place.previous = place.at;
		place.at = load_unsigned(head + m->onward, 8) & LINK_MASK;
		count++;
	}
	m->place = place;
	m->count += count;
}

/* The same by links that were collected, from position to position. */
static void march_on_by_links(struct march *m)
{
	const struct heap *heap = m->cache.heap;
	uint32_t ring = heap_position(heap, m->ring), previous = heap_position(heap, m->place.previous),
		 at = heap_position(heap, m->place.at), next, before;
	uint64_t count = 0;

	if (ring == NO_POSITION || previous == NO_POSITION || at == NO_POSITION)
		return;
	while (at != ring && count < m->most && heap_links_at(m->links, at, &next, &before)) {
		uint32_t onward = m->onward < m->back ? next : before,
			 back = m->onward < m->back ? before : next;
		uint32_t object = at + (uint32_t)(m->head_size / GRANULE);

		if (back != previous || bit_is_set(m->mine, object))
			break;
		if (bit_load(m->theirs, object)) {
			m->has_met = true;
			break;
		}
		if (count % 65536 == 0 && progress_is_interrupted(m->progress))
			break;
		bit_store(m->mine, object);
		previous = at;
		at = onward;
		count++;
	}
	m->place =
		(struct ring_place){heap_position_address(heap, previous), heap_position_address(heap, at)};
	m->count += count;
}

static void march(struct march *m)
{
	if (m->links)
		march_on_by_links(m);
	else
		march_on(m);
}

/* What a march does not take is taken one by one. With links it marches on then: without, all that is left is
 * irregular, or has been walked from the other end. */
static bool walk_rest(struct python *py, struct heap *heap, struct march *m, struct error *err)
{
	const uint64_t some = m->links ? IRREGULAR_STEPS : UINT64_MAX;

	m->theirs = m->mine;
	m->most = UINT64_MAX;
	while (m->place.at != m->ring) {
		if (progress_is_interrupted(py->progress))
			return error_set(err, ERROR_INTERRUPTED, "interrupted");
		if (!walk_some(py, heap, m->ring, &m->place, some, err))
			return false;
		target_ease(py->target);
		if (m->links)
			march(m);
	}
	return true;
}

/* Lists below this are not worth a thread. */
#define WORTH_THREADS 50000

struct pair {
	struct march *marches[2];
};

static void march_one(void *context, unsigned thread)
{
	march(((struct pair *)context)->marches[thread]);
}

static void join_bits(uint64_t *bits, uint64_t *more, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bits[i] |= more[i];
		more[i] = 0;
	}
}

/* From both ends. Each step was seen from both sides, so where the walks meet nothing is between them. What
 * they do not agree about is left to walk_rest, which goes on where the walk from the front stopped. */
static bool walk_from_both_ends(struct python *py, struct heap *heap, struct march *forth, struct error *err)
{
	struct march back = *forth;
	struct pair pair = {{forth, &back}};
	bool is_whole;

	back.onward = forth->back;
	back.back = forth->onward;
	back.mine = big_alloc(heap->word_count, sizeof(*back.mine));
	back.theirs = heap->bits;
	forth->theirs = back.mine;
	forth->most = back.most = UINT64_MAX;
	back.place.previous = back.ring;
	back.count = 0;
	if (read_pointer(py, back.ring, FIELD_gc_head_prev, &back.place.at, NULL)) {
		back.place.at &= LINK_MASK;
		parallel_run(2, march_one, &pair);
	}
	if (progress_is_interrupted(py->progress)) {
		big_free(back.mine, heap->word_count, sizeof(*back.mine));
		return error_set(err, ERROR_INTERRUPTED, "interrupted");
	}
	is_whole = (forth->has_met && back.has_met) || forth->place.at == forth->ring;
	if (is_whole)
		join_bits(heap->bits, back.mine, heap->word_count);
	big_free(back.mine, heap->word_count, sizeof(*back.mine));
	return is_whole || walk_rest(py, heap, forth, err);
}

/* What is irregular is gone over one by one; where there is much of that, so is all the rest. */
static bool walk_by_segments(struct python *py, struct heap *heap, struct march *m, struct error *err)
{
	for (int i = 0; m->place.at != m->ring && i < SEGMENTED_MOST; i++) {
		if (!heap_segments_walk(py, heap, m->ring, &m->place))
			return error_set(err, ERROR_INTERRUPTED, "interrupted");
		if (!walk_some(py, heap, m->ring, &m->place, IRREGULAR_STEPS, err))
			return false;
	}
	return walk_rest(py, heap, m, err);
}

static bool walk_ring(struct python *py, struct heap *heap, const struct heap_links *links, uint64_t ring,
	struct error *err)
{
	struct march forth = {
		.ring = ring,
		.onward = python_field(py, FIELD_gc_head_next)->offset,
		.back = python_field(py, FIELD_gc_head_prev)->offset,
		.head_size = python_sizeof(py, FIELD_sizeof_gc_head),
		.mine = heap->bits,
		.theirs = heap->bits,
		.links = links,
		.most = WORTH_THREADS,
		.progress = py->progress,
		.place.previous = ring,
	};

	if (!read_pointer(py, ring, FIELD_gc_head_next, &forth.place.at, err))
		return false;
	forth.place.at &= LINK_MASK;
	forth.size = forth.head_size + python_sizeof(py, FIELD_sizeof_object);
	area_cache_init(&forth.cache, heap);
	march(&forth);
	if (forth.count < WORTH_THREADS)
		return walk_rest(py, heap, &forth, err);
	if (!links)
		return walk_by_segments(py, heap, &forth, err);
	return parallel_threads() < 2 ? walk_rest(py, heap, &forth, err)
				      : walk_from_both_ends(py, heap, &forth, err);
}

/* While a collection runs, the previous links hold counts, and only the next links can be followed. */
static bool walk_list_collecting(struct python *py, struct heap *heap, uint64_t ring, struct error *err)
{
	size_t head_size = python_sizeof(py, FIELD_sizeof_gc_head);
	uint64_t at, count = 0;

	if (!read_pointer(py, ring, FIELD_gc_head_next, &at, err))
		return false;
	for (at &= LINK_MASK; at != ring; at &= LINK_MASK) {
		if (!heap_add(heap, at + head_size))
			return error_at(err, ERROR_CORRUPT, at, "the collector's lists are in pieces");
		if (++count % 64 == 0) {
			target_ease(py->target);
			if (progress_is_interrupted(py->progress))
				return error_set(err, ERROR_INTERRUPTED, "interrupted");
		}
		if (!read_pointer(py, at, FIELD_gc_head_next, &at, err))
			return false;
	}
	return true;
}

static bool walk_interpreter(struct python *py, struct heap *heap, const struct heap_links *links,
	uint64_t interp, bool *is_complete)
{
	uint64_t gc = python_gc_state(py, interp), collecting = 0;
	struct error err = ERROR_INIT;
	bool ok = true;

	read_unsigned(py, gc, FIELD_gc_collecting, &collecting, NULL);
	for (int i = 0; i <= GENERATIONS; i++) {
		uint64_t ring = i < GENERATIONS
					? gc + python_field(py, FIELD_gc_generations)->offset +
						  (uint64_t)i * python_sizeof(py, FIELD_sizeof_gc_generation)
					: gc + python_field(py, FIELD_gc_permanent)->offset;

		/* struct gc_generation starts with its list's head. */
		if (collecting ? !walk_list_collecting(py, heap, ring, &err)
			       : !walk_ring(py, heap, links, ring, &err)) {
			python_note_unreadable(py, &err);
			ok = false;
		}
	}
	if (collecting || !ok)
		*is_complete = false;
	return ok;
}

struct heap *heap_walk(struct python *py, bool *is_complete, struct error *err)
{
	struct heap *heap = heap_create(py, err);
	struct heap_links *links;
	uint64_t interp;

	if (!heap)
		return NULL;
	*is_complete = true;
	links = target_is_scarce(py->target) && !python_is_free_threaded(py) ? heap_links_read(py, heap)
									     : NULL;
	progress_phase(py->progress, "following the collector's lists", 0);
	if (!read_pointer(py, py->runtime, FIELD_runtime_interpreters_head, &interp, err)) {
		heap_links_destroy(links);
		heap_destroy(heap);
		return NULL;
	}
	for (int i = 0; interp && i < INTERPRETERS_MAX; i++) {
		if (!python_is_free_threaded(py))
			walk_interpreter(py, heap, links, interp, is_complete);
		else if (!mimalloc_walk(py, interp, heap))
			*is_complete = false;
		/* One set of lists serves all interpreters. */
		if (!python_has(py, FIELD_interp_gc))
			break;
		if (!read_pointer(py, interp, FIELD_interp_next, &interp, NULL))
			break;
	}
	heap_links_destroy(links);
	if (!progress_is_interrupted(py->progress))
		return heap;
	heap_destroy(heap);
	error_set(err, ERROR_INTERRUPTED, "interrupted while the collector's lists were followed");
	return NULL;
}
