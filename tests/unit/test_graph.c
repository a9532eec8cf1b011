/* Who refers to whom, roots, what they lead to, and objects by type. */
#include "inspector/graph/census.h"
#include "inspector/graph/referrer_tree.h"
#include "inspector/graph/typed.h"
#include "inspector/python/size.h"
#include "tests/unit/graph_case.h"

#include <stdlib.h>
#include <string.h>

Suite *suite_graph(void);

static size_t edges_between(uint64_t from, uint64_t to)
{
	uint32_t x = node_of(from), y = node_of(to);
	const uint32_t *targets, *sources;
	size_t out = 0, in = 0, count;

	targets = graph_targets(graph, x, &count);
	for (size_t i = 0; i < count; i++)
		out += targets[i] == y;
	sources = graph_sources(graph, y, &count);
	for (size_t i = 0; i < count; i++)
		in += sources[i] == x;
	ck_assert_uint_eq(out, in);
	return out;
}

START_TEST(graph_has_every_reference_both_ways)
{
	uint64_t x, y, z, s;

	f = fake_create(_i);
	fake_start(f);
	s = fake_str(f, "no node");
	z = tracked(fake_list_of(f, NULL, 0));
	y = tracked(fake_tuple(f, z, s, z, z));
	x = tracked(fake_list(f, y, z));
	build();
	ck_assert_uint_eq(graph->count, 3);
	ck_assert_uint_eq(graph->out.target_count, 5);
	ck_assert_uint_eq(edges_between(x, y), 1);
	ck_assert_uint_eq(edges_between(x, z), 1);
	ck_assert_uint_eq(edges_between(y, z), 3);
	ck_assert_uint_eq(edges_between(z, y), 0);
	ck_assert_uint_eq(graph->partial, 0);
}
END_TEST

START_TEST(graph_adds_containers_that_the_collector_does_not_track)
{
	uint64_t holder, tuple, list, class;

	f = fake_create(_i);
	fake_start(f);
	list = fake_list_of(f, NULL, 0);
	tuple = fake_tuple(f, list, fake_int(f, 1));
	class = fake_class(f, &(struct fake_class){.name = "A"});
	holder = tracked(fake_list(f, tuple, class, fake_type(f, "list"), FAKE_LOST, FAKE_NOWHERE));
	build();
	ck_assert_uint_eq(edges_between(holder, tuple), 1);
	ck_assert_uint_eq(edges_between(tuple, list), 1);
	ck_assert_uint_eq(edges_between(holder, class), 1);
	ck_assert(!graph_is_node(f->py, fake_type(f, "list")));
	ck_assert(!graph_is_node(f->py, fake_int(f, 1)));
	ck_assert(!graph_is_node(f->py, 0));
	ck_assert(graph_is_node(f->py, class));
}
END_TEST

START_TEST(graph_of_damaged_objects_counts_them)
{
	uint64_t list, dict;

	f = fake_create(_i);
	fake_start(f);
	list = tracked(fake_list(f, f->py->none));
	fake_set(f, list, FIELD_list_items, FAKE_LOST);
	dict = tracked(fake_dict_of(f, FAKE_UNICODE, NULL, 0));
	fake_set(f, dict, FIELD_object_type, FAKE_LOST);
	build();
	ck_assert_uint_eq(graph->count, 2);
	ck_assert_uint_eq(graph->partial, 2);
}
END_TEST

START_TEST(graph_without_objects_is_empty)
{
	f = fake_create(_i);
	fake_start(f);
	build();
	ck_assert_uint_eq(graph->count, 0);
	ck_assert_uint_eq(graph->out.target_count, 0);
	ck_assert_uint_eq(reach.count, 0);
}
END_TEST

