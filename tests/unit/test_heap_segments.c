/* Long lists of the collector in no order, walked in many places at once. */
#include "inspector/python/heap_segments.h"
#include "inspector/python/memory.h"
#include "tests/unit/fake_python.h"

#include <stdlib.h>

Suite *suite_heap_segments(void);

#define HEAD   16
#define COUNT  60000
#define MEMORY ((size_t)16 << 20)
#define OLD    2
#define FLAGS  3

static struct fake *f;
static struct heap *heap;
static uint64_t *objects; /* in the order of the list */
static uint64_t ring;

static void teardown(void)
{
	heap_destroy(heap);
	heap = NULL;
	fake_destroy(f);
	f = NULL;
	free(objects);
	objects = NULL;
}

static void link_heads(uint64_t before, uint64_t after)
{
	fake_set(f, before, FIELD_gc_head_next, after);
	fake_set(f, after, FIELD_gc_head_prev, before | FLAGS);
}

static uint64_t head_of(size_t i)
{
	return objects[i] - HEAD;
}

/* So many objects in a list of the old generation, of which no two neighbours are near. */
static void make_list(int version, size_t count)
{
	uint32_t dice = 1;
	uint64_t gc;

	f = fake_create_large(version, MEMORY);
	fake_start(f);
	objects = malloc(COUNT * sizeof(*objects));
	for (size_t i = 0; i < count; i++) {
		dice = dice * 1103515245 + 12345;
		if (i % 8 == 0)
			fake_place(f, dice >> 16 & 255);
		objects[i] = fake_list_of(f, NULL, 0);
	}
	for (size_t i = count - 1; i; i--) {
		size_t k = (dice = dice * 1103515245 + 12345) % (i + 1);
		uint64_t object = objects[i];

		objects[i] = objects[k];
		objects[k] = object;
	}
	gc = python_gc_state(f->py, f->interp);
	ring = gc + python_field(f->py, FIELD_gc_generations)->offset +
	       (uint64_t)OLD * python_sizeof(f->py, FIELD_sizeof_gc_generation);
	link_heads(ring, head_of(0));
	for (size_t i = 0; i + 1 < count; i++)
		link_heads(head_of(i), head_of(i + 1));
	link_heads(head_of(count - 1), ring);
}

static void create_heap(void)
{
	struct error err = ERROR_INIT;

	heap = heap_create(f->py, &err);
	ck_assert_msg(heap != NULL, "%s", err.text);
}

static struct ring_place walk_from(size_t i)
{
	struct ring_place place = {i ? head_of(i - 1) : ring, head_of(i)};

	ck_assert(heap_segments_walk(f->py, heap, ring, &place));
	return place;
}

static void has_exactly(size_t from, size_t end)
{
	size_t found = 0;

	for (size_t i = 0; i < heap->word_count; i++)
		found += count_bits(heap->bits[i]);
	ck_assert_uint_eq(found, end - from);
	for (size_t i = from; i < end; i++)
		ck_assert(heap_contains(heap, objects[i]));
}

START_TEST(heap_segments_of_a_whole_list)
{
	struct ring_place place;

	make_list(_i, COUNT);
	create_heap();
	place = walk_from(0);
	ck_assert_uint_eq(place.at, ring);
	ck_assert_uint_eq(place.previous, head_of(COUNT - 1));
	has_exactly(0, COUNT);
}
END_TEST

START_TEST(heap_segments_from_the_middle)
{
	make_list(_i, COUNT);
	create_heap();
	for (size_t i = 0; i < 1000; i++)
		ck_assert(heap_add(heap, objects[i]));
	ck_assert_uint_eq(walk_from(1000).at, ring);
	has_exactly(0, COUNT);
}
END_TEST

/* Other lists, and words that look like one, are everywhere in memory. */
START_TEST(heap_segments_leave_other_lists_alone)
{
	enum { MINE = COUNT / 2 };
	uint64_t other;

	make_list(_i, COUNT);
	link_heads(head_of(MINE - 1), ring);
	other = ring - python_sizeof(f->py, FIELD_sizeof_gc_generation);
	link_heads(other, head_of(MINE));
	link_heads(head_of(COUNT - 10001), other);
	/* One that no head leads to. */
	link_heads(head_of(COUNT - 1), head_of(COUNT - 10000));
	create_heap();
	ck_assert_uint_eq(walk_from(0).at, ring);
	has_exactly(0, MINE);
}
END_TEST

