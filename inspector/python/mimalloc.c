#include "inspector/python/mimalloc.h"

#include "inspector/python/memory.h"

#include <stdlib.h>
#include <string.h>

#define THREADS_MAX  (1 << 20)
#define BLOCKS_MAX   65536 /* of a page: its capacity has 16 bits */
#define BLOCK_MIN    8
#define TRACKED	     1 /* Include/internal/pycore_gc.h: _PyGC_BITS_TRACKED */
#define PREHEADER    16
#define DEBUG_HEADER 16 /* Python/gc_free_threading.c: two words of the debug allocator */

/* Include/internal/mimalloc/mimalloc/types.h: MI_SEGMENT_SIZE, MI_SEGMENT_SLICE_SIZE */
#define SEGMENT_SIZE ((uint64_t)1 << 25)
#define SLICE_SIZE   ((uint64_t)1 << 16)

struct walk {
	struct python *py;
	struct heap *heap;
	struct addrmap pages; /* met so far */
	uint64_t left;	      /* blocks that may still be looked at: pages of one memory do not overlap */
	size_t debug_header;
	bool is_whole;
	uint64_t is_free[BLOCKS_MAX / 64]; /* of the page that is walked */
};

struct page {
	struct body body;
	uint64_t start, block_size, capacity;
	bool has_keys; /* the chains are encoded */
	uint64_t keys[2];
};

static void note(struct walk *w, const struct error *err)
{
	python_note_unreadable(w->py, err);
	w->is_whole = false;
}

/* The address of a page's first block. Objects/mimalloc/segment.c: newer ones know it; before, it follows
 * from the place of the page in its segment, with an offset that keeps blocks of different pages apart. */
static bool find_start(struct walk *w, struct page *page, struct error *err)
{
	const struct python *py = w->py;
	uint64_t address = page->body.address, segment = address & ~(SEGMENT_SIZE - 1);
	uint64_t slices = segment + python_field(py, FIELD_segment_slices)->offset;
	uint64_t slice = python_sizeof(py, FIELD_sizeof_page), size = page->block_size;

	if (python_has(py, FIELD_page_start)) {
		page->start = body_pointer(py, &page->body, FIELD_page_start);
		return true;
	}
	if (!python_has(py, FIELD_segment_slices))
		return error_no_field(py, FIELD_segment_slices, err);
	if (address < slices || (address - slices) % slice ||
		(address - slices) / slice >= SEGMENT_SIZE / SLICE_SIZE)
		return error_at(err, ERROR_CORRUPT, address, "the page at 0x%llx is no part of a segment",
			(unsigned long long)address);
	page->start = segment + (address - slices) / slice * SLICE_SIZE;
	if (size <= 64)
		page->start += 3 * size;
	else if (size <= 512)
		page->start += size;
	return true;
}

static bool open_page(struct walk *w, uint64_t address, struct page *page, struct error *err)
{
	const struct python *py = w->py;

	*page = (struct page){.start = 0};
	if (!body_open(py, address, python_sizeof(py, FIELD_sizeof_page), &page->body, err))
		return false;
	page->capacity = body_unsigned(py, &page->body, FIELD_page_capacity);
	page->block_size = body_unsigned(py, &page->body, FIELD_page_block_size);
	if (page->capacity > BLOCKS_MAX || (page->capacity && page->block_size < BLOCK_MIN) ||
		page->block_size > UINT64_MAX / (2 * BLOCKS_MAX))
		return error_at(err, ERROR_CORRUPT, address, "the page at 0x%llx has impossible blocks",
			(unsigned long long)address);
	if (python_has(py, FIELD_page_keys)) {
		const struct field *keys = python_field(py, FIELD_page_keys);

		if (keys->size != sizeof(page->keys) || keys->offset > page->body.size - sizeof(page->keys))
			return error_no_field(py, FIELD_page_keys, err);
		page->has_keys = true;
		memcpy(page->keys, page->body.bytes + keys->offset, sizeof(page->keys));
	}
	return find_start(w, page, err);
}

/* include/mimalloc/internal.h, mi_ptr_decode; the page itself stands for NULL. */
static uint64_t decode(const struct page *page, uint64_t word)
{
	unsigned turn = page->keys[0] % 64;

	if (!page->has_keys)
		return word;
	word -= page->keys[0];
	word = (turn ? word >> turn | word << (64 - turn) : word) ^ page->keys[1];
	return word == page->body.address ? 0 : word;
}

/* A block that is met again ends the walk, so a chain has at most as many blocks as the page. */
static bool mark_chain(struct walk *w, const struct page *page, uint64_t block, struct error *err)
{
	while (block) {
		uint64_t index = (block - page->start) / page->block_size;

		if (block < page->start || (block - page->start) % page->block_size ||
			index >= page->capacity || w->is_free[index / 64] >> (index % 64) & 1)
			return error_at(err, ERROR_CORRUPT, block,
				"a chain of free memory is broken at 0x%llx", (unsigned long long)block);
		w->is_free[index / 64] |= UINT64_C(1) << (index % 64);
		if (!read_word(w->py, block, &block, err))
			return false;
		block = decode(page, block);
	}
	return true;
}

