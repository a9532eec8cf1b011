/* Dominators on graphs made by hand, and on random ones against the definition: x dominates y when y cannot
 * be reached without x. */
#include "inspector/graph/dominator_tree.h"
#include "tests/unit/hand_graph.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_dominators(void);

#define NODES_MAX 64
#define EDGES_MAX 512
#define NONE	  UINT32_MAX

static struct graph graph;

static void make(uint32_t nodes, const struct edge *edges, size_t count)
{
	hand_graph_make(&graph, nodes, edges, count);
}

/* The immediate dominator of a node, as a node; NONE: the root. */
static uint32_t above(const struct dominators *d, uint32_t node)
{
	uint32_t number = d->idom[d->number[node]];

	for (uint32_t n = 0; n < d->count; n++)
		if (number && d->number[n] == number)
			return n;
	return NONE;
}

static void assert_above(const uint32_t *expected, const uint32_t *roots, size_t root_count)
{
	struct dominators d;

	dominators_compute(&graph, &(struct dominator_request){.roots = roots, .root_count = root_count}, &d);
	for (uint32_t n = 0; n < graph.count; n++)
		ck_assert_msg(above(&d, n) == expected[n], "node %u: %d, not %d", n, (int)above(&d, n),
			(int)expected[n]);
	dominators_deinit(&d);
}

START_TEST(dominators_of_nothing)
{
	make(0, NULL, 0);
	assert_above(NULL, NULL, 0);
}
END_TEST

START_TEST(dominators_of_a_chain_a_diamond_and_a_shared_end)
{
	/* 0 > 1 > (2, 3) > 4 > 5; 0 > 5 */
	static const struct edge edges[] = {{0, 1}, {1, 2}, {1, 3}, {2, 4}, {3, 4}, {4, 5}, {0, 5}};
	static const uint32_t roots[] = {0}, expected[] = {NONE, 0, 1, 1, 1, 0};

	make(6, edges, 7);
	assert_above(expected, roots, 1);
}
END_TEST

START_TEST(dominators_of_cycles_and_references_back)
{
	/* 0 > 1 <> 2 > 3, 3 > 1, 3 > 3 */
	static const struct edge edges[] = {{0, 1}, {1, 2}, {2, 1}, {2, 3}, {3, 1}, {3, 3}};
	static const uint32_t roots[] = {0}, expected[] = {NONE, 0, 1, 2};

	make(4, edges, 6);
	assert_above(expected, roots, 1);
}
END_TEST

START_TEST(dominators_where_a_semidominator_is_none)
{
	/* The example of Lengauer and Tarjan, 1979: R A B C D E F G H I J K L */
	static const struct edge edges[] = {{0, 1}, {0, 2}, {0, 3}, {1, 4}, {2, 1}, {2, 4}, {2, 5}, {3, 6},
		{3, 7}, {4, 12}, {5, 8}, {6, 9}, {7, 9}, {7, 10}, {8, 5}, {8, 11}, {9, 11}, {10, 9}, {11, 9},
		{11, 0}, {12, 8}};
	static const uint32_t roots[] = {0}, expected[] = {NONE, 0, 0, 0, 0, 0, 3, 3, 0, 0, 7, 0, 4};

	make(13, edges, sizeof(edges) / sizeof(edges[0]));
	assert_above(expected, roots, 1);
}
END_TEST

START_TEST(dominators_of_several_roots)
{
	static const struct edge edges[] = {{0, 2}, {1, 2}, {2, 3}, {0, 4}};
	static const uint32_t roots[] = {1, 0, 1}, expected[] = {NONE, NONE, NONE, 2, 0}, held[] = {0, 1, 4},
			      expected_held[] = {NONE, NONE, NONE, 2, NONE};

	make(5, edges, 4);
	assert_above(expected, roots, 3);
	assert_above(expected_held, held, 3);
}
END_TEST

START_TEST(dominators_in_garbage_are_the_same_from_whichever_end)
{
	/* 0 alone is reached. 1 <> 2 is a cycle that holds 3 > 4; 5 > 3 too, and nothing leads to 5. 6 > 7,
	 * where 7 is also reached. */
	static const struct edge edges[] = {{1, 2}, {2, 1}, {1, 3}, {3, 4}, {5, 3}, {0, 7}, {6, 7}, {2, 8}};
	static const uint32_t roots[] = {0}, expected[] = {NONE, NONE, NONE, NONE, 3, NONE, NONE, 0, 2};

	make(9, edges, 8);
	assert_above(expected, roots, 1);
}
END_TEST

