#include "inspector/python/heap_segments.h"

#include "inspector/base/big.h"
#include "inspector/base/parallel.h"
#include "inspector/python/memory.h"

#include <stdlib.h>

/* Walks that a thread has under way: about as many cache lines as a processor waits for at once. */
#define LANES 24
/* Segments are of very different lengths, so there are more of them than lanes. */
#define SEGMENTS_MOST 2048
/* Words of bits for each segment; and how many bytes are searched for a head. */
#define WORDS_EACH   1024
#define SEARCH_BYTES 4096

#define SLOT_BITS   13 /* of the table of starts: four times as many as there are segments at most */
#define FILTER_BITS 16

/* What a segment leads to, besides the number of another one. */
#define TO_RING	  UINT32_MAX
#define TO_BROKEN (UINT32_MAX - 1)

struct segment {
	struct ring_place start;
	struct ring_place end; /* the last head of it, and what that leads to */
	uint64_t count;	       /* of heads */
	uint32_t next;	       /* segment, TO_RING or TO_BROKEN */
	unsigned thread;       /* whose bits it is in */
	bool is_wanted;
};

struct segments {
	struct python *py;
	const struct heap *heap;
	uint64_t ring, onward, back; /* onward, back: offsets of the links in a head */
	uint64_t head_size, size;    /* of a head; of a head and the start of an object */
	struct segment *items;
	uint32_t count;
	uint32_t next;				/* atomic: the first one that no thread has taken */
	uint32_t slots[1 << SLOT_BITS];		/* number of a segment and 1, by start */
	uint64_t filter[1 << FILTER_BITS >> 6]; /* bits: perhaps something that a walk stops at */
	uint64_t *bits[PARALLEL_MOST];		/* as heap->bits, of each thread; owned */
	bool is_clearing;
};

struct lane {
	struct segment *segment; /* NULL: it rests */
	struct ring_place place;
	struct ground ground;
	uint64_t offset; /* of place.at in ground */
	uint64_t count;	 /* heads taken; when clearing, heads left */
};