static void mark_free(struct walk *w, const struct page *page)
{
	static const enum field_id chains[] = {
		FIELD_page_free, FIELD_page_local_free, FIELD_page_thread_free};
	struct error err;

	memset(w->is_free, 0, (page->capacity + 63) / 64 * sizeof(w->is_free[0]));
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		uint64_t first = body_pointer(w->py, &page->body, chains[i]);

		/* The low bits of xthread_free are flags. */
		if (!mark_chain(w, page, first & ~UINT64_C(3), &err))
			note(w, &err);
	}
}

/* offset: from a block to its object. */
static bool walk_page(struct walk *w, uint64_t address, size_t offset, struct error *err)
{
	struct page page;

	if (!open_page(w, address, &page, err))
		return false;
	if (!page.capacity || !body_unsigned(w->py, &page.body, FIELD_page_used))
		return true;
	if (page.capacity > w->left)
		return error_at(err, ERROR_CORRUPT, address, "the pages of the heaps overlap");
	w->left -= page.capacity;
	mark_free(w, &page);
	for (uint64_t i = 0; i < page.capacity; i++) {
		uint64_t object = page.start + i * page.block_size + offset, bits;

		if (w->is_free[i / 64] >> (i % 64) & 1)
			continue;
		if (!read_unsigned(w->py, object, FIELD_object_gc_bits, &bits, err))
			return false;
		if (bits & TRACKED)
			heap_add(w->heap, object);
	}
	return true;
}

static size_t offset_of(const struct walk *w, bool has_preheader)
{
	return w->debug_header + (has_preheader ? PREHEADER : 0);
}

static void walk_queue(struct walk *w, uint64_t page, size_t offset)
{
	struct error err;

	while (page) {
		if (!addrmap_put(&w->pages, page, 0)) {
			error_at(&err, ERROR_CORRUPT, page, "the queues of pages meet at 0x%llx",
				(unsigned long long)page);
			note(w, &err);
			return;
		}
		if (!walk_page(w, page, offset, &err))
			note(w, &err);
		target_ease(w->py->target);
		if (!read_pointer(w->py, page, FIELD_page_next, &page, &err)) {
			note(w, &err);
			return;
		}
	}
}

static void walk_heap(struct walk *w, uint64_t heap, size_t offset)
{
	const struct field *queues = python_field(w->py, FIELD_heap_queues);
	size_t stride = python_sizeof(w->py, FIELD_stride_heap_queue);

	for (size_t at = 0; stride && at + stride <= queues->size; at += stride) {
		struct error err;
		uint64_t first;

		if (!read_pointer(w->py, heap + queues->offset + at, FIELD_queue_first, &first, &err))
			note(w, &err);
		else
			walk_queue(w, first, offset);
	}
}

/* A thread that has not allocated yet has empty queues. */
static void walk_thread(struct walk *w, uint64_t thread)
{
	uint64_t heaps = thread + python_field(w->py, FIELD_thread_heaps)->offset;
	uint64_t size = python_sizeof(w->py, FIELD_stride_thread_heap);
	static const enum field_id kinds[] = {FIELD_heap_of_objects, FIELD_heap_of_headed_objects};

	for (int i = 0; i < 2; i++)
		walk_heap(w, heaps + (uint64_t)python_field(w->py, kinds[i])->value * size, offset_of(w, i));
}

static void walk_threads(struct walk *w, uint64_t interp)
{
	struct addrmap seen = ADDRMAP_INIT;
	struct error err;
	uint64_t thread;

	if (!read_pointer(w->py, interp, FIELD_interp_threads_head, &thread, &err)) {
		note(w, &err);
		return;
	}
	while (thread && addrmap_put(&seen, thread, 0) && seen.used < THREADS_MAX) {
		walk_thread(w, thread);
		if (!read_pointer(w->py, thread, FIELD_thread_next, &thread, &err)) {
			note(w, &err);
			break;
		}
	}
	addrmap_deinit(&seen);
}

/* Objects/mimalloc/segment.c, mi_segment_visit_pages: the segment is divided into pages, each with the tag of
 * the heap that it was in. The first one is the segment's own description. */
