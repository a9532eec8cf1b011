/* What looks like a head of the collector, and what it is linked to. */
#include "inspector/python/heap_links.h"
#include "inspector/python/memory.h"
#include "tests/unit/fake_python.h"

#include <stdlib.h>

Suite *suite_heap_links(void);

#define HEAD 16

static struct fake *f;
static struct heap *heap;
static struct heap_links *links;

static void teardown(void)
{
	heap_links_destroy(links);
	links = NULL;
	heap_destroy(heap);
	heap = NULL;
	fake_destroy(f);
	f = NULL;
}

static void read_links(void)
{
	struct error err = ERROR_INIT;

	heap_links_destroy(links);
	heap_destroy(heap);
	heap = heap_create(f->py, &err);
	ck_assert_msg(heap != NULL, "%s", err.text);
	links = heap_links_read(f->py, heap);
}

static uint64_t head_field(uint64_t object, enum field_id id)
{
	return fake_get(f, object - HEAD, id) & ~UINT64_C(3);
}

static bool has_head(uint64_t object)
{
	uint32_t next, previous;

	return heap_links_at(links, heap_position(heap, object - HEAD), &next, &previous);
}

static void has_its_links(uint64_t object)
{
	uint32_t next, previous;

	ck_assert(heap_links_at(links, heap_position(heap, object - HEAD), &next, &previous));
	ck_assert_uint_eq(heap_position_address(heap, next), head_field(object, FIELD_gc_head_next));
	ck_assert_uint_eq(heap_position_address(heap, previous), head_field(object, FIELD_gc_head_prev));
}

static uint64_t tracked(int generation)
{
	return fake_track(f, generation, fake_list_of(f, NULL, 0));
}

START_TEST(heap_links_of_every_head_are_those_in_memory)
{
	uint64_t objects[400];

	f = fake_create(_i);
	fake_start(f);
	for (int i = 0; i < 400; i++) {
		fake_place(f, (size_t)(i * 37 % 101)); /* at uneven distances */
		objects[i] = tracked(i % 4);
	}
	/* Flags of the collector in the low bits. */
	fake_set(f, objects[9] - HEAD, FIELD_gc_head_prev, head_field(objects[9], FIELD_gc_head_prev) | 3);
	fake_set(f, objects[9] - HEAD, FIELD_gc_head_next, head_field(objects[9], FIELD_gc_head_next) | 1);
	read_links();
	for (int i = 0; i < 400; i++)
		has_its_links(objects[i]);
}
END_TEST

/* Parts are of one MiB, and taken by several threads: heads on both sides of where they meet. */
START_TEST(heap_links_of_many_parts)
{
	enum { COUNT = 60000 };
	uint64_t *objects = malloc(COUNT * sizeof(*objects));

	f = fake_create_large(_i, (size_t)8 << 20);
	fake_start(f);
	for (int i = 0; i < COUNT; i++)
		objects[i] = tracked(i % 3);
	ck_assert_uint_gt(objects[COUNT - 1] - objects[0], (uint64_t)4 << 20);
	read_links();
	for (int i = 0; i < COUNT; i++)
		has_its_links(objects[i]);
	free(objects);
}
END_TEST

START_TEST(heap_links_of_what_is_no_head)
{
	uint64_t object, untracked;
	uint32_t next, previous;

	f = fake_create(_i);
	fake_start(f);
	untracked = fake_list_of(f, NULL, 0);
	object = tracked(0);
	read_links();
	ck_assert(has_head(object));
	ck_assert(!has_head(untracked));
	ck_assert(!heap_links_at(links, heap_position(heap, object), &next, &previous));
	ck_assert(!heap_links_at(links, heap_position(heap, object - HEAD) + 1, &next, &previous));
	ck_assert(!heap_links_at(links, NO_POSITION, &next, &previous));
	ck_assert(!heap_links_at(links, (uint32_t)heap_positions(heap), &next, &previous));
}
END_TEST

/* One word of it is none that a head and an object have. */
START_TEST(heap_links_of_what_is_nearly_a_head)
{
	uint64_t objects[8];

	f = fake_create(_i);
	fake_start(f);
	for (int i = 0; i < 8; i++)
		objects[i] = tracked(0);
	fake_set(f, objects[0] - HEAD, FIELD_gc_head_next, FAKE_NOWHERE);
	fake_set(f, objects[1] - HEAD, FIELD_gc_head_prev, FAKE_LOST);
	fake_set(f, objects[2] - HEAD, FIELD_gc_head_next, 0);
	fake_set(f, objects[3] - HEAD, FIELD_gc_head_prev, FAKE_BASE + 4096 + 4);
	fake_set(f, objects[4], FIELD_object_type, FAKE_NOWHERE);
	fake_set(f, objects[5], FIELD_object_type, fake_type(f, "list") + 4);
	fake_set(f, objects[6], FIELD_object_refcnt, 0);
	fake_word(f, objects[7], objects[0]); /* a pointer where the count of references is */
	read_links();
	for (int i = 0; i < 8; i++)
		ck_assert_msg(!has_head(objects[i]), "number %d", i);
}
END_TEST

/* What is no object, but has words that could be one: it is here, as the head of nothing. */
START_TEST(heap_links_of_what_looks_like_a_head)
{
	uint64_t object, words;
	uint32_t next, previous;

	f = fake_create(_i);
	fake_start(f);
	object = tracked(0);
	words = fake_place(f, 64);
	fake_word(f, words, object - HEAD);
	fake_word(f, words + 8, object - HEAD);
	fake_word(f, words + 16, 1);
	fake_word(f, words + 24, fake_type(f, "list"));
	read_links();
	ck_assert(heap_links_at(links, heap_position(heap, words), &next, &previous));
	ck_assert_uint_eq(next, heap_position(heap, object - HEAD));
	has_its_links(object);
}
END_TEST

/* The last word of a region, and one that is not there any more. */
START_TEST(heap_links_of_heads_at_the_end_of_memory)
{
	uint64_t whole, cut, type;

	f = fake_create(_i);
	fake_start(f);
	type = fake_type(f, "list");
	fake_next_ends(f, FAKE_UNMAPPED, 0);
	whole = fake_track(f, 0, fake_object(f, type, 16));
	fake_next_ends(f, FAKE_LOST, 8);
	cut = fake_object(f, type, 16);
	fake_word(f, cut - HEAD, whole - HEAD);
	fake_word(f, cut - HEAD + 8, whole - HEAD);
	read_links();
	ck_assert_uint_eq(whole % 16, 0);
	has_its_links(whole);
	ck_assert(!has_head(cut));
}
END_TEST

Suite *suite_heap_links(void)
{
	Suite *suite = suite_create("heap_links");
	TCase *tc = tcase_create("heap_links");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, heap_links_of_every_head_are_those_in_memory, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_links_of_many_parts, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_links_of_what_is_no_head, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_links_of_what_is_nearly_a_head, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_links_of_what_looks_like_a_head, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_links_of_heads_at_the_end_of_memory, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
