/* The collector's lists, the set of objects, interpreters and threads. */
#include "inspector/python/heap.h"
#include "inspector/python/interp.h"
#include "tests/unit/fake_python.h"

#include <string.h>

Suite *suite_py_heap(void);

static struct fake *f;
static struct heap *heap;

static void teardown(void)
{
	heap_destroy(heap);
	heap = NULL;
	fake_destroy(f);
	f = NULL;
}

static void walk(bool expected_complete)
{
	struct error err = ERROR_INIT;
	bool is_complete = !expected_complete;

	heap_destroy(heap);
	heap = heap_walk(f->py, &is_complete, &err);
	ck_assert_msg(heap != NULL, "%s", err.text);
	ck_assert_int_eq(is_complete, expected_complete);
}

static uint64_t tracked(int generation)
{
	return fake_track(f, generation, fake_list_of(f, NULL, 0));
}

START_TEST(heap_has_what_every_list_has)
{
	uint64_t objects[8];
	uint64_t untracked;

	f = fake_create(_i);
	fake_start(f);
	for (int i = 0; i < 8; i++)
		objects[i] = tracked(i % 4);
	untracked = fake_list_of(f, NULL, 0);
	walk(true);
	for (int i = 0; i < 8; i++)
		ck_assert(heap_contains(heap, objects[i]));
	ck_assert(!heap_contains(heap, untracked));
	ck_assert(!heap_contains(heap, objects[0] + 8));
	ck_assert(!heap_contains(heap, objects[0] + 1));
	ck_assert(!heap_contains(heap, 0));
	ck_assert_uint_eq(heap_count(heap), 8);
	ck_assert_uint_eq(f->py->unreadable, 0);
}
END_TEST

START_TEST(heap_without_objects_is_complete)
{
	uint32_t cursor = 0;
	uint64_t address;

	f = fake_create(_i);
	fake_start(f);
	walk(true);
	ck_assert(!heap_next(heap, &cursor, &address));
	heap_freeze(heap);
	ck_assert_uint_eq(heap_count(heap), 0);
}
END_TEST

START_TEST(heap_numbers_objects_by_address_there_and_back)
{
	uint64_t objects[500], address, last = 0;
	uint32_t cursor = 0, index, seen = 0;

	f = fake_create(_i);
	fake_start(f);
	for (int i = 0; i < 500; i++) {
		fake_place(f, (size_t)(i * 37 % 101)); /* at uneven distances */
		objects[i] = tracked(0);
	}
	walk(true);
	heap_freeze(heap);
	ck_assert_uint_eq(heap_count(heap), 500);
	for (uint32_t i = 0; i < 500; i++) {
		uint32_t position = heap_position(heap, objects[i]);

		ck_assert(heap_index(heap, objects[i], &index) && index == i);
		ck_assert_uint_eq(heap_address(heap, i), objects[i]);
		ck_assert_uint_eq(heap_position_address(heap, position), objects[i]);
		ck_assert_uint_eq(heap_index_of_position(heap, position), i);
	}
	for (; heap_next(heap, &cursor, &address); seen++) {
		ck_assert_uint_gt(address, last);
		last = address;
	}
	ck_assert_uint_eq(seen, 500);
	ck_assert(!heap_index(heap, objects[0] + 8, &index));
}
END_TEST

START_TEST(heap_position_is_none_where_no_object_can_be)
{
	f = fake_create(_i);
	fake_start(f);
	walk(true);
	ck_assert_uint_eq(heap_position(heap, 0), NO_POSITION);
	ck_assert_uint_eq(heap_position(heap, FAKE_NOWHERE), NO_POSITION);
	ck_assert_uint_eq(heap_position(heap, FAKE_LOST), NO_POSITION);
	ck_assert_uint_eq(heap_position(heap, FAKE_UNMAPPED), NO_POSITION);
	ck_assert_uint_eq(heap_position(heap, FAKE_BASE + 4), NO_POSITION);
	ck_assert_uint_ne(heap_position(heap, FAKE_BASE + 8), NO_POSITION);
	ck_assert_uint_ne(heap_position(heap, FAKE_UNMAPPED - 8), NO_POSITION);
	ck_assert(heap_add(heap, FAKE_BASE + 8));
	ck_assert(!heap_add(heap, FAKE_BASE + 8));
	ck_assert(!heap_add(heap, FAKE_LOST));
}
END_TEST