static uint32_t hash_of(uint64_t address)
{
	return (uint32_t)((address >> 3) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

/* A bit of the filter. */
static uint32_t filter_bit(uint64_t address)
{
	return (uint32_t)(address / ALIGNMENT) & ((1 << FILTER_BITS) - 1);
}

static bool is_filtered(const struct segments *s, uint64_t address)
{
	return s->filter[filter_bit(address) / 64] >> (filter_bit(address) % 64) & 1;
}

static void add_to_filter(struct segments *s, uint64_t address)
{
	s->filter[filter_bit(address) / 64] |= UINT64_C(1) << (filter_bit(address) % 64);
}

/* The slot of a segment that starts there, or where one would be put. */
static uint32_t *slot_of(struct segments *s, uint64_t start)
{
	uint32_t slot = hash_of(start) >> (32 - SLOT_BITS);

	while (s->slots[slot] && s->items[s->slots[slot] - 1].start.at != start)
		slot = (slot + 1) & ((1 << SLOT_BITS) - 1);
	return &s->slots[slot];
}

static void add_segment(struct segments *s, uint64_t previous, uint64_t start)
{
	uint32_t *slot = slot_of(s, start);

	if (*slot)
		return;
	s->items[s->count] = (struct segment){.start = {previous, start}};
	*slot = ++s->count;
	add_to_filter(s, start);
}

static const uint8_t *head_at(const struct segments *s, struct area_cache *cache, uint64_t at)
{
	return area_bytes(cache, at, s->size);
}

static bool leads_to(
	const struct segments *s, struct area_cache *cache, uint64_t at, uint64_t link, uint64_t to)
{
	const uint8_t *head = head_at(s, cache, at);

	return head && (load_unsigned(head + link, 8) & LINK_MASK) == to;
}

/* A head that both neighbours lead back to, and that was not taken before. */
static bool is_head(const struct segments *s, struct area_cache *cache, uint64_t at, const uint8_t *head)
{
	uint64_t next = load_unsigned(head + s->onward, 8) & LINK_MASK,
		 previous = load_unsigned(head + s->back, 8) & LINK_MASK;
	uint32_t position;

	if (!next || !previous || next == at || at == s->ring || !leads_to(s, cache, next, s->back, at) ||
		!leads_to(s, cache, previous, s->onward, at))
		return false;
	position = area_cache_position(cache, at + s->head_size);
	return position != NO_POSITION && !bit_is_set(s->heap->bits, position);
}

static void search_head(struct segments *s, struct area_cache *cache, uint64_t at)
{
	const struct area *area = area_of(cache, at);
	uint64_t end = at + SEARCH_BYTES;

	if (!area || area->partial)
		return;
	at = (at + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
	for (; at < end && at < area->end && area->end - at >= s->size; at += ALIGNMENT) {
		const uint8_t *head = area->bytes + (at - area->start);

		if (!is_head(s, cache, at, head))
			continue;
		add_segment(s, load_unsigned(head + s->back, 8) & LINK_MASK, at);
		return;
	}
}

/* Evenly over memory: in a list whose neighbours are neighbours in memory, that is evenly over the list. */
static void search_heads(struct segments *s)
{
	const struct heap *heap = s->heap;
	size_t wanted = heap->word_count / WORDS_EACH;
	struct area_cache cache;

	if (wanted > SEGMENTS_MOST - 1)
		wanted = SEGMENTS_MOST - 1;
	area_cache_init(&cache, heap);
	for (size_t i = 0; i < wanted; i++) {
		uint64_t word = (uint64_t)heap->word_count * i / wanted;

		search_head(s, &cache, heap_position_address(heap, (uint32_t)(word * 64)));
	}
	area_cache_deinit(&cache);
}

/* Has the processor fetch what the next step of a lane needs. */
static inline bool approach(
	const struct segments *s, struct area_cache *cache, const uint64_t *bits, struct lane *lane)
{
	struct ground *ground = &lane->ground;
	uint64_t at = lane->place.at;

	if (__builtin_expect(at - ground->start >= ground->size, 0) &&
		!ground_find(cache, at, s->head_size, s->size, ground))
		return false;
	lane->offset = at - ground->start;
	__builtin_prefetch(ground->bytes + lane->offset);
	__builtin_prefetch(&bits[(ground->first + (uint32_t)(lane->offset / GRANULE)) / 64], 1);
	return lane->offset % GRANULE == 0;
}

/* The next segment for a thread; NULL: there is none. */
static struct segment *take_segment(struct segments *s, unsigned thread, uint32_t *cleared)
{
	if (!s->is_clearing) {
		uint32_t number = __atomic_fetch_add(&s->next, 1, __ATOMIC_RELAXED);

		return number < s->count ? &s->items[number] : NULL;
	}
	while (*cleared < s->count) {
		struct segment *segment = &s->items[(*cleared)++];

		if (segment->thread == thread && !segment->is_wanted && segment->count)
			return segment;
	}
	return NULL;
}

/* Whether a walk ends before the place that it has come to. */
static bool is_at_end(struct segments *s, struct area_cache *cache, struct lane *lane)
{
	struct segment *segment = lane->segment;
	uint32_t slot;

	if (lane->place.at == s->ring) {
		segment->next = TO_RING;
		return true;
	}
	slot = *slot_of(s, lane->place.at);
	if (!slot)
		return false;
	segment->next =
		leads_to(s, cache, lane->place.at, s->back, lane->place.previous) ? slot - 1 : TO_BROKEN;
	return true;
}

/* One worker's lanes. */
struct lanes {
	struct segments *s;
	struct area_cache cache;
	uint64_t *bits;
	struct lane items[LANES];
	unsigned thread, busy;
	uint32_t cleared;
};

static void end_segment(struct lanes *l, struct lane *lane)
{
	if (!l->s->is_clearing) {
		lane->segment->end = lane->place;
		lane->segment->count = lane->count;
	}
	lane->segment = NULL;
	l->busy--;
}

/* Gives a lane that rests something to do. */
static void start_segment(struct lanes *l, struct lane *lane)
{
	struct segment *segment = take_segment(l->s, l->thread, &l->cleared);

	if (!segment)
		return;
	segment->thread = l->thread;
	lane->segment = segment;
	lane->place = segment->start;
	lane->count = l->s->is_clearing ? segment->count : 0;
	l->busy++;
	if (approach(l->s, &l->cache, l->bits, lane))
		return;
	segment->next = TO_BROKEN;
	end_segment(l, lane);
}

/* Takes the head that a lane has come to, and goes on to the next. */
static inline void step(struct lanes *l, struct lane *lane)
{
	struct segments *s = l->s;
	const struct ground *ground = &lane->ground;
	const uint8_t *head = ground->bytes + lane->offset;
	uint32_t position = ground->first + (uint32_t)(lane->offset / GRANULE);
	uint64_t bit = UINT64_C(1) << (position % 64), next = load_unsigned(head + s->onward, 8) & LINK_MASK;

	if (s->is_clearing) {
		l->bits[position / 64] &= ~bit;
		lane->place.at = next;
		if (!--lane->count || !approach(s, &l->cache, l->bits, lane))
			end_segment(l, lane);
		return;
	}
	if ((load_unsigned(head + s->back, 8) & LINK_MASK) != lane->place.previous) {
		lane->segment->next = TO_BROKEN;
		end_segment(l, lane);
		return;
	}
	l->bits[position / 64] |= bit;
	lane->count++;
	lane->place.previous = lane->place.at;
	lane->place.at = next;
	if (__builtin_expect(is_filtered(s, next), 0) && is_at_end(s, &l->cache, lane)) {
		end_segment(l, lane);
	} else if (!approach(s, &l->cache, l->bits, lane)) {
		lane->segment->next = TO_BROKEN;
		end_segment(l, lane);
	}
}

static void walk_lanes(void *context, unsigned thread)
{
	struct segments *s = context;
	struct lanes l = {.s = s, .bits = s->bits[thread], .thread = thread};

	area_cache_init(&l.cache, s->heap);
	for (uint64_t turn = 0;; turn++) {
		for (size_t i = 0; i < LANES; i++) {
			struct lane *lane = &l.items[i];

			if (!lane->segment)
				start_segment(&l, lane);
			if (lane->segment)
				step(&l, lane);
		}
		if (!l.busy || (turn % 4096 == 0 && progress_is_interrupted(s->py->progress)))
			break;
	}
	area_cache_deinit(&l.cache);
}

/* From the place on, by which the first segment starts. */
static void put_together(struct segments *s, struct ring_place *place)
{
	uint32_t number = 0;

	while (number < s->count && !s->items[number].is_wanted) {
		s->items[number].is_wanted = true;
		if (s->items[number].count)
			*place = s->items[number].end;
		number = s->items[number].next;
	}
}

static bool is_anything_unwanted(const struct segments *s)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (!s->items[i].is_wanted && s->items[i].count)
			return true;
	return false;
}

/* False: some were there already. */
static bool add_bits(const struct segments *s, unsigned threads, struct heap *heap)
{
	uint64_t both = 0;

	for (unsigned t = 0; t < threads; t++)
		for (size_t i = 0; i < heap->word_count; i++)
			both |= heap->bits[i] & s->bits[t][i];
	for (unsigned t = 0; !both && t < threads; t++)
		for (size_t i = 0; i < heap->word_count; i++)
			heap->bits[i] |= s->bits[t][i];
	return !both;
}

bool heap_segments_walk(struct python *py, struct heap *heap, uint64_t ring, struct ring_place *place)
{
	size_t head_size = python_sizeof(py, FIELD_sizeof_gc_head);
	unsigned threads = parallel_threads();
	struct ring_place end = *place;
	struct segments *s;
	bool done;

	s = xcalloc(1, sizeof(*s));
	*s = (struct segments){
		.py = py,
		.heap = heap,
		.ring = ring,
		.onward = python_field(py, FIELD_gc_head_next)->offset,
		.back = python_field(py, FIELD_gc_head_prev)->offset,
		.head_size = head_size,
		.items = xcalloc(SEGMENTS_MOST, sizeof(*s->items)),
	};
	s->size = s->head_size + python_sizeof(py, FIELD_sizeof_object);
	add_to_filter(s, ring);
	add_segment(s, place->previous, place->at);
	search_heads(s);
	for (unsigned t = 0; t < threads; t++)
		s->bits[t] = big_alloc(heap->word_count, sizeof(*s->bits[t]));
	parallel_run(threads, walk_lanes, s);
	put_together(s, &end);
	s->is_clearing = true;
	if (is_anything_unwanted(s))
		parallel_run(threads, walk_lanes, s);
	done = !progress_is_interrupted(py->progress);
	if (done && add_bits(s, threads, heap))
		*place = end;
	for (unsigned t = 0; t < threads; t++)
		big_free(s->bits[t], heap->word_count, sizeof(*s->bits[t]));
	free(s->items);
	free(s);
	return done;
}
