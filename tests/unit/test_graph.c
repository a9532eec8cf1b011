/* Who refers to whom, ways from roots, who holds an object, and garbage. */
#include "inspector/graph/census.h"
#include "inspector/graph/garbage.h"
#include "inspector/graph/referrer_tree.h"
#include "inspector/graph/retained.h"
#include "inspector/graph/retention.h"
#include "inspector/graph/typed.h"
#include "inspector/python/era.h"
#include "inspector/python/size.h"
#include "tests/unit/fake_python.h"

#include <stdlib.h>
#include <string.h>

Suite *suite_graph(void);

static struct fake *f;
static struct asyncio *a;
static struct graph *graph;
static struct roots roots;
static struct reach reach;

static void teardown(void)
{
	reach_deinit(&reach);
	roots_deinit(&roots);
	graph_destroy(graph);
	graph = NULL;
	asyncio_destroy(a);
	a = NULL;
	fake_destroy(f);
	f = NULL;
}

static void build(void)
{
	const struct asyncio_options options = {.needs_heap = true};
	struct error err = ERROR_INIT;

	a = asyncio_collect(f->py, &options, &err);
	ck_assert_msg(a != NULL, "%s", err.text);
	graph = graph_build(f->py, a->heap, false);
	roots_find(a, graph, &roots);
	reach_compute(graph, &roots, &reach);
}

static uint32_t node_of(uint64_t object)
{
	uint32_t node;

	ck_assert(heap_index(graph->heap, object, &node));
	return node;
}

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

static uint64_t tracked(uint64_t object)
{
	return fake_track(f, 2, object);
}

static void set_refcount(uint64_t object, uint64_t count)
{
	fake_set(f, object, FIELD_object_refcnt, count);
}

/* A module of that name, the only one, whose dictionary is these pairs. */
static void one_module(const char *name, const uint64_t *pairs, size_t count)
{
	uint64_t module = tracked(fake_module(f, tracked(fake_dict_of(f, FAKE_UNICODE, pairs, count))));

	fake_set_modules(f, tracked(fake_dict(f, fake_str(f, name), module)));
}

static struct retention retention_of(uint64_t object, size_t paths_most)
{
	const struct retention_graph g = {.a = a, .graph = graph, .roots = &roots, .reach = &reach};
	struct retention r;

	retention_find(&g, &object, 1, paths_most, &r);
	return r;
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
	tcase_add_loop_test(tc, retention_gives_the_way_by_name, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, retention_names_tasks_closures_and_frames, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, retention_of_what_is_no_object_knows_nothing, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, retention_of_what_is_no_node_asks_every_object, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, retention_gives_each_way_by_another_holder, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, retention_counts_the_holders_that_it_shows_no_way_by, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, reach_does_not_pass_the_registry_of_tasks, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, referrers_grow_a_tree, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, objects_of_a_type_are_found_by_its_name, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, census_counts_each_object_once, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, retained_is_what_nothing_else_holds, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, garbage_is_a_cycle_whose_counts_are_explained, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, garbage_is_no_cycle_that_native_code_holds, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, garbage_of_an_impossible_count_is_told_from_none, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, roots_of_threads_and_interpreters_are_named, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