/* Memory whose ends are no multiples of 8: an object that would start at the last bytes is one. */
START_TEST(heap_of_misaligned_regions_has_a_place_for_each_address)
{
	static uint8_t bytes[4096];
	struct error err = ERROR_INIT;
	bool is_complete;

	f = fake_create(_i);
	fake_start(f);
	for (uint64_t first = 0; first < 8; first++) {
		for (uint64_t second = 0; second < 8; second++) {
			const struct region regions[] = {
				{.start = FAKE_BASE, .end = FAKE_BASE + f->size, .bytes = f->memory},
				{.start = 0x1000 + first, .end = 0x1200 + second, .bytes = bytes},
				{.start = 0x1200 + second, .end = 0x1600 + first, .bytes = bytes + 1024},
				{.start = FAKE_LOST + first, .end = FAKE_LOST + 512 + second, .bytes = bytes},
			};
			struct target *own = f->py->target;
			struct heap *h;
			uint32_t count = 0;

			f->py->target = target_open_memory(regions, 4);
			h = heap_walk(f->py, &is_complete, &err);
			ck_assert_ptr_nonnull(h);
			for (uint64_t at = 0x1000; at < 0x1700; at += 8)
				count += heap_add(h, at);
			for (uint64_t at = FAKE_LOST; at < FAKE_LOST + 600; at += 8)
				count += heap_add(h, at);
			for (uint64_t at = 0x1600; at >= 0x1000; at -= 8)
				ck_assert(!heap_add(h, at));
			heap_freeze(h);
			ck_assert_uint_eq(heap_count(h), count);
			heap_destroy(h);
			target_close(f->py->target);
			f->py->target = own;
		}
	}
}
END_TEST

START_TEST(heap_ignores_the_memory_of_files)
{
	static uint8_t bytes[4096];
	const struct region regions[] = {
		{.start = FAKE_BASE, .end = FAKE_BASE + 4096, .bytes = bytes, .is_file = true},
		{.start = 0x10000, .end = 0x11000, .bytes = bytes},
	};
	struct target *own;
	bool is_complete;

	f = fake_create(_i);
	own = f->py->target;
	f->py->runtime = 0x10000;
	f->py->target = target_open_memory(regions, 2);
	heap = heap_walk(f->py, &is_complete, NULL);
	ck_assert_ptr_nonnull(heap);
	ck_assert_uint_eq(heap_position(heap, FAKE_BASE), NO_POSITION);
	ck_assert_uint_ne(heap_position(heap, 0x10000), NO_POSITION);
	target_close(f->py->target);
	f->py->target = own;
}
END_TEST

START_TEST(heap_needs_an_interpreter)
{
	struct error err = ERROR_INIT;
	bool is_complete;

	f = fake_create(_i);
	f->py->runtime = FAKE_LOST;
	ck_assert_ptr_null(heap_walk(f->py, &is_complete, &err));
	ck_assert_int_eq(err.kind, ERROR_NOT_SAVED);
}
END_TEST

static void assert_noted(enum error_kind kind, uint64_t address)
{
	ck_assert_uint_ge(f->py->unreadable, 1);
	fake_assert_error(f->py->first_unreadable, kind, address);
}

START_TEST(heap_list_with_a_broken_link_back_ends_there)
{
	uint64_t a, b, c, other;

	f = fake_create(_i);
	fake_start(f);
	a = tracked(1);
	b = tracked(1);
	c = tracked(1);
	other = tracked(2);
	fake_word(f, b - 8, c - 16); /* its previous is not a */
	walk(false);
	ck_assert(heap_contains(heap, a) && !heap_contains(heap, b) && !heap_contains(heap, c));
	ck_assert(heap_contains(heap, other)); /* the next list is read all the same */
	assert_noted(ERROR_CORRUPT, b - 16);
}
END_TEST

