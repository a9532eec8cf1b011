/* Ways from roots, in graphs made of edges: all that the plain search of one node after another says. */
#include "inspector/graph/reach.h"
#include "tests/unit/hand_graph.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_reach(void);

static struct graph graph;
static struct roots roots;
static struct reach reach;
static struct root *root_items;
static uint32_t *expected, *at_level;

static void teardown(void)
{
	reach_deinit(&reach);
	free(graph.tracebacks);
	hand_graph_free(&graph);
	free(root_items);
	free(expected);
	free(at_level);
	root_items = NULL;
	expected = at_level = NULL;
	roots = (struct roots){0};
}

static void make(uint32_t nodes, const struct edge *edges, size_t count, size_t root_count)
{
	teardown();
	hand_graph_make(&graph, nodes, edges, count);
	graph.tracebacks = xcalloc((size_t)nodes / 64 + 1, sizeof(*graph.tracebacks));
	root_items = xcalloc(root_count + 1, sizeof(*root_items));
	roots = (struct roots){.count = root_count, .items = root_items};
}

static void make_traceback(uint32_t node)
{
	graph.tracebacks[node / 64] |= UINT64_C(1) << (node % 64);
}

static bool is_traceback(uint32_t node)
{
	return graph.tracebacks[node / 64] >> (node % 64) & 1;
}

static uint32_t start_of(const struct root *root)
{
	static const uint32_t starts[] = {[ROOT_MODULE] = 0,
		[ROOT_FRAME] = 2,
		[ROOT_LOOP] = 3,
		[ROOT_THREAD] = 4,
		[ROOT_INTERPRETER] = 5,
		[ROOT_TYPE] = 6};

	return starts[root->kind];
}

static bool is_registry(uint32_t node)
{
	for (size_t i = 0; i < roots.registry_count; i++)
		if (roots.registries[i] == node)
			return true;
	return false;
}

static bool shorten(uint32_t node, uint32_t distance)
{
	distance += is_traceback(node) ? 3 : 0;
	if (is_registry(node) || expected[node] <= distance)
		return false;
	expected[node] = distance;
	return true;
}

/* Bellman and Ford: as long as anything gets shorter. */
static void find_expected(void)
{
	bool is_shorter = true;

	expected = xcalloc((size_t)graph.count + 1, sizeof(*expected));
	memset(expected, 0xff, graph.count * sizeof(*expected));
	for (size_t i = 0; i < roots.count; i++)
		shorten(roots.items[i].node, start_of(&roots.items[i]));
	while (is_shorter) {
		is_shorter = false;
		for (uint32_t node = 0; node < graph.count; node++) {
			size_t count;
			const uint32_t *out = graph_targets(&graph, node, &count);

			for (size_t k = 0; expected[node] != UINT32_MAX && k < count; k++)
				is_shorter |= shorten(out[k], expected[node] + 1);
		}
	}
}

/* Nodes of each level; those from first on that have very many decide by number. */
static uint32_t first_large_level(void)
{
	uint32_t level = 0;

	free(at_level);
	at_level = xcalloc((size_t)graph.count * 4 + 16, sizeof(*at_level));
	for (uint32_t node = 0; node < graph.count; node++)
		if (expected[node] != UINT32_MAX)
			at_level[expected[node]]++;
	while (level < graph.count * 4 && at_level[level] < REACH_MANY)
		level++;
	return level;
}

static bool leads_to(uint32_t from, uint32_t node)
{
	size_t count;
	const uint32_t *out = graph_targets(&graph, from, &count);

	for (size_t k = 0; k < count; k++)
		if (out[k] == node)
			return true;
	return false;
}

static void expect_before(uint32_t node, uint32_t large)
{
	uint32_t before = reach_before(&reach, node), met = expected[node] - (is_traceback(node) ? 3 : 0);
	const uint32_t *sources;
	size_t count;

	if (before & ROOT_BIT) {
		const struct root *root = &roots.items[before & ~ROOT_BIT];

		ck_assert(root->node == node && start_of(root) == met);
		return;
	}
	if (expected[before] + 1 != met || !leads_to(before, node))
		ck_abort_msg("%u is not before %u", before, node);
	sources = graph_sources(&graph, node, &count);
	for (size_t k = 0; k < count && met > large; k++)
		if (expected[sources[k]] + 1 == met) {
			if (sources[k] != before)
				ck_abort_msg("%u before %u, not %u", before, node, sources[k]);
			return;
		}
}

static void check(void)
{
	struct distances distances = {.reach = &reach};
	uint32_t large;

	find_expected();
	large = first_large_level();
	reach_compute(&graph, &roots, &reach);
	for (uint32_t node = 0; node < graph.count; node++) {
		uint32_t distance = expected[node];

		if (reach_has(&reach, node) != (distance != UINT32_MAX))
			ck_abort_msg("node %u", node);
		distance = distance == UINT32_MAX ? UNREACHED : distance < FAR_AWAY ? distance : FAR_AWAY;
		if (reach_distance(&reach, node) != distance || distances_of(&distances, node) != distance)
			ck_abort_msg("distance of %u: %u", node, reach_distance(&reach, node));
		if (distance != UNREACHED)
			expect_before(node, large);
	}
	distances_deinit(&distances);
}

