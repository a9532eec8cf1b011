/* Free-threaded builds: mimalloc's heaps in the two forms that it had, split counts, copies of bytecode. */
#include "inspector/python/mimalloc.h"
#include "inspector/python/refcount.h"
#include "tests/unit/fake_python.h"

#include <string.h>

Suite *suite_free_threaded(void);

#define MEMORY	  (1 << 20)
#define SEGMENT	  FAKE_BASE /* a multiple of 32 MiB */
#define SLICE	  65536
#define SLICES	  264
#define PAGE	  112
#define QUEUES	  3
#define HEAP	  128
#define HEAPS	  64 /* in a thread */
#define OBJECTS	  2  /* numbers of the heaps */
#define PRE	  3
#define ABANDONED 64 /* in an interpreter */
#define VISITED	  72
#define SUBPROC	  0x77770000

enum { COMPUTED, STORED, FORMS }; /* where a page starts: 3.13, 3.14 */

static struct fake *f;
static struct heap *heap;
static bool is_stored;

static void teardown(void)
{
	heap_destroy(heap);
	heap = NULL;
	fake_destroy(f);
	f = NULL;
}

static void place(enum field_id id, uint32_t offset, uint32_t size)
{
	f->py->layout.fields[id] = (struct field){.offset = offset, .size = size, .source = SOURCE_DWARF};
}

static void constant(enum field_id id, int64_t value)
{
	f->py->layout.fields[id] = (struct field){.value = value, .source = SOURCE_DWARF};
}

static void place_objects(void)
{
	place(FIELD_object_gc_bits, 11, 1);
	place(FIELD_object_ref_local, 12, 4);
	place(FIELD_object_ref_shared, 16, 8);
	place(FIELD_sizeof_object, 0, 32);
	f->py->layout.fields[FIELD_object_refcnt].offset = NO_OFFSET;
}

static void place_heaps(void)
{
	place(FIELD_thread_heaps, HEAPS, 4 * HEAP);
	place(FIELD_stride_thread_heap, 0, HEAP);
	place(FIELD_heap_queues, 8, QUEUES * 24);
	place(FIELD_stride_heap_queue, 0, 24);
	place(FIELD_queue_first, 0, 8);
	constant(FIELD_heap_of_objects, OBJECTS);
	constant(FIELD_heap_of_headed_objects, PRE);
	place(FIELD_segment_slices, SLICES, 513 * PAGE);
	place(FIELD_segment_slice_entries, 248, 8);
	place(FIELD_segment_thread, 256, 8);
	if (is_stored) {
		place(FIELD_segment_subproc, 176, 8);
		place(FIELD_interp_subproc, ABANDONED, 8);
	} else {
		place(FIELD_segment_abandoned_next, 176, 8);
		place(FIELD_interp_abandoned, ABANDONED, 8);
		place(FIELD_interp_abandoned_visited, VISITED, 8);
	}
}

static void place_pages(void)
{
	place(FIELD_page_slices, 0, 4);
	place(FIELD_page_tag, 8, 1);
	place(FIELD_page_capacity, 10, 2);
	place(FIELD_page_free, 16, 8);
	place(FIELD_page_local_free, 24, 8);
	place(FIELD_page_used, 32, 2);
	place(FIELD_page_block_size, 40, 8);
	place(FIELD_page_thread_free, 56, 8);
	place(FIELD_page_next, 72, 8);
	place(FIELD_sizeof_page, 0, PAGE);
	if (is_stored)
		place(FIELD_page_start, 48, 8);
}

static void start(int form)
{
	f = fake_create_large(FAKE_313, MEMORY);
	is_stored = form == STORED;
	fake_start(f);
	place_objects();
	place_heaps();
	place_pages();
	f->thread = fake_place(f, 1024);
	fake_set(f, f->interp, FIELD_interp_threads_head, f->thread);
}

static uint64_t page_of(int slice)
{
	return SEGMENT + SLICES + (uint64_t)slice * PAGE;
}

static uint64_t block_of(int slice, uint64_t i)
{
	uint64_t size = fake_get(f, page_of(slice), FIELD_page_block_size),
		 start = SEGMENT + (uint64_t)slice * SLICE;

	return start + i * size + (size <= 64 ? 3 * size : size <= 512 ? size : 0);
}

