/* heap_inner: what a heap is made of, for the loops that go over all of it. For heap*.c, refs_targets.c and
 * graph_build.c alone; everybody else asks heap.h.
 *
 * Several threads may read a heap; one that also looks addresses up has an area_cache of its own. */
#ifndef ASYNCINSPECT_PYTHON_HEAP_INNER_H
#define ASYNCINSPECT_PYTHON_HEAP_INNER_H

#include "inspector/python/heap.h"

#define GRANULE 8

/* Modules/gcmodule.c: the low bits of both links of a head (PyGC_Head) are flags. */
#define LINK_MASK (~UINT64_C(3))

/* CPython's allocators give memory at multiples of this (Objects/obmalloc.c, ALIGNMENT). */
#define ALIGNMENT 16

/* A region of the target that has bytes. Positions are numbered through all areas that can hold objects, 64
 * to a word of bits. */
struct area {
	uint64_t start, end; /* addresses */
	uint64_t base;	     /* the first address in it that is a multiple of GRANULE */
	const uint8_t *bytes;
	const struct region
		*partial; /* bytes are there once target_bytes was asked for them; NULL: all are */
	uint32_t first;	  /* position of base, a multiple of 64; NO_POSITION: it holds no objects */
};

struct heap {
	const struct target *target; /* borrowed */
	struct area *areas;	     /* by address */
	size_t area_count;
	uint32_t *spans; /* indices of the areas that hold objects, by address and by position */
	size_t span_count;
	uint64_t *bits;	 /* one for each position */
	uint32_t *ranks; /* frozen: objects before each word */
	size_t word_count;
	uint32_t count; /* frozen */
	uint32_t last; /* the area that answered last: objects are near each other. Read and written as one */
};

/* Addresses of one MiB share a place. */
#define AREA_SLOTS 1024

/* Addresses from base on, and their positions. */
struct span {
	uint64_t base, size;
	uint32_t first; /* position of base */
};

struct area_cache {
	const struct heap *heap;
	/* The largest of the spans that area_cache_look_at has seen: of a big heap most addresses are in it.
	 * Size 0: it has seen none. */
	struct span span;
	/* Of an area that has to be fetched: memory that area_run read, instead of having it kept for all. */
	struct {
		uint8_t *bytes; /* owned; NULL: none yet */
		uint64_t start, size;
	} ahead;
	const struct area *slots[AREA_SLOTS];
};

/* What is read ahead at a time: words of bits, from a multiple of them on. A part of those who share the work
 * out has as many. */
#define AHEAD_WORDS 4096

/* Without objects. */
struct heap *heap_create(struct python *py, struct error *err);

void area_cache_init(struct area_cache *cache, const struct heap *heap);

/* Only needed by who asked area_run. */
void area_cache_deinit(struct area_cache *cache);

/* The area with address; NULL: its bytes are not here. */
const struct area *area_search(const struct heap *heap, uint64_t address);

const struct area *area_refill(struct area_cache *cache, uint64_t address);

static inline const struct area *area_of(struct area_cache *cache, uint64_t address)
{
	const struct area *area = cache->slots[address >> 20 & (AREA_SLOTS - 1)];

	return __builtin_expect(address - area->start < area->end - area->start, 1)
		       ? area
		       : area_refill(cache, address);
}

/* As area_bytes, of an area that may have to be fetched. */
const uint8_t *area_bytes_partial(
	struct area_cache *cache, const struct area *area, uint64_t address, uint64_t size);

/* size bytes at address when they lie in one area; NULL otherwise: target_bytes may still have them. */
static inline const uint8_t *area_bytes(struct area_cache *cache, uint64_t address, uint64_t size)
{
	const struct area *area = area_of(cache, address);

	if (!area || size > area->end - address)
		return NULL;
	if (__builtin_expect(area->partial != NULL, 0))
		return area_bytes_partial(cache, area, address, size);
	return area->bytes + (address - area->start);
}

/* As area_run, of an area that may have to be fetched. */
const uint8_t *area_run_partial(
	struct area_cache *cache, const struct area *area, uint64_t address, uint64_t wanted, uint64_t *room);