static bool walk_segment(struct walk *w, uint64_t segment, struct error *err)
{
	const struct python *py = w->py;
	uint64_t first = segment + python_field(py, FIELD_segment_slices)->offset, entries, slices, tag;
	uint64_t size = python_sizeof(py, FIELD_sizeof_page);

	if (!read_unsigned(py, segment, FIELD_segment_slice_entries, &entries, err))
		return false;
	if (entries > SEGMENT_SIZE / SLICE_SIZE)
		return error_at(err, ERROR_CORRUPT, segment, "the segment at 0x%llx is too large",
			(unsigned long long)segment);
	for (uint64_t i = 0; i < entries; i += slices) {
		uint64_t page = first + i * size;
		bool has_preheader;

		if (!read_unsigned(py, page, FIELD_page_slices, &slices, err))
			return false;
		if (!slices)
			return error_at(err, ERROR_CORRUPT, page, "the segment at 0x%llx has a gap",
				(unsigned long long)segment);
		if (!read_unsigned(py, page, FIELD_page_tag, &tag, err))
			return false;
		has_preheader = (int64_t)tag == python_field(py, FIELD_heap_of_headed_objects)->value;
		if (i == 0 ||
			(!has_preheader && (int64_t)tag != python_field(py, FIELD_heap_of_objects)->value))
			continue;
		/* Free slices have no block size. */
		if (addrmap_put(&w->pages, page, 0) && !walk_page(w, page, offset_of(w, has_preheader), err))
			return false;
		target_ease(w->py->target);
	}
	return true;
}

/* 3.13: the segments that threads left are in two lists, whose ends are counted in the low bits. */
static void walk_pool(struct walk *w, uint64_t interp, enum field_id list)
{
	struct addrmap seen = ADDRMAP_INIT;
	struct error err;
	uint64_t at;

	if (!read_pointer(w->py, interp, list, &at, &err)) {
		note(w, &err);
		return;
	}
	for (at &= ~(SEGMENT_SIZE - 1); at && addrmap_put(&seen, at, 0);) {
		if (!walk_segment(w, at, &err))
			note(w, &err);
		if (!read_pointer(w->py, at, FIELD_segment_abandoned_next, &at, &err)) {
			note(w, &err);
			break;
		}
	}
	addrmap_deinit(&seen);
}

/* From 3.14 on they are in bit maps of arenas; here they are told by what they are: a multiple of their size,
 * of this interpreter and of no thread. */
static void walk_unowned_segments(struct walk *w, uint64_t interp)
{
	size_t count;
	const struct region *regions = target_regions(w->py->target, &count);
	uint64_t subproc, owner, thread;
	struct error err;

	if (!read_pointer(w->py, interp, FIELD_interp_subproc, &subproc, &err)) {
		note(w, &err);
		return;
	}
	for (size_t i = 0; subproc && i < count; i++) {
		uint64_t at = (regions[i].start + SEGMENT_SIZE - 1) & ~(SEGMENT_SIZE - 1);

		for (; regions[i].bytes && !regions[i].is_file && at < regions[i].end; at += SEGMENT_SIZE)
			if (read_pointer(w->py, at, FIELD_segment_subproc, &owner, NULL) &&
				owner == subproc &&
				read_pointer(w->py, at, FIELD_segment_thread, &thread, NULL) && !thread &&
				!walk_segment(w, at, &err))
				note(w, &err);
	}
}

/* PYTHONMALLOC=debug, and what pydebug builds do without it: _PyMem_DebugEnabled. */
static bool has_debug_allocator(const struct python *py)
{
	uint64_t is_debug;

	return python_has(py, FIELD_runtime_debug_allocator) &&
	       read_unsigned(py, py->runtime, FIELD_runtime_debug_allocator, &is_debug, NULL) && is_debug;
}

static bool has_fields(const struct python *py, struct error *err)
{
	static const enum field_id needed[] = {FIELD_thread_heaps, FIELD_stride_thread_heap,
		FIELD_heap_of_objects, FIELD_heap_of_headed_objects, FIELD_heap_queues,
		FIELD_stride_heap_queue, FIELD_queue_first, FIELD_page_next, FIELD_page_capacity,
		FIELD_page_used, FIELD_page_block_size, FIELD_page_free, FIELD_page_local_free,
		FIELD_page_thread_free, FIELD_sizeof_page};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!python_has(py, needed[i]))
			return error_no_field(py, needed[i], err);
	return true;
}

bool mimalloc_walk(struct python *py, uint64_t interp, struct heap *heap)
{
	struct error err;
	struct walk *w;
	bool is_whole;

	if (!has_fields(py, &err)) {
		python_note_unreadable(py, &err);
		return false;
	}
	w = xcalloc(1, sizeof(*w));
	w->py = py;
	w->heap = heap;
	w->left = heap_positions(heap);
	w->debug_header = has_debug_allocator(py) ? DEBUG_HEADER : 0;
	w->is_whole = true;
	walk_threads(w, interp);
	if (python_has(py, FIELD_interp_abandoned) && python_has(py, FIELD_segment_slices)) {
		walk_pool(w, interp, FIELD_interp_abandoned);
		walk_pool(w, interp, FIELD_interp_abandoned_visited);
	} else if (python_has(py, FIELD_interp_subproc) && python_has(py, FIELD_segment_slices)) {
		walk_unowned_segments(w, interp);
	} else {
		error_no_field(py, FIELD_interp_abandoned, &err);
		note(w, &err);
	}
	is_whole = w->is_whole;
	addrmap_deinit(&w->pages);
	free(w);
	return is_whole;
}
