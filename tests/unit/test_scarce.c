/* A process that is read piece by piece has the objects, references and tasks that a copy has. */
#include "inspector/asyncio/asyncio.h"
#include "inspector/graph/graph.h"
#include "inspector/python/heap_inner.h"
#include "tests/unit/held_fake.h"

#include <stdlib.h>

Suite *suite_scarce(void);

#define HEAD   16
#define KEPT   ((uint64_t)1 << 16)
#define LISTS  60000 /* more than two walks share a ring for */
#define MEMORY ((size_t)12 << 20)

static struct fake *f;
static struct held_fake held;

static void teardown(void)
{
	held_fake_close(&held);
	fake_destroy(f);
	f = NULL;
}

struct answer {
	struct heap *heap;
	bool is_complete;
	size_t unreadable;
	struct error first;
};

static struct answer walk(struct python *py)
{
	struct error err = ERROR_INIT;
	struct answer answer;

	answer.heap = heap_walk(py, &answer.is_complete, &err);
	ck_assert_msg(answer.heap != NULL, "%s", err.text);
	answer.unreadable = py->unreadable;
	answer.first = py->first_unreadable;
	return answer;
}

static void same_objects(const struct heap *one, const struct heap *other)
{
	uint32_t at = 0, there = 0;
	uint64_t x, y;

	ck_assert_uint_eq(heap_count(one), heap_count(other));
	while (heap_next(one, &at, &x)) {
		ck_assert(heap_next(other, &there, &y));
		ck_assert_uint_eq(x, y);
	}
}

/* Walks both, and returns the whole one's answer. */
static bool walks_alike(uint32_t least)
{
	struct answer whole = walk(f->py), pieces;

	held_fake_open(&held, f, KEPT);
	pieces = walk(held.py);
	same_objects(whole.heap, pieces.heap);
	ck_assert_int_eq(whole.is_complete, pieces.is_complete);
	ck_assert_uint_eq(whole.unreadable, pieces.unreadable);
	/* What is said of it may differ: a process has mappings that the fake has not, a sanitizer's. */
	if (whole.unreadable)
		ck_assert_uint_eq(whole.first.address, pieces.first.address);
	ck_assert_uint_ge(heap_count(whole.heap), least);
	heap_destroy(whole.heap);
	heap_destroy(pieces.heap);
	return whole.is_complete;
}

/* In an order that memory does not have: each step leads to another page. */
static uint64_t *track_shuffled(size_t count)
{
	uint64_t *objects = calloc(count, sizeof(*objects));

	srand(7);
	for (size_t i = 0; i < count; i++)
		objects[i] = fake_list_of(f, NULL, 0);
	for (size_t i = count - 1; i; i--) {
		size_t other = (size_t)rand() % (i + 1);
		uint64_t object = objects[i];

		objects[i] = objects[other];
		objects[other] = object;
	}
	for (size_t i = 0; i < count; i++)
		fake_track(f, i % 10 ? 2 : 0, objects[i]);
	return objects;
}

START_TEST(objects_of_a_world_piece_by_piece)
{
	struct fake_world world;

	f = fake_create(_i);
	fake_world(f, &world);
	ck_assert(walks_alike(50));
}
END_TEST

START_TEST(objects_in_no_order_piece_by_piece)
{
	f = fake_create_large(_i, MEMORY);
	fake_start(f);
	free(track_shuffled(LISTS));
	ck_assert(walks_alike(LISTS));
}
END_TEST

/* Heads that no scan takes for one are read one by one. */
START_TEST(objects_whose_heads_look_like_none_piece_by_piece)
{
	uint64_t *objects;

	f = fake_create_large(_i, MEMORY);
	fake_start(f);
	objects = track_shuffled(LISTS);
	for (size_t i = 0; i < LISTS; i += 1 + i % 500)
		fake_word(f, objects[i], (uint64_t)5 << 32);
	ck_assert(walks_alike(LISTS));
	free(objects);
}
END_TEST

