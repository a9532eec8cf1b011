#include "inspector/python/heap.h"

#include "inspector/python/memory.h"
#include "inspector/python/mimalloc.h"

#include <stdlib.h>

#define GRANULE		 8
#define GENERATIONS	 3
#define INTERPRETERS_MAX 4096
/* Modules/gcmodule.c: the low bits of both links are flags. */
#define LINK_MASK (~UINT64_C(3))

/* Positions are numbered through all spans, 64 to a word. */
struct span {
	uint64_t start, end; /* addresses */
	uint32_t first;	     /* position of start; a multiple of 64 */
};

struct heap {
	struct span *spans; /* by address, and by position */
	size_t span_count;
	uint64_t *bits;	 /* one for each position */
	uint32_t *ranks; /* frozen: objects before each word */
	size_t word_count;
	uint32_t count;
	size_t last; /* the span that answered last: objects are near each other */
};

static bool holds_objects(const struct region *r)
{
	return r->bytes && !r->is_file && !r->is_zero;
}

static struct heap *heap_create(struct python *py, struct error *err)
{
	struct heap *heap = xcalloc(1, sizeof(*heap));
	size_t region_count, capacity = 0;
	const struct region *regions = target_regions(py->target, &region_count);
	uint64_t next = 0;

	for (size_t i = 0; i < region_count; i++) {
		/* No object starts before the first multiple of a granule. */
		uint64_t start = (regions[i].start + GRANULE - 1) & ~(uint64_t)(GRANULE - 1), words;

		if (!holds_objects(&regions[i]) || start >= regions[i].end)
			continue;
		words = (regions[i].end - start + 64 * GRANULE - 1) / (64 * GRANULE);
		if (next + words * 64 >= NO_POSITION) {
			heap_destroy(heap);
			error_set(err, ERROR_LIMIT, "the target has more than 32 GiB of memory of its own");
			error_advise(err, "The commands threads and layout do without the heap.");
			return NULL;
		}
		heap->spans = grow_array(heap->spans, &capacity, heap->span_count + 1, sizeof(*heap->spans));
		heap->spans[heap->span_count++] = (struct span){start, regions[i].end, (uint32_t)next};
		next += words * 64;
	}
	heap->word_count = next / 64;
	heap->bits = xcalloc(heap->word_count, sizeof(uint64_t));
	return heap;
}

void heap_destroy(struct heap *heap)
{
	if (!heap)
		return;
	free(heap->spans);
	free(heap->bits);
	free(heap->ranks);
	free(heap);
}

static const struct span *span_of(const struct heap *heap, uint64_t address)
{
	size_t low = 0, high = heap->span_count;

	if (heap->last < heap->span_count && address >= heap->spans[heap->last].start &&
		address < heap->spans[heap->last].end)
		return &heap->spans[heap->last];
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address < heap->spans[middle].start)
			high = middle;
		else if (address >= heap->spans[middle].end)
			low = middle + 1;
		else {
			/* Only a hint: which span to try first the next time. */
			((struct heap *)heap)->last = middle;
			return &heap->spans[middle];
		}
	}
	return NULL;
}

uint64_t heap_positions(const struct heap *heap)
{
	return heap->word_count * 64;
}

uint32_t heap_position(const struct heap *heap, uint64_t address)
{
	const struct span *span;

	if (address % GRANULE)
		return NO_POSITION;
	span = span_of(heap, address);
	return span ? span->first + (uint32_t)((address - span->start) / GRANULE) : NO_POSITION;
}

uint64_t heap_position_address(const struct heap *heap, uint32_t position)
{
	size_t low = 0, high = heap->span_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (position < heap->spans[middle].first)
			high = middle;
		else
			low = middle;
	}
	return heap->spans[low].start + (uint64_t)(position - heap->spans[low].first) * GRANULE;
}

static bool has_bit(const struct heap *heap, uint32_t position)
{
	return heap->bits[position / 64] >> (position % 64) & 1;
}

bool heap_contains(const struct heap *heap, uint64_t address)
{
	uint32_t position = heap_position(heap, address);

	return position != NO_POSITION && has_bit(heap, position);
}

bool heap_add(struct heap *heap, uint64_t address)
{
	uint32_t position = heap_position(heap, address);

	if (position == NO_POSITION || has_bit(heap, position))
		return false;
	heap->bits[position / 64] |= UINT64_C(1) << (position % 64);
	heap->count++;
	return true;
}