/* Modules/gcmodule.c writes two links to take an object out, four to put one in, and may be stopped between.
 */
START_TEST(heap_list_that_is_being_changed_is_whole)
{
	uint64_t a, b, c, young;

	f = fake_create(_i);
	fake_start(f);
	a = tracked(1);
	b = tracked(1);
	c = tracked(1);
	fake_word(f, a - 16, c - 16); /* b goes: what is before it leads past it */
	walk(true);
	ck_assert(heap_contains(heap, a) && !heap_contains(heap, b) && heap_contains(heap, c));
	fake_word(f, a - 16, b - 16); /* or what is behind it does */
	fake_word(f, c - 8, a - 16);
	walk(true);
	ck_assert(heap_contains(heap, a) && heap_contains(heap, c));

	a = tracked(0);
	young = fake_list_of(f, NULL, 0); /* comes: only what is before it knows */
	fake_word(f, young - 8, 0);
	fake_word(f, young - 16, 0);
	fake_word(f, a - 16, young - 16);
	walk(true);
	ck_assert(heap_contains(heap, a) && !heap_contains(heap, young));
	ck_assert_uint_eq(f->py->unreadable, 0);
}
END_TEST

START_TEST(heap_link_flags_are_no_part_of_the_address)
{
	uint64_t a, b;

	f = fake_create(_i);
	fake_start(f);
	a = tracked(0);
	b = tracked(0);
	fake_word(f, a - 16, (b - 16) | 1);
	fake_word(f, b - 8, (a - 16) | 3);
	walk(true);
	ck_assert(heap_contains(heap, a) && heap_contains(heap, b));
}
END_TEST

START_TEST(heap_ring_that_never_returns_ends)
{
	uint64_t a, b;

	f = fake_create(_i);
	fake_start(f);
	a = tracked(0);
	b = tracked(0);
	fake_word(f, b - 16, a - 16); /* back to a, which agrees */
	fake_word(f, a - 8, b - 16);
	fake_word(f, fake_list_head(f, 0), a - 16);
	walk(false);
	fake_word(f, a - 16, a - 16); /* to itself */
	fake_word(f, a - 8, fake_list_head(f, 0));
	walk(false);
	ck_assert(heap_contains(heap, a));
}
END_TEST

START_TEST(heap_lists_that_meet_end)
{
	uint64_t a, b, c;

	f = fake_create(_i);
	fake_start(f);
	a = tracked(0);
	b = tracked(1);
	c = tracked(1);
	/* The first list goes on in the second, whose object says that it comes from there. */
	fake_word(f, a - 16, b - 16);
	fake_word(f, b - 8, a - 16);
	walk(false);
	ck_assert(heap_contains(heap, a) && heap_contains(heap, b) && heap_contains(heap, c));
}
END_TEST

START_TEST(heap_list_into_nothing_ends)
{
	static const uint64_t wrong[] = {0, FAKE_NOWHERE, FAKE_LOST, FAKE_LOST - 16, FAKE_UNMAPPED - 24};
	uint64_t a, head;

	f = fake_create(_i);
	fake_start(f);
	a = tracked(0);
	head = fake_list_head(f, 3);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		fake_forget(f);
		fake_word(f, a - 16, wrong[i]);
		walk(false);
		ck_assert(heap_contains(heap, a));
		fake_word(f, head, wrong[i]);
		walk(false);
		fake_word(f, head, head);
	}
}
END_TEST

START_TEST(heap_of_a_collector_that_is_not_saved_is_incomplete)
{
	f = fake_create(_i);
	fake_start(f);
	tracked(0);
	fake_set(f, f->py->runtime, FIELD_runtime_interpreters_head, FAKE_LOST);
	walk(false);
	ck_assert_uint_eq(heap_count(heap), 0);
	ck_assert_int_eq(f->py->first_unreadable.kind, ERROR_NOT_SAVED);
}
END_TEST