/* Then the lists are followed in one direction, by what is read. */
START_TEST(objects_of_a_running_collection_piece_by_piece)
{
	f = fake_create_large(_i, MEMORY);
	fake_start(f);
	free(track_shuffled(LISTS));
	fake_set(f, f->interp + python_field(f->py, FIELD_interp_gc)->offset, FIELD_gc_collecting, 1);
	ck_assert(!walks_alike(LISTS));
	/* What was dropped on the way was fetched again. */
	ck_assert_uint_gt(target_bytes_copied(held.target), 2 * MEMORY);
}
END_TEST

/* One word of a head, in a list that one walk goes through, or two from both ends. */
static void damage(enum field_id link, uint64_t head, uint64_t wrong)
{
	uint64_t right = fake_get(f, head, link);

	fake_set(f, head, link, wrong);
	ck_assert(!walks_alike(10));
	fake_set(f, head, link, right);
	held_fake_close(&held);
	fake_forget(f);
}

START_TEST(damaged_lists_piece_by_piece)
{
	static const size_t counts[] = {300, LISTS};

	for (size_t c = 0; c < 2; c++) {
		uint64_t *objects, at;

		f = fake_create_large(_i, MEMORY);
		fake_start(f);
		objects = track_shuffled(counts[c]);
		at = objects[counts[c] / 3 + 1] - HEAD;
		damage(FIELD_gc_head_next, at, FAKE_NOWHERE);
		damage(FIELD_gc_head_prev, at, objects[5] - HEAD);
		damage(FIELD_gc_head_next, at, objects[3] - HEAD);  /* back to what was passed */
		damage(FIELD_gc_head_next, at, objects[10] - HEAD); /* to another list */
		damage(FIELD_gc_head_next, at, objects[3] - HEAD + 8);
		free(objects);
		teardown();
	}
}
END_TEST

static void same_edges(const struct graph *one, const struct graph *other)
{
	ck_assert_uint_eq(one->count, other->count);
	ck_assert_uint_eq(one->out.target_count, other->out.target_count);
	ck_assert_uint_eq(one->partial, other->partial);
	for (uint32_t n = 0; n < one->count; n++) {
		size_t count, there;
		const uint32_t *x = graph_targets(one, n, &count), *y = graph_targets(other, n, &there);

		ck_assert_uint_eq(heap_address(one->heap, n), heap_address(other->heap, n));
		ck_assert_uint_eq(count, there);
		if (count)
			ck_assert_mem_eq(x, y, count * sizeof(*x));
		ck_assert_int_eq(bit_is_set(one->tracebacks, n), bit_is_set(other->tracebacks, n));
		ck_assert_int_eq(bit_is_set(one->weakrefs, n), bit_is_set(other->weakrefs, n));
		ck_assert_int_eq(bit_is_set(one->statics, n), bit_is_set(other->statics, n));
	}
}

static void builds_alike(size_t least)
{
	struct answer whole = walk(f->py), pieces;
	struct graph *one = graph_build(f->py, whole.heap, false), *other;

	held_fake_open(&held, f, KEPT);
	pieces = walk(held.py);
	other = graph_build(held.py, pieces.heap, false);
	same_edges(one, other);
	ck_assert_uint_ge(one->out.target_count, least);
	graph_destroy(one);
	graph_destroy(other);
	heap_destroy(whole.heap);
	heap_destroy(pieces.heap);
}

START_TEST(references_of_a_world_piece_by_piece)
{
	struct fake_world world;

	f = fake_create(_i);
	fake_world(f, &world);
	builds_alike(100);
}
END_TEST

