/* Who holds an object and by which way, garbage, and what an object retains. */
#include "inspector/graph/garbage.h"
#include "inspector/graph/referrer_tree.h"
#include "inspector/graph/retained.h"
#include "inspector/python/era.h"
#include "inspector/python/size.h"
#include "tests/unit/graph_case.h"

#include <stdlib.h>
#include <string.h>

Suite *suite_retention(void);

START_TEST(retention_gives_the_way_by_name)
{
	struct fake_world world;
	struct retention r;

	f = fake_create(_i);
	fake_world(f, &world);
	build();
	r = retention_of(world.saver, 1);
	ck_assert(r.is_known && r.has_refcount);
	ck_assert_uint_eq(r.path_count, 1);
	ck_assert_str_eq(r.paths[0].text, "app.container._pending['user:42']");
	ck_assert_str_eq(r.paths[0].root_name, "module app");
	ck_assert_uint_ge(r.referrer_count, 3); /* the dict, a closure cell, a cache */
	ck_assert(!r.is_garbage);
}
END_TEST

START_TEST(retention_names_tasks_closures_and_frames)
{
	struct fake_world world;
	struct retention r;
	bool has_closure = false;

	f = fake_create(_i);
	fake_world(f, &world);
	build();
	r = retention_of(world.saver, 8);
	for (size_t i = 0; i < r.path_count; i++)
		has_closure |= strstr(r.paths[i].text, "closure cell 'coro' of ") != NULL;
	ck_assert(has_closure);
	r = retention_of(world.orphan, 8);
	ck_assert_uint_ge(r.path_count, 1);
	ck_assert_str_eq(r.paths[0].text, "local 'kept' of <module>() in thread 'MainThread'");
	r = retention_of(world.asyncgen, 8);
	ck_assert_str_eq(r.paths[0].text, "__main__.gen");
	r = retention_of(world.worker, 1);
	ck_assert_ptr_nonnull(strstr(r.paths[0].text, "task 'worker-1'"));
}
END_TEST

START_TEST(retention_of_what_is_no_object_knows_nothing)
{
	struct retention r;

	f = fake_create(_i);
	fake_start(f);
	build();
	r = retention_of(FAKE_LOST, 3);
	ck_assert(!r.is_known && !r.path_count && !r.referrer_count);
	r = retention_of(0, 3);
	ck_assert(!r.is_known);
}
END_TEST

START_TEST(retention_of_what_is_no_node_asks_every_object)
{
	uint64_t text, key, list, pairs[4];
	struct retention r;

	f = fake_create(_i);
	fake_start(f);
	text = fake_str(f, "a text");
	key = fake_str(f, "key");
	list = tracked(fake_list(f, text, text));
	pairs[0] = fake_str(f, "x");
	pairs[1] = list;
	pairs[2] = key;
	pairs[3] = text;
	one_module("app", pairs, 4);
	set_refcount(text, 4);
	build();
	r = retention_of(text, 3);
	ck_assert(r.is_known && !r.is_garbage);
	ck_assert_uint_eq(r.referrer_count, 3);
	ck_assert_int_eq(r.native_references, 1);
	ck_assert_uint_eq(r.holder_count, 2);
	ck_assert_uint_eq(r.path_count, 2);
	ck_assert_str_eq(r.paths[0].text, "app.key");
	ck_assert_str_eq(r.paths[1].text, "app.x[0]");
	r = retention_of(key, 3);
	ck_assert_uint_eq(r.path_count, 1);
	ck_assert_str_eq(r.paths[0].text, "key of app");
}
END_TEST

START_TEST(retention_gives_each_way_by_another_holder)
{
	uint64_t target, x, y;
	struct retention r;

	f = fake_create(_i);
	fake_start(f);
	target = tracked(fake_list_of(f, NULL, 0));
	x = tracked(fake_list(f, target, target));
	y = tracked(fake_list(f, x, target));
	one_module("app", FAKE_LIST(fake_str(f, "x"), x, fake_str(f, "y"), y));
	set_refcount(target, 5);
	build();
	r = retention_of(target, 10);
	ck_assert_uint_eq(r.holder_count, 2);
	ck_assert_uint_eq(r.path_count, 2);
	ck_assert_str_eq(r.paths[0].text, x < y ? "app.x[0]" : "app.y[1]");
	ck_assert_str_eq(r.paths[1].text, x < y ? "app.y[1]" : "app.x[0]");
	ck_assert_uint_eq(r.referrer_count, 3);
	ck_assert_int_eq(r.native_references, 2);
	r = retention_of(target, 1);
	ck_assert_uint_eq(r.path_count, 1);
	ck_assert_uint_eq(r.holder_count, 2);
	r = retention_of(target, 0);
	ck_assert_uint_eq(r.path_count, 0);
	ck_assert_uint_eq(r.holder_count, 2);
}
END_TEST

