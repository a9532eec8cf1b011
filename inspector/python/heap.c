#include "inspector/python/heap.h"

#include "inspector/base/big.h"
#include "inspector/python/heap_inner.h"
#include "inspector/python/memory.h"

#include <stdlib.h>

/* Nothing is at its addresses. */
static const struct area no_area = {.first = NO_POSITION};

static bool holds_objects(const struct region *r)
{
	return !r->is_file && !r->is_zero;
}

struct heap *heap_create(struct python *py, struct error *err)
{
	struct heap *heap = xcalloc(1, sizeof(*heap));
	size_t region_count;
	const struct region *regions = target_regions(py->target, &region_count);
	uint64_t next = 0;

	heap->target = py->target;
	heap->areas = xcalloc(region_count, sizeof(*heap->areas));
	heap->spans = xcalloc(region_count, sizeof(*heap->spans));
	for (size_t i = 0; i < region_count; i++) {
		/* No object starts before the first multiple of a granule. */
		uint64_t base = (regions[i].start + GRANULE - 1) & ~(uint64_t)(GRANULE - 1), words;
		struct area *area = &heap->areas[heap->area_count];

		if (!regions[i].bytes)
			continue;
		*area = (struct area){regions[i].start, regions[i].end, base, regions[i].bytes,
			regions[i].is_partial ? &regions[i] : NULL, NO_POSITION};
		heap->area_count++;
		if (!holds_objects(&regions[i]) || base >= regions[i].end)
			continue;
		words = (regions[i].end - base + 64 * GRANULE - 1) / (64 * GRANULE);
		if (next + words * 64 >= NO_POSITION) {
			heap_destroy(heap);
			error_set(err, ERROR_LIMIT, "the target has more than 32 GiB of memory of its own");
			error_advise(err, "The commands tasks, tree, stacks, where, loops and threads do "
					  "without the heap.");
			return NULL;
		}
		area->first = (uint32_t)next;
		heap->spans[heap->span_count++] = (uint32_t)(heap->area_count - 1);
		next += words * 64;
	}
	heap->word_count = next / 64;
	heap->bits = big_alloc(heap->word_count, sizeof(uint64_t));
	return heap;
}

void heap_destroy(struct heap *heap)
{
	if (!heap)
		return;
	free(heap->areas);
	free(heap->spans);
	big_free(heap->bits, heap->word_count, sizeof(*heap->bits));
	if (heap->ranks)
		big_free(heap->ranks, heap->word_count, sizeof(*heap->ranks));
	free(heap);
}

const struct area *area_search(const struct heap *heap, uint64_t address)
{
	size_t low = 0, high = heap->area_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address < heap->areas[middle].start)
			high = middle;
		else if (address >= heap->areas[middle].end)
			low = middle + 1;
		else
			return &heap->areas[middle];
	}
	return NULL;
}

void area_cache_init(struct area_cache *cache, const struct heap *heap)
{
	cache->heap = heap;
	cache->span = (struct span){.size = 0};
	cache->ahead.bytes = NULL;
	cache->ahead.start = cache->ahead.size = 0;
	for (size_t i = 0; i < AREA_SLOTS; i++)
		cache->slots[i] = &no_area;
}

void area_cache_deinit(struct area_cache *cache)
{
	free(cache->ahead.bytes);
	cache->ahead.bytes = NULL;
}

void area_cache_look_at(struct area_cache *cache, uint64_t address)
{
	const struct area *area = area_of(cache, address);

	if (area && area->first != NO_POSITION && area->end - area->base > cache->span.size)
		cache->span = (struct span){area->base, area->end - area->base, area->first};
}

const struct area *area_refill(struct area_cache *cache, uint64_t address)
{
	const struct area *area = area_search(cache->heap, address);

	if (area)
		cache->slots[address >> 20 & (AREA_SLOTS - 1)] = area;
	return area;
}

static const uint8_t *bytes_ahead(const struct area_cache *cache, uint64_t address, uint64_t size)
{
	return area_cache_has_ahead(cache, address, size)
		       ? cache->ahead.bytes + (address - cache->ahead.start)
		       : NULL;
}

const uint8_t *area_bytes_partial(
	struct area_cache *cache, const struct area *area, uint64_t address, uint64_t size)
{
	const uint8_t *bytes = bytes_ahead(cache, address, size);

	if (bytes)
		return bytes;
	if (region_has_bytes(area->partial, address, size))
		return area->bytes + (address - area->start);
	return target_bytes(cache->heap->target, address, size, NULL);
}

#define AHEAD_POSITIONS ((uint32_t)AHEAD_WORDS * 64)
#define AHEAD_BYTES	((uint64_t)AHEAD_POSITIONS * GRANULE + WORD_BYTES)