START_TEST(heap_lists_of_a_running_collection_are_followed_forward)
{
	uint64_t a, b, gc;

	f = fake_create(_i);
	fake_start(f);
	gc = f->interp + python_field(f->py, FIELD_interp_gc)->offset;
	fake_set(f, gc, FIELD_gc_collecting, 1);
	a = tracked(0);
	b = tracked(0);
	fake_word(f, b - 8, 5 << 2); /* a count in the place of the link */
	ck_assert(!python_settled(f->target, f->py));
	walk(false);
	ck_assert(heap_contains(heap, a) && heap_contains(heap, b));
	fake_word(f, b - 16, a - 16); /* and round in circles */
	walk(false);
	fake_word(f, b - 16, FAKE_LOST);
	walk(false);
	fake_set(f, gc, FIELD_gc_collecting, 0);
	ck_assert(python_settled(f->target, f->py));
}
END_TEST

START_TEST(heap_interpreters_in_a_circle_end)
{
	uint64_t a;

	f = fake_create(_i);
	fake_start(f);
	a = tracked(0);
	fake_set(f, f->interp, FIELD_interp_next, f->interp);
	ck_assert(python_settled(f->target, f->py));
	heap = NULL;
	walk(false);
	ck_assert(heap_contains(heap, a));
}
END_TEST

/* Threads ---------------------------------------------------------------------------------------------- */

static void read_threads(struct pythreads *all)
{
	struct error err = ERROR_INIT;

	ck_assert_msg(pythreads_read(f->py, all, &err), "%s", err.text);
}

static uint64_t function_frame(const char *name, uint64_t previous)
{
	uint64_t code = fake_code(f, &(struct fake_code){.name = name, .firsttraceable = 1});

	return fake_frame(
		f, &(struct fake_frame){.code = code, .lasti = 4, .previous = previous, .stacktop = -1});
}

START_TEST(thread_stack_is_innermost_first_without_the_interpreters_own)
{
	uint64_t outer, between, inner, unstarted;
	struct pythreads all;

	f = fake_create(_i);
	fake_start(f);
	outer = function_frame("outer", 0);
	between = fake_frame(f, &(struct fake_frame){.owner = 3, .previous = outer});
	inner = function_frame("inner", _i == FAKE_311 ? outer : between);
	unstarted = fake_frame(f, &(struct fake_frame){.code = fake_code(f, &(struct fake_code){.name = "no",
										    .firsttraceable = 3}),
					  .previous = inner});
	fake_set_top_frame(f, unstarted);
	read_threads(&all);
	ck_assert_uint_eq(all.interp_count, 1);
	ck_assert_uint_eq(all.count, 1);
	ck_assert_uint_eq(all.threads[0].native_id, 4242);
	ck_assert_uint_eq(all.threads[0].frame_count, 2);
	ck_assert_str_eq(all.threads[0].frames[0].code->name, "inner");
	ck_assert_str_eq(all.threads[0].frames[1].code->name, "outer");
	ck_assert(!all.threads[0].is_cut);
}
END_TEST

START_TEST(thread_without_frames_has_none)
{
	struct pythreads all;

	f = fake_create(_i);
	fake_start(f);
	read_threads(&all);
	ck_assert_uint_eq(all.threads[0].frame_count, 0);
	ck_assert(!all.threads[0].is_cut);
	ck_assert_ptr_null(all.threads[0].name);
}
END_TEST

START_TEST(thread_stack_that_cannot_be_followed_is_cut)
{
	static const uint64_t wrong[] = {8, FAKE_LOST, FAKE_NOWHERE, FAKE_UNMAPPED - 8};
	struct pythreads all;

	f = fake_create(_i);
	fake_start(f);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		fake_forget(f);
		fake_set_top_frame(f, function_frame("inner", wrong[i]));
		read_threads(&all);
		ck_assert_uint_eq(all.threads[0].frame_count, 1);
		ck_assert(all.threads[0].is_cut);
		ck_assert_uint_eq(f->py->unreadable, 1);
	}
}
END_TEST