START_TEST(reach_of_nothing)
{
	make(0, NULL, 0, 0);
	check();
	make(1, NULL, 0, 0);
	check();
	make(1, NULL, 0, 1);
	check();
	ck_assert_uint_eq(reach_distance(&reach, 0), 0);
}
END_TEST

/* Of equal ways that of the root that comes first, then that by the reference that comes first. */
START_TEST(reach_of_few_nodes_is_in_the_order_of_roots_and_references)
{
	const struct edge edges[] = {{5, 6}, {2, 4}, {2, 3}, {3, 1}, {4, 1}, {5, 3}};

	make(7, edges, 6, 2);
	root_items[0].node = 5;
	root_items[1].node = 2;
	check();
	ck_assert_uint_eq(reach_before(&reach, 3), 5);
	ck_assert_uint_eq(reach_before(&reach, 1), 3); /* which 5 had met before 2 met 4 */
}
END_TEST

/* What leads to the object of a root in as many steps as that root starts late is named, not the root. */
START_TEST(reach_takes_a_way_before_a_root_that_starts_as_late)
{
	const struct edge edges[] = {{0, 1}, {1, 2}, {0, 3}};

	make(4, edges, 3, 3);
	root_items[0].node = 0;
	root_items[1] = (struct root){.kind = ROOT_FRAME, .node = 2};
	root_items[2] = (struct root){.kind = ROOT_TYPE, .node = 3};
	check();
	ck_assert_uint_eq(reach_before(&reach, 2), 1);
	ck_assert_uint_eq(reach_before(&reach, 3), 0);
}
END_TEST

START_TEST(reach_of_a_chain_costs_no_more_than_far_away)
{
	const uint32_t count = 100000, traceback = 1000, last_near = FAR_AWAY - 4;
	struct edge *edges = xcalloc(count, sizeof(*edges));
	struct distances distances = {.reach = &reach};

	for (uint32_t n = 0; n + 1 < count; n++)
		edges[n] = (struct edge){n, n + 1};
	make(count, edges, count - 1, 1);
	make_traceback(traceback);
	reach_compute(&graph, &roots, &reach);
	ck_assert_uint_eq(reach_distance(&reach, traceback - 1), traceback - 1);
	ck_assert_uint_eq(reach_distance(&reach, traceback), traceback + 3);
	ck_assert_uint_eq(reach_distance(&reach, last_near), FAR_AWAY - 1);
	ck_assert_uint_eq(reach_distance(&reach, last_near + 1), FAR_AWAY);
	ck_assert_uint_eq(reach_distance(&reach, count - 1), FAR_AWAY);
	/* To and fro, so that there is something to find on the way, below and above. */
	for (uint32_t i = 0; i < count; i++) {
		uint32_t node = (uint32_t)((uint64_t)i * 61469 % count), distance = node < traceback ? node
										    : node <= last_near
											    ? node + 3
											    : FAR_AWAY;

		if (distances_of(&distances, node) != distance)
			ck_abort_msg("distance of %u: %u", node, distances_of(&distances, node));
	}
	distances_deinit(&distances);
	free(edges);
}
END_TEST

/* Levels far above what is given to threads, with references across, from many nodes to one, and roots of all
 * kinds. */
START_TEST(reach_of_many_nodes_is_the_same_by_any_number_of_threads)
{
	const uint32_t count = 500000;
	const size_t edge_count = (size_t)count * (2 + (size_t)_i % 2);
	struct edge *edges = xcalloc(edge_count, sizeof(*edges));
	uint32_t registries[] = {17, 4711};

	srand48(_i);
	for (size_t i = 0; i < edge_count; i++)
		edges[i] = (struct edge){(uint32_t)(lrand48() % (i % 8 ? count : 100)),
			(uint32_t)(lrand48() % (i % 5 ? count : count / 4))};
	make(count, edges, edge_count, 50);
	roots.registries = registries;
	roots.registry_count = 2;
	for (size_t i = 0; i < roots.count; i++)
		root_items[i] = (struct root){.kind = (enum root_kind)(i / 8 % (ROOT_TYPE + 1)),
			.node = (uint32_t)(lrand48() % count)};
	for (uint32_t n = 0; n < count; n++)
		if (_i % 2 ? n % 7 == 0 : n % 1000 == 0)
			make_traceback(n);
	graph_prepare_referrers(&graph, NULL);
	check();
	ck_assert_uint_lt(first_large_level(), 30);
	free(edges);
}
END_TEST

Suite *suite_reach(void)
{
	Suite *suite = suite_create("reach");
	TCase *tc = tcase_create("reach");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, reach_of_nothing);
	tcase_add_test(tc, reach_of_few_nodes_is_in_the_order_of_roots_and_references);
	tcase_add_test(tc, reach_takes_a_way_before_a_root_that_starts_as_late);
	tcase_add_test(tc, reach_of_a_chain_costs_no_more_than_far_away);
	tcase_add_loop_test(tc, reach_of_many_nodes_is_the_same_by_any_number_of_threads, 0, 4);
	suite_add_tcase(suite, tc);
	return suite;
}