bool heap_next(const struct heap *heap, uint32_t *cursor, uint64_t *address)
{
	size_t word = *cursor / 64;
	uint64_t left;

	if (word >= heap->word_count)
		return false;
	left = heap->bits[word] & (~UINT64_C(0) << (*cursor % 64));
	while (!left) {
		if (++word >= heap->word_count)
			return false;
		left = heap->bits[word];
	}
	*cursor = (uint32_t)(word * 64 + (unsigned)__builtin_ctzll(left));
	*address = heap_position_address(heap, *cursor);
	++*cursor;
	return true;
}

void heap_freeze(struct heap *heap)
{
	uint32_t sum = 0;

	heap->ranks = xmalloc(heap->word_count * sizeof(*heap->ranks));
	for (size_t i = 0; i < heap->word_count; i++) {
		heap->ranks[i] = sum;
		sum += (uint32_t)__builtin_popcountll(heap->bits[i]);
	}
	heap->count = sum;
}

uint32_t heap_count(const struct heap *heap)
{
	return heap->count;
}

uint32_t heap_index_of_position(const struct heap *heap, uint32_t position)
{
	uint64_t below = heap->bits[position / 64] & ((UINT64_C(1) << (position % 64)) - 1);

	return heap->ranks[position / 64] + (uint32_t)__builtin_popcountll(below);
}

bool heap_index(const struct heap *heap, uint64_t address, uint32_t *index)
{
	uint32_t position = heap_position(heap, address);

	if (position == NO_POSITION || !has_bit(heap, position))
		return false;
	*index = heap_index_of_position(heap, position);
	return true;
}

uint64_t heap_address(const struct heap *heap, uint32_t index)
{
	size_t low = 0, high = heap->word_count;
	uint64_t word;
	uint32_t left;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (heap->ranks[middle] <= index)
			low = middle;
		else
			high = middle;
	}
	word = heap->bits[low];
	for (left = index - heap->ranks[low]; left; left--)
		word &= word - 1;
	return heap_position_address(heap, (uint32_t)(low * 64 + (unsigned)__builtin_ctzll(word)));
}

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

static bool walk_list(struct python *py, struct heap *heap, uint64_t ring, struct error *err)
{
	size_t head_size = python_sizeof(py, FIELD_sizeof_gc_head);
	uint64_t at, previous = ring;

	if (!read_pointer(py, ring, FIELD_gc_head_next, &at, err))
		return false;
	for (at &= LINK_MASK; at != ring;) {
		struct body head;
		uint64_t back;

		if (!body_open(py, at, head_size + python_sizeof(py, FIELD_sizeof_object), &head, err))
			return false;
		back = body_pointer(py, &head, FIELD_gc_head_prev) & LINK_MASK;
		if (back != previous && is_half_linked(py, ring, previous))
			return true;
		if (back != previous && !is_half_unlinked(py, previous, at, back))
			return error_at(err, ERROR_CORRUPT, at,
				"the collector's list is broken at 0x%llx: the object before it is another",
				(unsigned long long)at);
		if (!heap_add(heap, at + head_size))
			return error_at(err, ERROR_CORRUPT, at, "the collector's lists meet at 0x%llx",
				(unsigned long long)at);
		previous = at;
		at = body_pointer(py, &head, FIELD_gc_head_next) & LINK_MASK;
	}
	return true;
}

/* While a collection runs, the previous links hold counts, and only the next links can be followed. */
static bool walk_list_collecting(struct python *py, struct heap *heap, uint64_t ring, struct error *err)
{
	size_t head_size = python_sizeof(py, FIELD_sizeof_gc_head);
	uint64_t at;

	if (!read_pointer(py, ring, FIELD_gc_head_next, &at, err))
		return false;
	for (at &= LINK_MASK; at != ring; at &= LINK_MASK) {
		if (!heap_add(heap, at + head_size))
			return error_at(err, ERROR_CORRUPT, at, "the collector's lists are in pieces");
		if (!read_pointer(py, at, FIELD_gc_head_next, &at, err))
			return false;
	}
	return true;
}

static bool walk_interpreter(struct python *py, struct heap *heap, uint64_t interp, bool *is_complete)
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
			       : !walk_list(py, heap, ring, &err)) {
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
	uint64_t interp;

	if (!heap)
		return NULL;
	*is_complete = true;
	if (!read_pointer(py, py->runtime, FIELD_runtime_interpreters_head, &interp, err)) {
		heap_destroy(heap);
		return NULL;
	}
	for (int i = 0; interp && i < INTERPRETERS_MAX; i++) {
		if (!python_is_free_threaded(py))
			walk_interpreter(py, heap, interp, is_complete);
		else if (!mimalloc_walk(py, interp, heap))
			*is_complete = false;
		/* One set of lists serves all interpreters. */
		if (!python_has(py, FIELD_interp_gc))
			break;
		if (!read_pointer(py, interp, FIELD_interp_next, &interp, NULL))
			break;
	}
	return heap;
}