/* A page of the heap tag, with blocks that are in use. */
static void make_page(int slice, int tag, uint64_t size, uint64_t capacity)
{
	uint64_t page = page_of(slice);

	fake_set(f, page, FIELD_page_slices, 1);
	fake_set(f, page, FIELD_page_tag, (uint64_t)tag);
	fake_set(f, page, FIELD_page_capacity, capacity);
	fake_set(f, page, FIELD_page_used, capacity);
	fake_set(f, page, FIELD_page_block_size, size);
	if (is_stored)
		fake_set(f, page, FIELD_page_start, block_of(slice, 0));
}

static void put_in_queue(int tag, int queue, int slice)
{
	fake_word(f, f->thread + HEAPS + (uint64_t)tag * HEAP + 8 + (uint64_t)queue * 24, page_of(slice));
}

static uint64_t track(int slice, uint64_t i)
{
	uint64_t tag = fake_read(f, page_of(slice) + 8) & 255,
		 object = block_of(slice, i) + (tag == PRE ? 16 : 0);

	fake_set(f, object, FIELD_object_gc_bits, 1);
	return object;
}

static void walk(bool expected_complete)
{
	struct error err = ERROR_INIT;
	bool is_complete = !expected_complete;

	heap_destroy(heap);
	heap = heap_walk(f->py, &is_complete, &err);
	ck_assert_msg(heap != NULL, "%s", err.text);
	ck_assert_msg(is_complete == expected_complete, "%s", f->py->first_unreadable.text);
	ck_assert_int_eq(f->py->unreadable == 0, expected_complete);
}

START_TEST(heaps_have_what_is_tracked)
{
	uint64_t objects[6];

	start(_i);
	make_page(2, OBJECTS, 48, 20);
	make_page(3, OBJECTS, 48, 4);
	make_page(4, OBJECTS, 1024, 4);
	make_page(5, PRE, 80, 4);
	put_in_queue(OBJECTS, 0, 2);
	fake_set(f, page_of(2), FIELD_page_next, page_of(3));
	put_in_queue(OBJECTS, 2, 4);
	put_in_queue(PRE, 1, 5);
	objects[0] = track(2, 0);
	objects[1] = track(2, 19);
	objects[2] = track(3, 3);
	objects[3] = track(4, 1);
	objects[4] = track(5, 0);
	objects[5] = track(5, 3);
	track(2, 20); /* behind the last */
	walk(true);
	for (int i = 0; i < 6; i++)
		ck_assert(heap_contains(heap, objects[i]));
	heap_freeze(heap);
	ck_assert_uint_eq(heap_count(heap), 6);
}
END_TEST

START_TEST(heaps_leave_out_what_is_free)
{
	start(_i);
	make_page(2, OBJECTS, 64, 10);
	put_in_queue(OBJECTS, 0, 2);
	for (uint64_t i = 0; i < 10; i++)
		track(2, i);
	fake_word(f, block_of(2, 1), block_of(2, 4));
	fake_set(f, page_of(2), FIELD_page_free, block_of(2, 1));
	fake_set(f, page_of(2), FIELD_page_local_free, block_of(2, 6));
	fake_set(f, page_of(2), FIELD_page_thread_free, block_of(2, 8) | 2);
	walk(true);
	heap_freeze(heap);
	ck_assert_uint_eq(heap_count(heap), 6);
	ck_assert(!heap_contains(heap, block_of(2, 4)));
	ck_assert(!heap_contains(heap, block_of(2, 8)));
	ck_assert(heap_contains(heap, block_of(2, 9)));
}
END_TEST

/* include/mimalloc/internal.h, mi_ptr_encode */
static uint64_t encode(uint64_t page, uint64_t block, const uint64_t *keys)
{
	uint64_t word = (block ? block : page) ^ keys[1];
	unsigned turn = keys[0] % 64;

	return (turn ? word << turn | word >> (64 - turn) : word) + keys[0];
}

START_TEST(chains_of_debug_builds_are_decoded)
{
	static const uint64_t keys[] = {0x1234567812345685, 0xfedcba9876543210};

	start(_i);
	place(FIELD_page_keys, 80, 16);
	make_page(2, OBJECTS, 64, 3);
	put_in_queue(OBJECTS, 0, 2);
	for (uint64_t i = 0; i < 3; i++)
		track(2, i);
	fake_write(f, page_of(2) + 80, keys, sizeof(keys));
	fake_set(f, page_of(2), FIELD_page_free, block_of(2, 0));
	fake_word(f, block_of(2, 0), encode(page_of(2), block_of(2, 2), keys));
	fake_word(f, block_of(2, 2), encode(page_of(2), 0, keys));
	walk(true);
	heap_freeze(heap);
	ck_assert_uint_eq(heap_count(heap), 1);
	ck_assert(heap_contains(heap, block_of(2, 1)));
}
END_TEST

