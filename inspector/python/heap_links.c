#include "inspector/python/heap_links.h"

#include "inspector/base/big.h"
#include "inspector/base/parallel.h"
#include "inspector/python/memory.h"

#include <stdlib.h>

/* Words of bits in a part: 1 MiB of addresses, which is read at once. */
#define PART_WORDS 2048
#define PART_BYTES ((uint64_t)PART_WORDS * 64 * GRANULE)

/* The links of the heads of a part stand one behind the other in the stream of the thread that took it. */
struct part {
	uint32_t worker;
	uint64_t first;
};

struct heap_links {
	const struct python *py;
	const struct heap *heap;
	uint64_t *bits;	  /* by position: there is a head */
	uint32_t *before; /* by word of bits: heads in its part before it */
	struct part *parts;
	size_t part_count;
	size_t next_part; /* atomic */
	struct stream
		streams[PARALLEL_MOST]; /* for each head the next one, and the one before, as positions */
	/* Of a head and the object behind it. */
	uint64_t next, previous, type, refcount, size;
	bool has_short_count; /* ob_refcnt has 4 bytes */
};

/* Include/cpython/object.h: from 3.14 on there are four bytes besides, of which the two behind the count stay
 * 0 in practice; a pointer in its place has something there. */
static bool is_count(const struct heap_links *l, const uint8_t *bytes)
{
	uint64_t word = load_unsigned(bytes + l->refcount, 8);

	return l->has_short_count ? (word & UINT32_MAX) != 0 && (word >> 32 & UINT16_MAX) == 0
				  : word != 0 && word <= UINT32_MAX;
}

static bool read_head(const struct heap_links *l, struct area_cache *areas, const uint8_t *bytes,
	uint32_t *next, uint32_t *previous)
{
	uint64_t after, before, type;

	/* Of what is no head most has a pointer or nothing there. */
	if (!is_count(l, bytes))
		return false;
	after = load_unsigned(bytes + l->next, 8) & LINK_MASK;
	before = load_unsigned(bytes + l->previous, 8) & LINK_MASK;
	type = load_unsigned(bytes + l->type, 8);
	if (!after || !before || !type || type % 8)
		return false;
	*next = area_cache_position(areas, after);
	*previous = area_cache_position(areas, before);
	return *next != NO_POSITION && *previous != NO_POSITION && area_of(areas, type);
}