/* Roots that hold it themselves are among them: here a module under two names, in a dictionary that is
 * reached too. */
START_TEST(retention_counts_the_holders_that_it_shows_no_way_by)
{
	uint64_t target;
	struct retention r;

	f = fake_create(_i);
	fake_start(f);
	target = tracked(fake_module(f, tracked(fake_dict_of(f, FAKE_UNICODE, NULL, 0))));
	fake_set_modules(f, tracked(fake_dict(f, fake_str(f, "app"), target, fake_str(f, "again"), target)));
	build();
	for (size_t most = 0; most < 5; most++) {
		r = retention_of(target, most);
		ck_assert_uint_eq(r.holder_count, 3);
		ck_assert_uint_eq(r.path_count, most < 3 ? most : 3);
	}
}
END_TEST

START_TEST(referrers_grow_a_tree)
{
	uint64_t x, y, z, top;
	struct referrer_tree tree;
	struct retention_graph g;

	f = fake_create(_i);
	fake_start(f);
	z = tracked(fake_list_of(f, NULL, 0));
	y = tracked(fake_list(f, z, z, f->py->none));
	x = tracked(fake_list(f, y, z));
	fake_word(f, fake_get(f, y, FIELD_list_items) + 16, x); /* a circle */
	top = tracked(fake_list(f, x));
	one_module("app", FAKE_LIST(fake_str(f, "top"), top));
	build();
	g = (struct retention_graph){.a = a, .graph = graph, .roots = &roots, .reach = &reach};
	referrer_tree_find(&g, z, 10, 10, &tree);
	ck_assert_uint_eq(tree.left_out, 0);
	ck_assert_uint_ge(tree.count, 6);
	/* x is nearer to the root than y. */
	ck_assert_uint_eq(tree.rows[0].step.from, x);
	ck_assert_uint_eq(tree.rows[1].step.from, y);
	ck_assert_uint_eq(tree.rows[1].references, 2);
	for (size_t i = 0; i < tree.count; i++) {
		const struct referrer *row = &tree.rows[i];

		ck_assert(row->parent == SIZE_MAX || row->parent < i);
		if (row->parent == 0 && row->step.from == y)
			ck_assert_int_eq(row->mark, REFERRER_ABOVE);
		if (row->parent == 1)
			ck_assert(row->step.from == x && row->mark == REFERRER_ABOVE);
	}
	ck_assert_int_eq(tree.rows[tree.count - 1].mark, REFERRER_ROOT);
	ck_assert_str_eq(tree.rows[tree.count - 1].root_name, "module app");
	referrer_tree_deinit(&tree);
	referrer_tree_find(&g, z, 1, 1, &tree);
	ck_assert_uint_eq(tree.count, 1);
	ck_assert_uint_eq(tree.left_out, 1);
	ck_assert_int_eq(tree.rows[0].mark, REFERRER_CUT);
	ck_assert_uint_eq(tree.rows[0].left_out, 2);
	referrer_tree_deinit(&tree);
}
END_TEST

/* Two lists that hold each other, and nobody else. */
static uint64_t make_cycle(uint64_t *other)
{
	uint64_t x = tracked(fake_list(f, f->py->none)), y = tracked(fake_list(f, x));

	fake_word(f, fake_get(f, x, FIELD_list_items), y);
	*other = y;
	return x;
}

START_TEST(garbage_is_a_cycle_whose_counts_are_explained)
{
	struct garbage_verdict verdict;
	struct retention r;
	uint64_t x, y;

	f = fake_create(_i);
	fake_start(f);
	x = make_cycle(&y);
	build();
	garbage_judge(graph, node_of(x), &verdict);
	ck_assert(verdict.is_garbage);
	ck_assert_ptr_null(verdict.nodes);
	r = retention_of(x, 3);
	ck_assert(r.is_garbage);
	ck_assert_uint_eq(r.path_count, 0);
	ck_assert_int_eq(r.native_references, 0);
	ck_assert_uint_eq(r.referrer_count, 1);
	ck_assert_uint_eq(r.referrers[0].from, y);
}
END_TEST