START_TEST(edges_are_named_by_the_object_in_its_own_order)
{
	const struct named_edge *edges;
	struct edge_names names;
	uint64_t x, y, z;
	size_t count;

	f = fake_create(_i);
	fake_start(f);
	y = tracked(fake_list_of(f, NULL, 0));
	z = tracked(fake_list_of(f, NULL, 0));
	x = tracked(fake_list(f, y, z, y, y));
	build();
	edge_names_init(&names, graph);
	edge_names_want(&names, node_of(x), node_of(y));
	edge_names_want(&names, node_of(x), node_of(y)); /* twice the same */
	edge_names_want(&names, node_of(y), node_of(x)); /* there is none */
	edge_names_resolve(&names);
	edges = edge_names_find(&names, node_of(x), node_of(y), &count);
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(edges[0].ref.number, 0);
	ck_assert_uint_eq(edges[1].ref.number, 2);
	ck_assert_uint_eq(edges[2].ref.number, 3);
	ck_assert_ptr_null(edge_names_find(&names, node_of(y), node_of(x), &count));
	ck_assert_ptr_null(edge_names_find(&names, node_of(x), node_of(z), &count)); /* not asked for */
	ck_assert_uint_eq(count, 0);
	edge_names_deinit(&names);
}
END_TEST

START_TEST(edges_of_one_pair_are_bounded)
{
	uint64_t items[100], x, y;
	struct edge_names names;
	size_t count;

	f = fake_create(_i);
	fake_start(f);
	y = tracked(fake_list_of(f, NULL, 0));
	for (size_t i = 0; i < 100; i++)
		items[i] = y;
	x = tracked(fake_list_of(f, items, 100));
	build();
	edge_names_init(&names, graph);
	edge_names_want(&names, node_of(x), node_of(y));
	edge_names_resolve(&names);
	ck_assert_ptr_nonnull(edge_names_find(&names, node_of(x), node_of(y), &count));
	ck_assert_uint_eq(count, 16);
	edge_names_deinit(&names);
}
END_TEST

START_TEST(reach_takes_the_shortest_way)
{
	uint64_t target, direct, far;

	f = fake_create(_i);
	fake_start(f);
	target = tracked(fake_list_of(f, NULL, 0));
	far = tracked(fake_list(f, tracked(fake_list(f, tracked(fake_list(f, target))))));
	direct = tracked(fake_list(f, target));
	one_module("app", FAKE_LIST(fake_str(f, "FAR"), far, fake_str(f, "NEAR"), direct));
	build();
	ck_assert_uint_eq(reach_distance(&reach, node_of(target)), 3); /* module, dict, list, target */
	ck_assert_uint_eq(reach_before(&reach, node_of(target)), node_of(direct));
}
END_TEST

START_TEST(reach_does_not_know_what_no_root_leads_to)
{
	uint64_t lost, kept;

	f = fake_create(_i);
	fake_start(f);
	lost = tracked(fake_list_of(f, NULL, 0));
	kept = tracked(fake_list_of(f, NULL, 0));
	one_module("app", FAKE_LIST(fake_str(f, "x"), kept));
	build();
	ck_assert(!reach_has(&reach, node_of(lost)));
	ck_assert_uint_eq(reach_distance(&reach, node_of(lost)), UNREACHED);
	ck_assert(reach_has(&reach, node_of(kept)));
}
END_TEST

START_TEST(reach_does_not_pass_the_registry_of_tasks)
{
	uint64_t begun, set, modules;
	struct retention r;

	f = fake_create(_i);
	fake_start(f);
	begun = tracked(fake_list_of(f, NULL, 0));
	set = tracked(fake_set_of(f, "set", &begun, 1));
	modules = tracked(fake_module(
		f, tracked(fake_dict_of(f, FAKE_UNICODE, FAKE_LIST(fake_str(f, "_eager_tasks"), set)))));
	fake_set_modules(f, tracked(fake_dict(f, fake_str(f, "asyncio.tasks"), modules)));
	set_refcount(begun, 1);
	build();
	ck_assert(!reach_has(&reach, node_of(begun)));
	r = retention_of(begun, 3);
	ck_assert_uint_eq(r.holder_count, 0);
	ck_assert_uint_eq(r.referrer_count, 1);
	ck_assert_uint_eq(r.referrers[0].from, set);
	ck_assert_int_eq(r.native_references, 0);
}
END_TEST