START_TEST(dominators_do_not_pass_a_barrier)
{
	/* 0 > 1 > 2 > 3, 0 > 3; 1 is a barrier, which leaves 2 to it as garbage, and 3 to 0 alone. */
	static const struct edge edges[] = {{0, 1}, {1, 2}, {2, 3}, {0, 3}};
	static const uint32_t roots[] = {0}, barriers[] = {1};
	struct dominators d;

	make(4, edges, 4);
	dominators_compute(&graph, &(struct dominator_request){roots, 1, barriers, 1}, &d);
	ck_assert_uint_eq(d.live, 2);
	ck_assert_uint_eq(above(&d, 3), 0);
	ck_assert_uint_eq(above(&d, 1), NONE);
	ck_assert_uint_eq(above(&d, 2), 1);
	dominators_deinit(&d);
}
END_TEST

/* Whether node is reached from the roots without passing through avoided. */
static bool is_reached(const bool *is_root, uint32_t node, uint32_t avoided)
{
	bool met[NODES_MAX] = {false};
	uint32_t stack[NODES_MAX], depth = 0;
	const uint32_t *targets;
	size_t count;

	for (uint32_t n = 0; n < graph.count; n++)
		if (is_root[n] && n != avoided) {
			met[n] = true;
			stack[depth++] = n;
		}
	while (depth) {
		uint32_t at = stack[--depth];

		targets = graph_targets(&graph, at, &count);
		for (size_t k = 0; k < count; k++) {
			uint32_t to = targets[k];

			if (to == avoided || met[to])
				continue;
			met[to] = true;
			stack[depth++] = to;
		}
	}
	return met[node];
}

static uint32_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(*state >> 33);
}

/* Nodes that count as roots: those given, and of what is not reached the cycles that nothing else leads to.
 */
static void find_roots(const uint32_t *roots, size_t count, bool *is_root, bool *reached)
{
	bool extra[NODES_MAX] = {false};

	for (size_t i = 0; i < count; i++)
		is_root[roots[i]] = true;
	for (uint32_t n = 0; n < graph.count; n++)
		reached[n] = is_reached(is_root, n, NONE);
	for (uint32_t n = 0; n < graph.count; n++) {
		bool only[NODES_MAX] = {false}, is_top = !reached[n];

		only[n] = true;
		/* Whatever leads to n is led to by n. */
		for (uint32_t m = 0; is_top && m < graph.count; m++) {
			bool from[NODES_MAX] = {false};

			from[m] = true;
			if (!reached[m] && is_reached(from, n, NONE) && !is_reached(only, m, NONE))
				is_top = false;
		}
		extra[n] = is_top;
	}
	for (uint32_t n = 0; n < graph.count; n++)
		is_root[n] |= extra[n];
}

static bool dominates(const struct dominators *d, uint32_t x, uint32_t y)
{
	uint32_t at = d->number[y];

	while (at && at != d->number[x])
		at = d->idom[at];
	return at != 0;
}

START_TEST(dominators_of_random_graphs_are_those_of_the_definition)
{
	uint64_t state = (uint64_t)_i + 1;

	for (int round = 0; round < 40; round++) {
		uint32_t nodes = 1 + next_random(&state) % 24, roots[4];
		size_t count = next_random(&state) % (nodes * 3 + 1), root_count = next_random(&state) % 4;
		bool is_root[NODES_MAX] = {false}, is_live[NODES_MAX], is_given[NODES_MAX] = {false};
		struct edge edges[EDGES_MAX];
		struct dominators d;

		for (size_t i = 0; i < count; i++)
			edges[i] = (struct edge){next_random(&state) % nodes, next_random(&state) % nodes};
		for (size_t i = 0; i < root_count; i++)
			is_given[roots[i] = next_random(&state) % nodes] = true;
		make(nodes, edges, count);
		find_roots(roots, root_count, is_root, is_live);
		dominators_compute(
			&graph, &(struct dominator_request){.roots = roots, .root_count = root_count}, &d);
		for (uint32_t x = 0; x < nodes; x++)
			for (uint32_t y = 0; y < nodes; y++) {
				const bool *from = is_live[y] ? is_given : is_root;

				ck_assert_msg(dominates(&d, x, y) == (x == y || !is_reached(from, y, x)),
					"seed %d, round %d: %u and %u", _i, round, x, y);
			}
		for (uint32_t i = 1; i <= nodes; i++)
			ck_assert_uint_lt(d.idom[i], i);
		dominators_deinit(&d);
	}
}
END_TEST

