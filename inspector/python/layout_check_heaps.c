#include "inspector/python/layout_check_private.h"

/* The heaps of a free-threaded build: mimalloc.h. What its walker needs to be right is looked at here, in
 * some of the pages. */

#define THREADS_MAX 64
#define PAGES_MAX   2048
#define LINKED_MAX  (1 << 20)
#define BLOCKS_MAX  64 /* looked at in a page */
#define PAGES_MIN   8
#define OBJECTS_MIN 32
#define TRACKED	    1

#define SEGMENT_SIZE ((uint64_t)1 << 25) /* MI_SEGMENT_SIZE */
#define SLICE_SIZE   ((uint64_t)1 << 16) /* MI_SEGMENT_SLICE_SIZE */

struct look {
	struct check *c;
	uint64_t ident;	     /* of the thread */
	int64_t tag;	     /* of the heap */
	uint64_t known;	     /* pages, as their heaps say */
	uint64_t linked;     /* that the queues lead to */
	size_t pages, right; /* those that were looked at */
	size_t objects[2];   /* of these, by kind of heap */
	int kind;
};

struct place {
	uint64_t start, block_size, capacity, used;
};

static bool is_in_page(const struct place *page, uint64_t block)
{
	return block >= page->start && (block - page->start) % page->block_size == 0 &&
	       (block - page->start) / page->block_size < page->capacity;
}

/* As Objects/mimalloc/segment.c computes it; of pages that know it, it must be the same. */
static bool find_start(const struct probe *p, uint64_t address, struct place *page)
{
	uint64_t slices = (address & ~(SEGMENT_SIZE - 1)) + p->fields[FIELD_segment_slices].offset,
		 size = p->fields[FIELD_sizeof_page].size, known;

	if (!size || address < slices || (address - slices) % size ||
		(address - slices) / size >= SEGMENT_SIZE / SLICE_SIZE)
		return false;
	page->start = (address & ~(SEGMENT_SIZE - 1)) + (address - slices) / size * SLICE_SIZE;
	if (probe_has(p, FIELD_page_start)) {
		if (!probe_pointer(p, address, FIELD_page_start, &known) || known < page->start ||
			known - page->start >= SLICE_SIZE)
			return false;
		page->start = known;
	} else if (page->block_size <= 64) {
		page->start += 3 * page->block_size;
	} else if (page->block_size <= 512) {
		page->start += page->block_size;
	}
	return true;
}

/* How many blocks a chain has. False: it leaves the page, or has no end. */
static bool count_chain(const struct probe *p, uint64_t block, const struct place *page, uint64_t *count)
{
	for (; block; ++*count)
		if (*count >= page->capacity || !is_in_page(page, block) || !probe_word(p, block, &block))
			return false;
	return true;
}

/* What is not in use is in the two chains of the page's own thread; what others freed counts as used. The
 * chains of debug builds are encoded. */
static bool are_right_chains(const struct probe *p, uint64_t address, const struct place *page)
{
	uint64_t free, local_free, thread_free, count = 0;

	if (probe_has(p, FIELD_page_keys))
		return true;
	return probe_pointer(p, address, FIELD_page_free, &free) &&
	       probe_pointer(p, address, FIELD_page_local_free, &local_free) &&
	       probe_pointer(p, address, FIELD_page_thread_free, &thread_free) &&
	       count_chain(p, free, page, &count) && count_chain(p, local_free, page, &count) &&
	       count + page->used == page->capacity &&
	       (thread_free < 4 || is_in_page(page, thread_free & ~UINT64_C(3)));
}

static bool is_right_segment(struct look *l, uint64_t page)
{
	const struct probe *p = &l->c->fresh;
	uint64_t segment = page & ~(SEGMENT_SIZE - 1), value;

	return probe_unsigned(p, segment, FIELD_segment_slice_entries, &value) && value &&
	       value <= SEGMENT_SIZE / SLICE_SIZE &&
	       probe_pointer(p, segment, FIELD_segment_thread, &value) && value == l->ident &&
	       probe_unsigned(p, page, FIELD_page_tag, &value) && (int64_t)value == l->tag &&
	       probe_unsigned(p, page, FIELD_page_slices, &value) && value &&
	       value <= SEGMENT_SIZE / SLICE_SIZE;
}