START_TEST(thread_stack_that_is_a_circle_is_cut_soon)
{
	struct pythreads all;
	uint64_t a, b;

	f = fake_create(_i);
	fake_start(f);
	a = function_frame("a", 0);
	b = function_frame("b", a);
	fake_set(f, a, FIELD_frame_previous, b);
	fake_set_top_frame(f, b);
	read_threads(&all);
	ck_assert(all.threads[0].is_cut);
	ck_assert_uint_le(all.threads[0].frame_count, 1000);
}
END_TEST

START_TEST(threads_in_a_circle_end)
{
	struct pythreads all;

	f = fake_create(_i);
	fake_start(f);
	fake_set_top_frame(f, function_frame("a", 0));
	fake_set(f, f->thread, FIELD_thread_next, f->thread);
	read_threads(&all);
	ck_assert_uint_eq(all.count, 1);
	fake_set(f, f->thread, FIELD_thread_next, FAKE_LOST);
	read_threads(&all);
	ck_assert_uint_eq(all.count, 1);
}
END_TEST

START_TEST(interpreters_in_a_circle_end)
{
	struct pythreads all;

	f = fake_create(_i);
	fake_start(f);
	fake_set(f, f->interp, FIELD_interp_next, f->interp);
	read_threads(&all);
	ck_assert_uint_eq(all.interp_count, 1);
	ck_assert_uint_eq(all.count, 1);
}
END_TEST

START_TEST(interpreters_that_are_not_there_are_an_error)
{
	struct error err = ERROR_INIT;
	struct pythreads all;

	f = fake_create(_i);
	fake_start(f);
	fake_set(f, f->py->runtime, FIELD_runtime_interpreters_head, FAKE_LOST);
	ck_assert(!pythreads_read(f->py, &all, &err));
	ck_assert_int_eq(err.kind, ERROR_NOT_SAVED);
	fake_set(f, f->py->runtime, FIELD_runtime_interpreters_head, 0);
	ck_assert(!pythreads_read(f->py, &all, &err));
	ck_assert_int_eq(err.kind, ERROR_NOT_FOUND);
}
END_TEST

START_TEST(thread_has_the_name_that_threading_gave_it)
{
	struct fake_world world;
	struct pythreads all;
	uint64_t module;

	f = fake_create(_i);
	fake_world(f, &world);
	read_threads(&all);
	ck_assert_str_eq(all.threads[0].name, "MainThread");
	ck_assert_uint_eq(all.threads[0].frame_count, 4); /* select, _run_once, main, <module> */
	ck_assert_str_eq(all.threads[0].frames[0].code->name, "select");
	ck_assert_uint_eq(pygen_of_frame(f->py, &all.threads[0].frames[2]), world.running);
	ck_assert(pyinterp_module(f->py, &all.interps[0], "app", &module) && module == world.app_module);
	ck_assert(!pyinterp_module(f->py, &all.interps[0], "none", &module));
}
END_TEST

Suite *suite_py_heap(void)
{
	Suite *suite = suite_create("py_heap");
	TCase *tc = tcase_create("py_heap");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, heap_has_what_every_list_has, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_without_objects_is_complete, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_numbers_objects_by_address_there_and_back, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_position_is_none_where_no_object_can_be, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_of_misaligned_regions_has_a_place_for_each_address, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_ignores_the_memory_of_files, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_needs_an_interpreter, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_list_with_a_broken_link_back_ends_there, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_list_that_is_being_changed_is_whole, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_link_flags_are_no_part_of_the_address, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_ring_that_never_returns_ends, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_lists_that_meet_end, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_list_into_nothing_ends, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_of_a_collector_that_is_not_saved_is_incomplete, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_lists_of_a_running_collection_are_followed_forward, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_interpreters_in_a_circle_end, 0, FAKE_VERSIONS);
	tcase_add_loop_test(
		tc, thread_stack_is_innermost_first_without_the_interpreters_own, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, thread_without_frames_has_none, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, thread_stack_that_cannot_be_followed_is_cut, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, thread_stack_that_is_a_circle_is_cut_soon, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, threads_in_a_circle_end, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, interpreters_in_a_circle_end, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, interpreters_that_are_not_there_are_an_error, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, thread_has_the_name_that_threading_gave_it, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