START_TEST(debug_allocator_has_two_words_before)
{
	uint64_t object;

	start(_i);
	place(FIELD_runtime_debug_allocator, 700, 4);
	make_page(2, PRE, 112, 1);
	put_in_queue(PRE, 0, 2);
	object = track(2, 0) + 16;
	fake_set(f, f->py->runtime, FIELD_runtime_debug_allocator, 1);
	fake_set(f, object, FIELD_object_gc_bits, 1);
	fake_set(f, object - 16, FIELD_object_gc_bits, 0);
	walk(true);
	ck_assert(heap_contains(heap, object) && !heap_contains(heap, object - 16));
}
END_TEST

static void leave_segment(void)
{
	fake_set(f, SEGMENT, FIELD_segment_slice_entries, 6);
	fake_set(f, page_of(0), FIELD_page_slices, 2);
	for (int i = 2; i < 6; i++)
		fake_set(f, page_of(i), FIELD_page_slices, 1);
	if (is_stored) {
		fake_set(f, f->interp, FIELD_interp_subproc, SUBPROC);
		fake_set(f, SEGMENT, FIELD_segment_subproc, SUBPROC);
	} else {
		fake_set(f, f->interp, FIELD_interp_abandoned, SEGMENT | 12345);
	}
}

START_TEST(segments_of_dead_threads_are_walked)
{
	uint64_t a, b, c;

	start(_i);
	make_page(3, OBJECTS, 64, 10);
	make_page(4, 1, 64, 10); /* of no objects of the collector */
	make_page(5, PRE, 64, 10);
	a = track(3, 5);
	b = track(4, 5);
	c = track(5, 5);
	walk(true);
	ck_assert(!heap_contains(heap, a));
	leave_segment();
	walk(true);
	ck_assert(heap_contains(heap, a) && !heap_contains(heap, b) && heap_contains(heap, c));
	if (is_stored) {
		fake_set(f, SEGMENT, FIELD_segment_thread, 4711); /* it is somebody's */
		walk(true);
		ck_assert(!heap_contains(heap, a));
	}
}
END_TEST

START_TEST(segment_with_a_gap_or_too_large_is_left)
{
	uint64_t object;

	start(_i);
	make_page(3, OBJECTS, 64, 10);
	object = track(3, 5);
	leave_segment();
	fake_set(f, page_of(4), FIELD_page_slices, 0);
	walk(false);
	ck_assert(heap_contains(heap, object));
	fake_assert_error(f->py->first_unreadable, ERROR_CORRUPT, page_of(4));
	fake_set(f, SEGMENT, FIELD_segment_slice_entries, 1 << 20);
	walk(false);
	ck_assert(!heap_contains(heap, object));
}
END_TEST

START_TEST(segments_in_a_circle_end)
{
	start(COMPUTED);
	leave_segment();
	fake_set(f, SEGMENT, FIELD_segment_abandoned_next, SEGMENT);
	walk(true);
}
END_TEST

START_TEST(chain_in_a_circle_ends)
{
	uint64_t object;

	start(_i);
	make_page(2, OBJECTS, 64, 10);
	put_in_queue(OBJECTS, 0, 2);
	object = track(2, 0);
	fake_set(f, page_of(2), FIELD_page_free, block_of(2, 3));
	fake_word(f, block_of(2, 3), block_of(2, 4));
	fake_word(f, block_of(2, 4), block_of(2, 3));
	walk(false);
	fake_assert_error(f->py->first_unreadable, ERROR_CORRUPT, block_of(2, 3));
	ck_assert(heap_contains(heap, object));
}
END_TEST

START_TEST(chain_out_of_its_page_ends)
{
	const uint64_t wrong[] = {1 << 3, FAKE_NOWHERE & ~UINT64_C(7), SEGMENT + 2 * SLICE + 64 * 3 + 8,
		SEGMENT + 2 * SLICE + 64 * 13, UINT64_MAX & ~UINT64_C(3)};

	start(_i);
	make_page(2, OBJECTS, 64, 10);
	put_in_queue(OBJECTS, 0, 2);
	track(2, 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		fake_forget(f);
		fake_set(f, page_of(2), FIELD_page_free, wrong[i]);
		walk(false);
		fake_assert_error(f->py->first_unreadable, ERROR_CORRUPT, wrong[i]);
		ck_assert(heap_contains(heap, block_of(2, 0)));
	}
}
END_TEST