START_TEST(garbage_is_no_cycle_that_native_code_holds)
{
	struct garbage_verdict verdict;
	struct retention r;
	uint64_t x, y;

	f = fake_create(_i);
	fake_start(f);
	x = make_cycle(&y);
	set_refcount(y, 2); /* one reference that no object has */
	build();
	garbage_judge(graph, node_of(x), &verdict);
	ck_assert(!verdict.is_garbage);
	ck_assert_uint_eq(verdict.count, 2);
	ck_assert_uint_eq(verdict.nodes[0], node_of(y));
	ck_assert_uint_eq(verdict.nodes[1], node_of(x));
	free(verdict.nodes);
	r = retention_of(x, 3);
	ck_assert(!r.is_garbage);
	ck_assert_uint_eq(r.path_count, 1);
	ck_assert_ptr_null(r.paths[0].root);
	ck_assert_str_eq(r.paths[0].root_name, "native code");
	r = retention_of(y, 3);
	ck_assert_int_eq(r.native_references, 1);
}
END_TEST

START_TEST(garbage_of_an_impossible_count_is_told_from_none)
{
	static const uint64_t counts[] = {0, (uint64_t)INT64_MIN, UINT64_MAX};
	struct garbage_verdict verdict;
	uint64_t x, y;

	f = fake_create(_i);
	fake_start(f);
	x = make_cycle(&y);
	build();
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		/* Where objects can be immortal, this is such a count: what lives for ever is no garbage. */
		if (counts[i] == UINT64_MAX && f->py->era->has_immortals)
			continue;
		set_refcount(x, counts[i]);
		garbage_judge(graph, node_of(x), &verdict);
		ck_assert(verdict.is_garbage);
		ck_assert_int_eq(retention_of(x, 1).native_references, 0);
	}
	set_refcount(x, INT64_MAX);
	ck_assert(!retention_of(x, 1).is_garbage);
}
END_TEST

/* app.x = [y, text, own], y = [text, held], where native code has another reference to held. */
START_TEST(retained_is_what_nothing_else_holds)
{
	uint64_t x, y, held, text = 0, own, pairs[2], objects[2];
	struct retained r;

	f = fake_create(_i);
	fake_start(f);
	text = fake_str(f, "in both");
	own = fake_str(f, "in one");
	held = tracked(fake_list_of(f, NULL, 0));
	y = tracked(fake_list(f, text, held));
	x = tracked(fake_list(f, y, text, own));
	pairs[0] = fake_str(f, "x");
	pairs[1] = x;
	one_module("app", pairs, 2);
	set_refcount(text, 2);
	set_refcount(own, 1);
	set_refcount(held, 2);
	set_refcount(y, 1);
	set_refcount(x, 1);
	build();
	retained_compute(graph, &roots, &r);
	ck_assert_uint_eq(retained_of(&r, held), pyobject_size(f->py, held));
	ck_assert_uint_eq(retained_of(&r, y), pyobject_size(f->py, y));
	ck_assert_uint_eq(retained_of(&r, x), pyobject_size(f->py, x) + pyobject_size(f->py, y) +
						      pyobject_size(f->py, text) + pyobject_size(f->py, own));
	objects[0] = y;
	objects[1] = x;
	ck_assert_uint_eq(retained_of_all(&r, objects, 2), retained_of(&r, x));
	ck_assert_uint_eq(retained_of_all(&r, objects, 1), retained_of(&r, y));
	ck_assert_uint_eq(retained_of(&r, text), 0);
	retained_deinit(&r);
	/* A string that native code has as well is nobody's. */
	set_refcount(own, 2);
	retained_compute(graph, &roots, &r);
	ck_assert_uint_eq(retained_of(&r, x),
		pyobject_size(f->py, x) + pyobject_size(f->py, y) + pyobject_size(f->py, text));
	retained_deinit(&r);
}
END_TEST

Suite *suite_retention(void)
{
	Suite *suite = suite_create("retention");
	TCase *tc = tcase_create("retention");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, retention_gives_the_way_by_name, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, retention_names_tasks_closures_and_frames, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, retention_of_what_is_no_object_knows_nothing, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, retention_of_what_is_no_node_asks_every_object, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, retention_gives_each_way_by_another_holder, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, retention_counts_the_holders_that_it_shows_no_way_by, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, referrers_grow_a_tree, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, retained_is_what_nothing_else_holds, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, garbage_is_a_cycle_whose_counts_are_explained, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, garbage_is_no_cycle_that_native_code_holds, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, garbage_of_an_impossible_count_is_told_from_none, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