static bool are_right_objects(struct look *l, const struct place *page)
{
	const struct probe *p = &l->c->fresh;
	uint64_t offset = l->tag == p->fields[FIELD_heap_of_headed_objects].value ? 16 : 0, bits;

	for (uint64_t i = 0; i < page->capacity && i < BLOCKS_MAX; i++) {
		uint64_t object = page->start + i * page->block_size + offset;

		if (!probe_unsigned(p, object, FIELD_object_gc_bits, &bits))
			return false;
		if (!(bits & TRACKED))
			continue;
		if (!samples_offer(l->c->samples, object))
			return false;
		l->objects[l->kind]++;
	}
	return true;
}

static bool is_right_page(struct look *l, uint64_t address)
{
	const struct probe *p = &l->c->fresh;
	struct place page;

	return probe_unsigned(p, address, FIELD_page_capacity, &page.capacity) &&
	       probe_unsigned(p, address, FIELD_page_used, &page.used) &&
	       probe_unsigned(p, address, FIELD_page_block_size, &page.block_size) && page.capacity &&
	       page.used <= page.capacity && page.block_size >= 16 && page.block_size % 8 == 0 &&
	       find_start(p, address, &page) && are_right_chains(p, address, &page) &&
	       is_right_segment(l, address) && are_right_objects(l, &page);
}

static void look_at_heap(struct look *l, uint64_t heap)
{
	const struct probe *p = &l->c->fresh;
	const struct field *queues = &p->fields[FIELD_heap_queues];
	uint64_t stride = p->fields[FIELD_stride_heap_queue].size, page, known;

	if (probe_unsigned(p, heap, FIELD_heap_page_count, &known))
		l->known += known;
	for (uint64_t at = 0; stride && at + stride <= queues->size; at += stride) {
		if (!probe_pointer(p, heap + queues->offset + at, FIELD_queue_first, &page))
			return;
		while (page && l->linked < LINKED_MAX) {
			l->linked++;
			if (l->pages < PAGES_MAX) {
				l->pages++;
				l->right += is_right_page(l, page);
			}
			if (!probe_pointer(p, page, FIELD_page_next, &page))
				break;
		}
	}
}

static void look_at_thread(struct look *l, uint64_t thread)
{
	static const enum field_id kinds[] = {FIELD_heap_of_objects, FIELD_heap_of_headed_objects};
	const struct probe *p = &l->c->fresh;

	if (!probe_unsigned(p, thread, FIELD_thread_id, &l->ident))
		return;
	for (int i = 0; i < 2; i++) {
		l->kind = i;
		l->tag = p->fields[kinds[i]].value;
		look_at_heap(l, thread + p->fields[FIELD_thread_heaps].offset +
					(uint64_t)l->tag * p->fields[FIELD_stride_thread_heap].size);
	}
}

static void show(struct check *c, bool holds)
{
	static const enum field_id ids[] = {FIELD_thread_heaps, FIELD_stride_thread_heap,
		FIELD_heap_of_objects, FIELD_heap_of_headed_objects};
	static const char *const structs[] = {"mi_heap_s", "mi_page_queue_s", "mi_page_s", "mi_segment_s"};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		check_moving_field(c, ids[i], holds, "no objects are in the heaps");
	for (int id = 0; id < FIELD_COUNT; id++)
		for (size_t i = 0; i < sizeof(structs) / sizeof(structs[0]); i++)
			if (check_is_of(id, structs[i]))
				check_moving_field(c, id, holds, "no objects are in the heaps");
}

/* A process that runs changes some pages while they are looked at. */
static bool is_right(const struct look *l)
{
	const struct field *fields = l->c->fresh.fields;

	return l->pages >= PAGES_MIN && l->right * 8 >= l->pages * 7 && l->linked * 8 >= l->known * 7 &&
	       l->known * 8 >= l->linked * 7 && l->objects[0] >= OBJECTS_MIN &&
	       l->objects[1] >= OBJECTS_MIN &&
	       fields[FIELD_heap_of_objects].value != fields[FIELD_heap_of_headed_objects].value;
}

void check_heaps(struct check *c)
{
	const struct probe *p = &c->fresh;
	struct look l = {.c = c};
	uint64_t thread;

	if (!probe_has(p, FIELD_thread_heaps) || !c->interp ||
		!probe_pointer(p, c->interp, FIELD_interp_threads_head, &thread))
		return;
	for (int i = 0; thread && i < THREADS_MAX; i++) {
		look_at_thread(&l, thread);
		if (!probe_pointer(p, thread, FIELD_thread_next, &thread))
			break;
	}
	show(c, is_right(&l));
}