static void spoil(size_t kind, size_t i)
{
	switch (kind) {
	case 0: /* it leads back to another */
		fake_set(f, head_of(i), FIELD_gc_head_prev, head_of(i - 2));
		break;
	case 1: /* it cannot be read */
		fake_set(f, head_of(i - 1), FIELD_gc_head_next, FAKE_NOWHERE);
		break;
	case 2: /* it is none */
		fake_set(f, head_of(i - 1), FIELD_gc_head_next, head_of(i) + 4);
		break;
	case 3: /* it ends behind the memory */
		fake_set(f, head_of(i - 1), FIELD_gc_head_next, FAKE_UNMAPPED - HEAD);
		break;
	}
}

START_TEST(heap_segments_end_at_what_is_irregular)
{
	for (size_t kind = 0; kind < 4; kind++) {
		for (size_t at = 2; at < COUNT; at += COUNT / 3) {
			struct ring_place place;

			make_list(_i, COUNT);
			spoil(kind, at);
			create_heap();
			place = walk_from(0);
			ck_assert_uint_eq(place.previous, head_of(at - 1));
			ck_assert_uint_eq(
				place.at, fake_get(f, head_of(at - 1), FIELD_gc_head_next) & ~UINT64_C(3));
			has_exactly(0, at);
			teardown();
		}
	}
}
END_TEST

START_TEST(heap_segments_end_in_a_circle)
{
	struct ring_place place;

	make_list(_i, COUNT);
	link_heads(head_of(COUNT - 1), head_of(40000));
	place = (struct ring_place){head_of(COUNT - 1), head_of(40000)};
	create_heap();
	ck_assert(heap_segments_walk(f->py, heap, ring, &place));
	ck_assert_uint_eq(place.at, head_of(40000));
	has_exactly(40000, COUNT);
}
END_TEST

START_TEST(heap_segments_take_nothing_twice)
{
	struct ring_place place;

	make_list(_i, COUNT);
	create_heap();
	heap_add(heap, objects[COUNT - 5]);
	place = walk_from(0);
	ck_assert_uint_eq(place.at, head_of(0));
	ck_assert_uint_eq(place.previous, ring);
	has_exactly(COUNT - 5, COUNT - 4);
}
END_TEST

static void walk_whole(bool is_complete)
{
	struct error err = ERROR_INIT;
	bool complete;

	heap = heap_walk(f->py, &complete, &err);
	ck_assert_msg(heap != NULL, "%s", err.text);
	ck_assert(complete == is_complete);
}

/* An object that is about to go, whose neighbours do not both know: it has gone from one of the two sides. */
START_TEST(heap_segments_go_on_after_what_is_half_unlinked)
{
	make_list(_i, COUNT);
	fake_set(f, head_of(54999), FIELD_gc_head_next, head_of(55001));
	walk_whole(true);
	for (size_t i = 0; i < COUNT; i++)
		ck_assert_msg(heap_contains(heap, objects[i]) || i == 55000, "number %zu", i);
}
END_TEST

START_TEST(heap_segments_of_a_list_that_is_broken)
{
	make_list(_i, COUNT);
	spoil(1, 58000);
	walk_whole(false);
	has_exactly(0, 58000);
}
END_TEST

/* More of them than it is worth to begin anew for. */
START_TEST(heap_segments_of_a_list_with_many_irregularities)
{
	make_list(_i, COUNT);
	for (size_t i = 50500; i < COUNT - 1; i += 500)
		fake_set(f, head_of(i - 1), FIELD_gc_head_next, head_of(i + 1));
	walk_whole(true);
	for (size_t i = 0; i < COUNT; i++)
		ck_assert_msg(
			heap_contains(heap, objects[i]) || (i >= 50500 && i % 500 == 0), "number %zu", i);
}
END_TEST

Suite *suite_heap_segments(void)
{
	Suite *suite = suite_create("heap_segments");
	TCase *tc = tcase_create("heap_segments");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, heap_segments_of_a_whole_list, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_segments_from_the_middle, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_segments_leave_other_lists_alone, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_segments_end_at_what_is_irregular, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_segments_end_in_a_circle, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_segments_take_nothing_twice, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_segments_go_on_after_what_is_half_unlinked, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_segments_of_a_list_that_is_broken, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, heap_segments_of_a_list_with_many_irregularities, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
