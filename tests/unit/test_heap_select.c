/* Objects of certain types, all of them and in order. */
#include "inspector/python/heap_select.h"
#include "inspector/python/memory.h"
#include "tests/unit/held_fake.h"

#include <stdlib.h>

Suite *suite_heap_select(void);

static struct fake *f;
static struct held_fake held;
static struct heap *heap;
static uint64_t *selected;
static size_t count;

static void teardown(void)
{
	free(selected);
	selected = NULL;
	heap_destroy(heap);
	heap = NULL;
	held_fake_close(&held);
	fake_destroy(f);
	f = NULL;
}

static bool is_the_type(void *context, uint64_t type)
{
	return type == *(const uint64_t *)context;
}

static void select_type(struct python *py, uint64_t type)
{
	struct error err = ERROR_INIT;
	bool is_complete;

	free(selected);
	heap_destroy(heap);
	heap = heap_walk(py, &is_complete, &err);
	ck_assert_msg(heap != NULL, "%s", err.text);
	ck_assert(is_complete);
	selected = heap_select(py, heap, is_the_type, &type, &count);
}

/* One object after the other, as it was done before there were threads. */
static void expect_all_of(uint64_t type)
{
	uint64_t object;
	uint32_t cursor = 0;
	size_t found = 0;

	while (heap_next(heap, &cursor, &object)) {
		if (fake_get(f, object, FIELD_object_type) != type)
			continue;
		ck_assert_uint_lt(found, count);
		ck_assert_uint_eq(selected[found++], object);
	}
	ck_assert_uint_eq(found, count);
}

static void make_objects(int version, size_t lists)
{
	f = fake_create_large(version, lists * 128 + ((size_t)1 << 20));
	fake_start(f);
	for (size_t i = 0; i < lists; i++)
		fake_track(f, (int)(i % 4), i % 7 ? fake_list_of(f, NULL, 0) : fake_tuple_of(f, NULL, 0));
}

START_TEST(heap_select_of_few_objects)
{
	make_objects(_i, 100);
	select_type(f->py, fake_type(f, "tuple"));
	expect_all_of(fake_type(f, "tuple"));
	ck_assert_uint_eq(count, 15);
	select_type(f->py, fake_type(f, "dict"));
	ck_assert_uint_eq(count, 0);
	select_type(f->py, FAKE_NOWHERE);
	ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(heap_select_by_several_threads)
{
	make_objects(_i, 50000);
	select_type(f->py, fake_type(f, "list"));
	expect_all_of(fake_type(f, "list"));
	select_type(f->py, fake_type(f, "tuple"));
	expect_all_of(fake_type(f, "tuple"));
	ck_assert_uint_gt(count, 7000);
}
END_TEST

START_TEST(heap_select_of_a_process_piece_by_piece)
{
	make_objects(_i, 50000);
	held_fake_open(&held, f, 1 << 16);
	select_type(held.py, fake_type(f, "list"));
	expect_all_of(fake_type(f, "list"));
	select_type(held.py, fake_type(f, "tuple"));
	expect_all_of(fake_type(f, "tuple"));
}
END_TEST

/* The last word of a region, and one whose type is not there. */
START_TEST(heap_select_at_the_end_of_memory)
{
	uint64_t object, type;

	f = fake_create(_i);
	fake_start(f);
	type = fake_type(f, "list");
	fake_next_ends(f, FAKE_UNMAPPED, 0);
	object = fake_track(f, 0, fake_object(f, type, 16));
	fake_track(f, 0, fake_object(f, type, 16));
	select_type(f->py, type);
	expect_all_of(type);
	ck_assert_uint_eq(selected[count - 1], object);
	ck_assert(heap_add(heap, FAKE_LOST - 8));
	free(selected);
	selected = heap_select(f->py, heap, is_the_type, &type, &count);
	ck_assert_uint_eq(selected[count - 1], object);
}
END_TEST

Suite *suite_heap_select(void)
{
	Suite *suite = suite_create("heap_select");
	TCase *tc = tcase_create("heap_select");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, heap_select_of_few_objects, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_select_by_several_threads, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_select_of_a_process_piece_by_piece, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_select_at_the_end_of_memory, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