/* The part of an area between two positions, both of the part. */
static void read_stretch(struct heap_links *l, struct area_cache *areas, struct stream *stream,
	const struct area *area, uint32_t from, uint32_t to, uint8_t *buffer)
{
	uint64_t start = area->base + (uint64_t)(from - area->first) * GRANULE,
		 end = area->base + (uint64_t)(to - area->first) * GRANULE, have;
	const uint8_t *bytes;

	area_cache_look_at(areas, start);
	have = (end + l->size < area->end ? end + l->size : area->end) - start;
	bytes = target_peek(l->heap->target, start, have, buffer);
	if (!bytes)
		return;
	for (uint64_t at = (start + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
		at < end && at - start + l->size <= have; at += ALIGNMENT) {
		uint32_t position = area->first + (uint32_t)((at - area->base) / GRANULE), next, previous;

		if (!read_head(l, areas, bytes + (at - start), &next, &previous))
			continue;
		l->bits[position / 64] |= UINT64_C(1) << (position % 64);
		stream_push(stream, next);
		stream_push(stream, previous);
	}
}

static void read_part(
	struct heap_links *l, struct area_cache *areas, unsigned worker, size_t part, uint8_t *buffer)
{
	const struct heap *heap = l->heap;
	uint32_t from = (uint32_t)(part * PART_WORDS * 64);
	uint64_t end = (uint64_t)(part + 1) * PART_WORDS * 64, last = heap->word_count * 64;
	size_t span = 0, high = heap->span_count;
	uint32_t heads = 0;

	l->parts[part] = (struct part){worker, l->streams[worker].count};
	while (high - span > 1) {
		size_t middle = span + (high - span) / 2;

		if (from < heap->areas[heap->spans[middle]].first)
			high = middle;
		else
			span = middle;
	}
	for (end = end < last ? end : last; span < heap->span_count; span++) {
		const struct area *area = &heap->areas[heap->spans[span]];
		uint64_t to = area->first + (area->end - area->base) / GRANULE;

		if (area->first >= end)
			break;
		if (from < area->first)
			from = area->first;
		if (to > end)
			to = end;
		if (from < to)
			read_stretch(l, areas, &l->streams[worker], area, from, (uint32_t)to, buffer);
	}
	for (size_t word = part * PART_WORDS; word < end / 64; word++) {
		l->before[word] = heads;
		heads += count_bits(l->bits[word]);
	}
}

static void read_parts(void *context, unsigned worker)
{
	struct heap_links *l = context;
	uint8_t *buffer = xmalloc(PART_BYTES + l->size);
	struct area_cache areas;
	size_t part;

	area_cache_init(&areas, l->heap);
	while (!progress_is_interrupted(l->py->progress) &&
		(part = __atomic_fetch_add(&l->next_part, 1, __ATOMIC_RELAXED)) < l->part_count) {
		read_part(l, &areas, worker, part, buffer);
		progress_add(l->py->progress, 1);
	}
	free(buffer);
}

/* A core that is mapped here is not read into a buffer: what was looked at has to go. */
static void read_all(struct heap_links *l)
{
	struct target *target = l->py->target;
	unsigned threads = parallel_threads();
	size_t count = l->part_count, most = 16 * threads;

	for (l->part_count = 0; l->part_count < count && !progress_is_interrupted(l->py->progress);) {
		l->next_part = l->part_count;
		l->part_count = count - l->part_count < most ? count : l->part_count + most;
		parallel_run(threads, read_parts, l);
		target_ease(target);
	}
	l->part_count = count;
}

struct heap_links *heap_links_read(const struct python *py, const struct heap *heap)
{
	struct heap_links *l = xcalloc(1, sizeof(*l));
	uint64_t head = python_sizeof(py, FIELD_sizeof_gc_head);

	l->py = py;
	l->heap = heap;
	l->next = python_field(py, FIELD_gc_head_next)->offset;
	l->previous = python_field(py, FIELD_gc_head_prev)->offset;
	l->type = head + python_field(py, FIELD_object_type)->offset;
	l->refcount = head + python_field(py, FIELD_object_refcnt)->offset;
	l->has_short_count = python_field(py, FIELD_object_refcnt)->size == 4;
	l->size = head + python_sizeof(py, FIELD_sizeof_object);
	l->bits = big_alloc(heap->word_count, sizeof(*l->bits));
	l->before = big_alloc(heap->word_count, sizeof(*l->before));
	l->part_count = (heap->word_count + PART_WORDS - 1) / PART_WORDS;
	l->parts = xcalloc(l->part_count, sizeof(*l->parts));
	progress_phase(py->progress, "looking for what the collector knows", l->part_count);
	read_all(l);
	return l;
}

void heap_links_destroy(struct heap_links *l)
{
	if (!l)
		return;
	big_free(l->bits, l->heap->word_count, sizeof(*l->bits));
	big_free(l->before, l->heap->word_count, sizeof(*l->before));
	free(l->parts);
	for (size_t i = 0; i < PARALLEL_MOST; i++)
		stream_deinit(&l->streams[i]);
	free(l);
}

bool heap_links_at(const struct heap_links *l, uint32_t head, uint32_t *next, uint32_t *previous)
{
	size_t word = head / 64;
	const struct part *part;
	uint64_t at;

	if (word >= l->heap->word_count || !bit_is_set(l->bits, head))
		return false;
	part = &l->parts[word / PART_WORDS];
	at = part->first +
	     2 * (uint64_t)(l->before[word] + count_bits(l->bits[word] & ((UINT64_C(1) << (head % 64)) - 1)));
	*next = stream_at(&l->streams[part->worker], at);
	*previous = stream_at(&l->streams[part->worker], at + 1);
	return true;
}