/* The memory from the address of a position on, for who goes through a heap and looks at several things
 * there: room bytes of it, which are wanted ones at least unless the area ends or they are not to be had.
 * NULL: as area_bytes. Borrowed until the next call: what has to be fetched is read by stretches into memory
 * of the cache's own, and what is asked of it until then (area_bytes) comes from there too. */
static inline const uint8_t *area_run(
	struct area_cache *cache, uint64_t address, uint64_t wanted, uint64_t *room)
{
	const struct area *area = area_of(cache, address);

	*room = area ? area->end - address : 0;
	if (!area)
		return NULL;
	return __builtin_expect(area->partial != NULL, 0)
		       ? area_run_partial(cache, area, address, wanted, room)
		       : area->bytes + (address - area->start);
}

/* Whether size bytes at an address are in memory that area_run read. */
static inline bool area_cache_has_ahead(const struct area_cache *cache, uint64_t address, uint64_t size)
{
	uint64_t offset = address - cache->ahead.start;

	return offset < cache->ahead.size && size <= cache->ahead.size - offset;
}

/* Objects start in a word of bits, and most end before so many bytes from its start. */
#define WORD_BYTES (64 * GRANULE + 512)

/* As heap_position. */
static inline uint32_t area_position(const struct area *area, uint64_t address)
{
	if (address % GRANULE || !area || area->first == NO_POSITION)
		return NO_POSITION;
	return area->first + (uint32_t)((address - area->base) / GRANULE);
}

/* For who follows links from head to head (PyGC_Head): the area that a walk is in. */
struct ground {
	uint64_t start, size; /* addresses at which a head can start; size 0: none */
	const uint8_t *bytes; /* at start */
	uint32_t first;	      /* position of the object behind a head at start */
};

/* The ground of a head at an address: head_size bytes, and an object of which size bytes in all are there.
 * False: there is none, it has to be fetched, or no object can be there. */
static inline bool ground_find(
	struct area_cache *cache, uint64_t at, uint64_t head_size, uint64_t size, struct ground *ground)
{
	const struct area *area = area_of(cache, at);

	if (!area || area->partial || area->first == NO_POSITION || at < area->base ||
		area->end - at < size || head_size % GRANULE)
		return false;
	*ground = (struct ground){
		.start = area->base,
		.size = area->end - area->base - size + 1,
		.bytes = area->bytes + (area->base - area->start),
		.first = area->first + (uint32_t)(head_size / GRANULE),
	};
	return true;
}

/* For who will ask for many positions: some of them will be near address. */
void area_cache_look_at(struct area_cache *cache, uint64_t address);

/* As heap_position. */
static inline uint32_t area_cache_position(struct area_cache *cache, uint64_t address)
{
	uint64_t offset = address - cache->span.base;

	return __builtin_expect(offset < cache->span.size && offset % GRANULE == 0, 1)
		       ? cache->span.first + (uint32_t)(offset / GRANULE)
		       : area_position(area_of(cache, address), address);
}

static inline bool bit_is_set(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

/* A bitmap that other threads write to. */
static inline bool bit_load(const uint64_t *bits, uint32_t i)
{
	return __atomic_load_n(&bits[i / 64], __ATOMIC_RELAXED) >> (i % 64) & 1;
}

/* Sets a bit in a bitmap that only this thread writes to, but that others read. */
static inline void bit_store(uint64_t *bits, uint32_t i)
{
	uint64_t *word = &bits[i / 64];

	__atomic_store_n(
		word, __atomic_load_n(word, __ATOMIC_RELAXED) | UINT64_C(1) << (i % 64), __ATOMIC_RELAXED);
}

/* Without the instruction, which not every x86_64 has, GCC calls a function for each word. */
static inline uint32_t count_bits(uint64_t word)
{
	word -= word >> 1 & 0x5555555555555555;
	word = (word & 0x3333333333333333) + (word >> 2 & 0x3333333333333333);
	word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (uint32_t)(word * 0x0101010101010101 >> 56);
}

static inline uint32_t rank_of(const struct heap *heap, uint32_t position)
{
	uint64_t below = heap->bits[position / 64] & ((UINT64_C(1) << (position % 64)) - 1);

	return heap->ranks[position / 64] + count_bits(below);
}

#endif