START_TEST(objects_of_a_type_are_found_by_its_name)
{
	uint64_t class, one, text;
	struct error err = ERROR_INIT;
	struct typed found;

	f = fake_create(_i);
	fake_start(f);
	class = fake_class(f, &(struct fake_class){.name = "Lock"});
	text = fake_str(f, "text");
	one = tracked(fake_list(f, text));
	one_module("app", FAKE_LIST(fake_str(f, "Alias"), class, fake_str(f, "one"), one));
	build();
	ck_assert(typed_find(a, graph, "list", 10, &found, &err));
	ck_assert_str_eq(found.name, "list");
	ck_assert_uint_eq(found.total, 1);
	ck_assert_uint_eq(found.objects[0], one);
	typed_deinit(&found);
	ck_assert(typed_find(a, graph, "str", 1, &found, &err));
	ck_assert_uint_ge(found.total, 2); /* names of globals are among them */
	ck_assert_uint_eq(found.count, 1);
	typed_deinit(&found);
	ck_assert(typed_find(a, graph, "app.Alias", 10, &found, &err));
	ck_assert_uint_eq(found.total, 0);
	typed_deinit(&found);
	ck_assert(!typed_find(a, graph, "Nothing", 10, &found, &err));
	ck_assert_int_eq(err.kind, ERROR_NOT_FOUND);
	typed_deinit(&found);
}
END_TEST

START_TEST(census_counts_each_object_once)
{
	uint64_t text, x;
	struct census census;

	f = fake_create(_i);
	fake_start(f);
	text = fake_str(f, "text");
	x = tracked(fake_list(f, text, text));
	tracked(fake_list(f, text, x));
	build();
	census_take(graph, &census);
	for (size_t i = 0; i < census.row_count; i++) {
		const struct census_row *row = &census.rows[i];

		if (strcmp(row->type, "str") == 0) {
			ck_assert_uint_eq(row->count, 1);
			ck_assert_uint_eq(row->bytes, pyobject_size(f->py, text));
		}
		if (strcmp(row->type, "list") == 0)
			ck_assert_uint_eq(row->count, 2);
	}
	ck_assert_uint_eq(census.count, 3);
	census_deinit(&census);
}
END_TEST

START_TEST(roots_of_threads_and_interpreters_are_named)
{
	uint64_t item, context, code;
	struct retention r;

	f = fake_create(_i);
	fake_start(f);
	item = fake_place(f, 16);
	context = tracked(fake_list_of(f, NULL, 0));
	code = fake_code(f, &(struct fake_code){.name = "main", .locals = {"x"}});
	fake_set(f, f->thread, FIELD_thread_context, context);
	fake_set(f, item, FIELD_exc_item_value, tracked(fake_list_of(f, NULL, 0)));
	fake_set(f, item, FIELD_exc_item_previous, item); /* a circle */
	fake_set(f, f->thread, FIELD_thread_exc_info, item);
	fake_set_top_frame(f, fake_frame(f, &(struct fake_frame){.code = code,
						    .slots = FAKE_LIST(tracked(fake_list_of(f, NULL, 0))),
						    .stacktop = -1}));
	build();
	r = retention_of(context, 1);
	ck_assert_str_eq(r.paths[0].text, "context of thread 4242");
	ck_assert_str_eq(r.paths[0].root_name, "thread 4242 context");
	r = retention_of(fake_get(f, item, FIELD_exc_item_value), 1);
	ck_assert_str_eq(r.paths[0].text, "exception being handled of thread 4242");
	ck_assert_uint_le(roots.count, 100);
	r = retention_of(fake_read(f, a->threads.threads[0].frames[0].localsplus), 1);
	ck_assert_str_eq(r.paths[0].text, "local 'x' of main() in thread 4242");
	ck_assert_str_eq(r.paths[0].root_name, "thread 4242 frame main");
}
END_TEST

Suite *suite_graph(void)
{
	Suite *suite = suite_create("graph");
	TCase *tc = tcase_create("graph");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, graph_has_every_reference_both_ways, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, graph_adds_containers_that_the_collector_does_not_track, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, graph_of_damaged_objects_counts_them, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, graph_without_objects_is_empty, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, edges_are_named_by_the_object_in_its_own_order, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, edges_of_one_pair_are_bounded, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, reach_takes_the_shortest_way, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, reach_does_not_know_what_no_root_leads_to, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, reach_does_not_pass_the_registry_of_tasks, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, objects_of_a_type_are_found_by_its_name, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, census_counts_each_object_once, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, roots_of_threads_and_interpreters_are_named, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