START_TEST(common_dominators_of_random_trees_are_the_nearest)
{
	uint64_t state = (uint64_t)_i + 1000;
	uint32_t idom[200], number[200];
	struct dominators d = {.count = 199, .number = number, .idom = idom};
	struct dominator_tree tree;

	idom[0] = 0;
	for (uint32_t i = 1; i < 200; i++) /* some deep, some wide */
		idom[i] = i - 1 - next_random(&state) % (_i % 2 ? i : i < 4 ? i : 4);
	dominator_tree_init(&tree, &d);
	for (int round = 0; round < 2000; round++) {
		uint32_t x = next_random(&state) % 200, y = next_random(&state) % 200, a = x, b = y;

		while (a != b)
			if (a > b)
				a = idom[a];
			else
				b = idom[b];
		ck_assert_uint_eq(dominator_tree_common(&tree, x, y), a);
	}
	dominator_tree_deinit(&tree);
}
END_TEST

START_TEST(dominators_of_a_chain_of_a_million_need_no_stack)
{
	enum { LENGTH = 1000000 };
	struct edge *edges = xcalloc(LENGTH, sizeof(*edges));
	struct dominators d;
	uint32_t root = 0;

	for (uint32_t n = 0; n < LENGTH; n++)
		edges[n] = (struct edge){n, n + 1};
	make(LENGTH, edges, LENGTH - 1);
	free(edges);
	dominators_compute(&graph, &(struct dominator_request){.roots = &root, .root_count = 1}, &d);
	/* An assertion that holds is a message to the runner, too: a million take minutes. */
	for (uint32_t n = 0; n < LENGTH; n++)
		if (d.idom[d.number[n]] != n)
			ck_abort_msg("node %u", n);
	dominators_deinit(&d);
	hand_graph_free(&graph);
}
END_TEST

/* A list that is linked a long way, and at its end many objects that something at its start has too: the
 * search meets each of them at the far end, and what dominates it is at the near one. */
START_TEST(dominators_far_above_are_found_in_few_steps)
{
	enum { LONG = 100000, MANY = 1000000 };
	struct edge *edges = malloc((LONG + 2 * (size_t)MANY) * sizeof(*edges));
	const uint32_t root = 0;
	struct dominators d;
	size_t count = 0;

	for (uint32_t i = 0; i < LONG; i++)
		edges[count++] = (struct edge){i, i + 1};
	for (uint32_t i = 1; i <= MANY; i++)
		edges[count++] = (struct edge){LONG, LONG + i};
	for (uint32_t i = 1; i <= MANY; i++)
		edges[count++] = (struct edge){0, LONG + i};
	make(LONG + MANY + 1, edges, count);
	dominators_compute(&graph, &(struct dominator_request){.roots = &root, .root_count = 1}, &d);
	for (uint32_t i = 1; i <= MANY; i++)
		if (d.idom[d.number[LONG + i]] != d.number[0])
			ck_abort_msg("of node %u", LONG + i);
	dominators_deinit(&d);
	free(edges);
}
END_TEST

Suite *suite_dominators(void)
{
	Suite *suite = suite_create("dominators");
	TCase *tc = tcase_create("dominators");

	/* A million nodes, under a sanitizer, on a machine that does something else. */
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, dominators_of_nothing);
	tcase_add_test(tc, dominators_of_a_chain_a_diamond_and_a_shared_end);
	tcase_add_test(tc, dominators_of_cycles_and_references_back);
	tcase_add_test(tc, dominators_where_a_semidominator_is_none);
	tcase_add_test(tc, dominators_of_several_roots);
	tcase_add_test(tc, dominators_in_garbage_are_the_same_from_whichever_end);
	tcase_add_test(tc, dominators_do_not_pass_a_barrier);
	tcase_add_loop_test(tc, dominators_of_random_graphs_are_those_of_the_definition, 0, 20);
	tcase_add_loop_test(tc, common_dominators_of_random_trees_are_the_nearest, 0, 10);
	tcase_add_test(tc, dominators_of_a_chain_of_a_million_need_no_stack);
	tcase_add_test(tc, dominators_far_above_are_found_in_few_steps);
	suite_add_tcase(suite, tc);
	return suite;
}