START_TEST(pages_in_a_circle_end)
{
	start(_i);
	make_page(2, OBJECTS, 64, 10);
	make_page(3, OBJECTS, 64, 10);
	put_in_queue(OBJECTS, 0, 2);
	fake_set(f, page_of(2), FIELD_page_next, page_of(3));
	fake_set(f, page_of(3), FIELD_page_next, page_of(2));
	track(3, 1);
	walk(false);
	fake_assert_error(f->py->first_unreadable, ERROR_CORRUPT, page_of(2));
	ck_assert(heap_contains(heap, block_of(3, 1)));
}
END_TEST

START_TEST(page_that_is_not_there_ends_its_queue_only)
{
	start(_i);
	make_page(3, OBJECTS, 64, 10);
	put_in_queue(OBJECTS, 1, 3);
	track(3, 1);
	fake_word(f, f->thread + HEAPS + OBJECTS * HEAP + 8, FAKE_LOST);
	walk(false);
	fake_assert_error(f->py->first_unreadable, ERROR_NOT_SAVED, FAKE_LOST);
	ck_assert(heap_contains(heap, block_of(3, 1)));
}
END_TEST

START_TEST(page_with_impossible_blocks_is_left)
{
	static const uint64_t sizes[] = {0, 7, UINT64_MAX, UINT64_MAX / 65536};

	start(_i);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		fake_forget(f);
		make_page(2, OBJECTS, 64, 10);
		put_in_queue(OBJECTS, 0, 2);
		fake_set(f, page_of(2), FIELD_page_block_size, sizes[i]);
		walk(false);
		fake_assert_error(f->py->first_unreadable, ERROR_CORRUPT, page_of(2));
	}
}
END_TEST

START_TEST(page_outside_of_a_segment_has_no_start)
{
	uint64_t page;

	start(COMPUTED);
	page = fake_place(f, 256) + 8;
	fake_set(f, page, FIELD_page_capacity, 4);
	fake_set(f, page, FIELD_page_used, 4);
	fake_set(f, page, FIELD_page_block_size, 64);
	fake_word(f, f->thread + HEAPS + OBJECTS * HEAP + 8, page);
	walk(false);
	fake_assert_error(f->py->first_unreadable, ERROR_CORRUPT, page);
}
END_TEST

/* Many pages that claim the same memory are not walked for as long as they ask. */
START_TEST(pages_that_overlap_end)
{
	start(STORED);
	for (int slice = 2; slice < 10; slice++) {
		make_page(slice, OBJECTS, 8, 65535);
		fake_set(f, page_of(slice), FIELD_page_start, SEGMENT);
		fake_set(f, page_of(slice), FIELD_page_next, page_of(slice + 1));
	}
	put_in_queue(OBJECTS, 0, 2);
	walk(false);
	fake_assert_error(f->py->first_unreadable, ERROR_CORRUPT, page_of(4));
}
END_TEST

START_TEST(blocks_that_are_not_saved_are_noted)
{
	start(STORED);
	make_page(2, OBJECTS, 64, 10);
	put_in_queue(OBJECTS, 0, 2);
	fake_set(f, page_of(2), FIELD_page_start, FAKE_LOST - 128);
	fake_set(f, FAKE_LOST - 128, FIELD_object_gc_bits, 1);
	walk(false);
	ck_assert_str_eq(error_kind_name(f->py->first_unreadable.kind), error_kind_name(ERROR_NOT_SAVED));
	ck_assert(heap_contains(heap, FAKE_LOST - 128));
}
END_TEST

START_TEST(heaps_without_their_layout_are_incomplete)
{
	start(_i);
	f->py->layout.fields[FIELD_page_capacity].offset = NO_OFFSET;
	walk(false);
	ck_assert_str_eq(error_kind_name(f->py->first_unreadable.kind), error_kind_name(ERROR_NO_FIELD));
}
END_TEST