/* The stretch of positions that address is in, as far as it is in the area, and a little more. */
static bool read_ahead(struct area_cache *cache, const struct area *area, uint64_t address)
{
	uint32_t position = area_position(area, address), from = position - position % AHEAD_POSITIONS;
	uint64_t end;

	if (position == NO_POSITION)
		return false;
	end = area->base + ((uint64_t)from + AHEAD_POSITIONS - area->first) * GRANULE + WORD_BYTES;
	if (end > area->end)
		end = area->end;
	if (from < area->first)
		from = area->first;
	if (!cache->ahead.bytes)
		cache->ahead.bytes = xmalloc(AHEAD_BYTES);
	cache->ahead.start = area->base + (uint64_t)(from - area->first) * GRANULE;
	cache->ahead.size = end - cache->ahead.start;
	if (target_peek(cache->heap->target, cache->ahead.start, cache->ahead.size, cache->ahead.bytes) !=
		cache->ahead.bytes)
		cache->ahead.size = 0;
	return cache->ahead.size != 0;
}

const uint8_t *area_run_partial(
	struct area_cache *cache, const struct area *area, uint64_t address, uint64_t wanted, uint64_t *room)
{
	const uint8_t *bytes;

	if (wanted > *room)
		wanted = *room;
	bytes = bytes_ahead(cache, address, wanted);
	if (!bytes && read_ahead(cache, area, address))
		bytes = bytes_ahead(cache, address, wanted);
	*room = wanted;
	return bytes ? bytes : area_bytes_partial(cache, area, address, wanted);
}

static const struct area *area_by_hint(const struct heap *heap, uint64_t address)
{
	uint32_t *hint = &((struct heap *)heap)->last, last = __atomic_load_n(hint, __ATOMIC_RELAXED);
	const struct area *area;

	if (last < heap->area_count && address >= heap->areas[last].start && address < heap->areas[last].end)
		return &heap->areas[last];
	area = area_search(heap, address);
	if (area)
		__atomic_store_n(hint, (uint32_t)(area - heap->areas), __ATOMIC_RELAXED);
	return area;
}

uint64_t heap_positions(const struct heap *heap)
{
	return heap->word_count * 64;
}

uint32_t heap_position(const struct heap *heap, uint64_t address)
{
	return address % GRANULE ? NO_POSITION : area_position(area_by_hint(heap, address), address);
}

uint64_t heap_position_address(const struct heap *heap, uint32_t position)
{
	size_t low = 0, high = heap->span_count;
	uint32_t last = __atomic_load_n(&heap->last, __ATOMIC_RELAXED);
	const struct area *area = &heap->areas[last < heap->area_count ? last : 0];

	if (area->first != NO_POSITION && position >= area->first &&
		position - area->first < (area->end - area->base + GRANULE - 1) / GRANULE)
		return area->base + (uint64_t)(position - area->first) * GRANULE;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (position < heap->areas[heap->spans[middle]].first)
			high = middle;
		else
			low = middle;
	}
	area = &heap->areas[heap->spans[low]];
	__atomic_store_n(&((struct heap *)heap)->last, heap->spans[low], __ATOMIC_RELAXED);
	return area->base + (uint64_t)(position - area->first) * GRANULE;
}

bool heap_contains(const struct heap *heap, uint64_t address)
{
	uint32_t position = heap_position(heap, address);

	return position != NO_POSITION && bit_is_set(heap->bits, position);
}

bool heap_add(struct heap *heap, uint64_t address)
{
	uint32_t position = heap_position(heap, address);

	if (position == NO_POSITION || bit_is_set(heap->bits, position))
		return false;
	heap->bits[position / 64] |= UINT64_C(1) << (position % 64);
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

	heap->ranks = big_alloc(heap->word_count, sizeof(*heap->ranks));
	for (size_t i = 0; i < heap->word_count; i++) {
		heap->ranks[i] = sum;
		sum += count_bits(heap->bits[i]);
	}
	heap->count = sum;
}

uint32_t heap_count(const struct heap *heap)
{
	uint32_t sum = 0;

	if (heap->ranks)
		return heap->count;
	for (size_t i = 0; i < heap->word_count; i++)
		sum += count_bits(heap->bits[i]);
	return sum;
}

uint32_t heap_index_of_position(const struct heap *heap, uint32_t position)
{
	return rank_of(heap, position);
}

bool heap_index(const struct heap *heap, uint64_t address, uint32_t *index)
{
	uint32_t position = heap_position(heap, address);

	if (position == NO_POSITION || !bit_is_set(heap->bits, position))
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