/* Tracked and not, met on the way and by scans, with long runs, and enough for several threads. */
START_TEST(references_of_many_objects_piece_by_piece)
{
	uint64_t unknown, items[400], before, hidden;

	f = fake_create_large(_i, MEMORY);
	fake_start(f);
	unknown = fake_type(f, "some_extension.thing");
	fake_set(f, unknown, FIELD_type_flags,
		fake_get(f, unknown, FIELD_type_flags) | (UINT64_C(1) << 14) /* Py_TPFLAGS_HAVE_GC */);
	before = fake_track(f, 0, fake_list_of(f, NULL, 0));
	for (size_t i = 0; i < 400; i++)
		items[i] = before;
	for (size_t i = 0; i < 25000; i++) {
		if (i % 1000 == 999) {
			before = fake_track(f, 1, fake_list_of(f, items, 250 + i / 1000));
		} else if (i % 100 == 99) {
			/* A scan sees a tracked object, and one that it cannot know. */
			hidden = fake_tuple(f, before);
			before = fake_track(f, 2, fake_object(f, unknown, 48));
			fake_word(f, before + 24, items[i % 400]);
			fake_word(f, before + 32, hidden);
		} else {
			before = fake_track(f, 2, fake_list(f, before, fake_tuple(f, before, unknown)));
		}
		items[i % 400] = before;
	}
	builds_alike(50000);
}
END_TEST

START_TEST(damaged_objects_piece_by_piece)
{
	uint64_t lists[200];

	f = fake_create(_i);
	fake_start(f);
	for (size_t i = 0; i < 200; i++)
		lists[i] = fake_track(f, 0, fake_list(f, fake_str(f, "x"), i ? lists[i - 1] : 0));
	fake_set(f, lists[7], FIELD_object_type, FAKE_NOWHERE);
	fake_set(f, lists[30], FIELD_list_items, FAKE_LOST - 8);
	fake_set(f, lists[31], FIELD_list_items, FAKE_NOWHERE);
	fake_set(f, lists[32], FIELD_var_size, UINT64_C(1) << 40);
	fake_set(f, lists[33], FIELD_list_items, fake_get(f, lists[34], FIELD_list_items));
	builds_alike(190);
}
END_TEST

static struct asyncio *collect(struct python *py)
{
	const struct asyncio_options options = {.needs_heap = true};
	struct error err = ERROR_INIT;
	struct asyncio *a = asyncio_collect(py, &options, &err);

	ck_assert_msg(a != NULL, "%s", err.text);
	return a;
}

START_TEST(tasks_and_coroutines_piece_by_piece)
{
	struct fake_world world;
	struct asyncio *one, *other;

	f = fake_create(_i);
	fake_world(f, &world);
	held_fake_open(&held, f, KEPT);
	one = collect(f->py);
	other = collect(held.py);
	ck_assert_uint_gt(one->task_count, 2);
	ck_assert_uint_eq(one->task_count, other->task_count);
	for (size_t i = 0; i < one->task_count; i++) {
		ck_assert_uint_eq(one->tasks[i].address, other->tasks[i].address);
		ck_assert_str_eq(one->tasks[i].name, other->tasks[i].name);
		ck_assert_uint_eq(one->tasks[i].chain.count, other->tasks[i].chain.count);
		ck_assert_int_eq(one->tasks[i].wait.kind, other->tasks[i].wait.kind);
	}
	ck_assert_uint_gt(one->coroutine_count, 3);
	ck_assert_uint_eq(one->coroutine_count, other->coroutine_count);
	for (size_t i = 0; i < one->coroutine_count; i++) {
		ck_assert_uint_eq(one->coroutines[i].gen.address, other->coroutines[i].gen.address);
		ck_assert_str_eq(one->coroutines[i].qualname, other->coroutines[i].qualname);
	}
	ck_assert_uint_eq(one->loop_count, other->loop_count);
	ck_assert_uint_eq(f->py->unreadable, held.py->unreadable);
	asyncio_destroy(one);
	asyncio_destroy(other);
}
END_TEST

Suite *suite_scarce(void)
{
	Suite *suite = suite_create("scarce");
	TCase *tc = tcase_create("scarce");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, objects_of_a_world_piece_by_piece, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, objects_in_no_order_piece_by_piece, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, objects_whose_heads_look_like_none_piece_by_piece, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, objects_of_a_running_collection_piece_by_piece, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, damaged_lists_piece_by_piece, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, references_of_a_world_piece_by_piece, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, references_of_many_objects_piece_by_piece, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, damaged_objects_piece_by_piece, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, tasks_and_coroutines_piece_by_piece, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