START_TEST(counts_are_the_sum_of_two)
{
	static const struct {
		uint32_t local;
		int64_t shared, expected;
	} counts[] = {
		{1, 0, 1},
		{3, 5 << 2 | 3, 8},
		{3, -2 * 4, 1},
		{0, 4 << 2 | 2, 4},
		{UINT32_MAX, 0, REFCOUNT_IMMORTAL},
		{1, (INT64_MAX / 8 + 6) * 4, 7}, /* deferred */
		{0, (INT64_MAX / 8) * 4, 0},
	};

	start(COMPUTED);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		uint64_t object = fake_place(f, 64);
		int64_t count;

		fake_set(f, object, FIELD_object_ref_local, counts[i].local);
		fake_set(f, object, FIELD_object_ref_shared, (uint64_t)counts[i].shared);
		ck_assert(pyobject_refcount(f->py, object, &count, NULL));
		ck_assert_int_eq(count, counts[i].expected);
	}
	ck_assert(!pyobject_refcount(f->py, FAKE_NOWHERE, &(int64_t){0}, NULL));
}
END_TEST

/* Each thread may execute a copy of the bytecode; here the index is where the version has another number. */
START_TEST(frames_of_copies_have_the_lines_of_the_code)
{
	struct error err = ERROR_INIT;
	uint64_t code, copies, copy, at;
	struct pyframe own, frame;

	f = fake_create(FAKE_313);
	place(FIELD_code_copies, 152, 8);
	place(FIELD_frame_copy, 68, 2);
	place(FIELD_copies_size, 0, 8);
	place(FIELD_copies_entries, 8, 8);
	code = fake_code(f, &(struct fake_code){.name = "work", .firstlineno = 7});
	at = fake_frame(f, &(struct fake_frame){.code = code, .lasti = 6});
	ck_assert_msg(pyframe_read(f->py, at, &own, &err), "%s", err.text);
	copies = fake_place(f, 32);
	copy = fake_place(f, 64);
	fake_word(f, copies, 2);
	fake_word(f, copies + 16, copy);
	fake_set(f, code, FIELD_code_copies, copies);
	fake_set(f, at, FIELD_frame_copy, 1);
	fake_set(f, at, FIELD_frame_instruction, copy + (uint64_t)own.lasti);
	ck_assert_msg(pyframe_read(f->py, at, &frame, &err), "%s", err.text);
	ck_assert_int_eq(frame.lasti, own.lasti);
	ck_assert_uint_eq(pyframe_line(&frame), pyframe_line(&own));
	fake_set(f, at, FIELD_frame_copy, 2);
	ck_assert(!pyframe_read(f->py, at, &frame, &err));
	fake_assert_error(err, ERROR_CORRUPT, at);
	fake_set(f, at, FIELD_frame_copy, 0xffff);
	ck_assert(!pyframe_read(f->py, at, &frame, &err));
	fake_assert_error(err, ERROR_CORRUPT, at);
}
END_TEST

Suite *suite_free_threaded(void)
{
	Suite *suite = suite_create("free_threaded");
	TCase *tc = tcase_create("free_threaded");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, heaps_have_what_is_tracked, 0, FORMS);
	tcase_add_loop_test(tc, heaps_leave_out_what_is_free, 0, FORMS);
	tcase_add_loop_test(tc, chains_of_debug_builds_are_decoded, 0, FORMS);
	tcase_add_loop_test(tc, debug_allocator_has_two_words_before, 0, FORMS);
	tcase_add_loop_test(tc, segments_of_dead_threads_are_walked, 0, FORMS);
	tcase_add_loop_test(tc, segment_with_a_gap_or_too_large_is_left, 0, FORMS);
	tcase_add_test(tc, segments_in_a_circle_end);
	tcase_add_loop_test(tc, chain_in_a_circle_ends, 0, FORMS);
	tcase_add_loop_test(tc, chain_out_of_its_page_ends, 0, FORMS);
	tcase_add_loop_test(tc, pages_in_a_circle_end, 0, FORMS);
	tcase_add_loop_test(tc, page_that_is_not_there_ends_its_queue_only, 0, FORMS);
	tcase_add_loop_test(tc, page_with_impossible_blocks_is_left, 0, FORMS);
	tcase_add_test(tc, page_outside_of_a_segment_has_no_start);
	tcase_add_test(tc, pages_that_overlap_end);
	tcase_add_test(tc, blocks_that_are_not_saved_are_noted);
	tcase_add_loop_test(tc, heaps_without_their_layout_are_incomplete, 0, FORMS);
	tcase_add_test(tc, counts_are_the_sum_of_two);
	tcase_add_test(tc, frames_of_copies_have_the_lines_of_the_code);
	suite_add_tcase(suite, tc);
	return suite;
}
