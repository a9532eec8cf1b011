/* Circles of directed graphs. */
#include "inspector/base/alloc.h"
#include "inspector/graph/components.h"
#include "tests/unit/fake_python.h"

#include <stdlib.h>
#include <string.h>

Suite *suite_components(void);

#define SMALL 9

/* A linear congruential generator: the same numbers in every run. */
static unsigned next_number(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

/* A graph from its matrix. */
static void make(bool edge[SMALL][SMALL], size_t *first, size_t *to)
{
	size_t count = 0;

	for (size_t x = 0; x < SMALL; x++) {
		first[x] = count;
		for (size_t y = 0; y < SMALL; y++)
			if (edge[x][y])
				to[count++] = y;
	}
	first[SMALL] = count;
}

/* Warshall's closure: another way to the same truth. */
static void close_matrix(bool reach[SMALL][SMALL])
{
	for (size_t k = 0; k < SMALL; k++)
		for (size_t i = 0; i < SMALL; i++)
			for (size_t j = 0; j < SMALL; j++)
				reach[i][j] |= reach[i][k] && reach[k][j];
}

/* Node that an edge leaves. */
static size_t source(const size_t *first, size_t edge)
{
	size_t node = 0;

	while (edge >= first[node + 1])
		node++;
	return node;
}

static size_t shortest(bool edge[SMALL][SMALL], size_t start)
{
	bool now[SMALL] = {false};

	now[start] = true;
	for (size_t length = 1; length <= SMALL; length++) {
		bool next[SMALL] = {false};

		for (size_t x = 0; x < SMALL; x++)
			for (size_t y = 0; y < SMALL; y++)
				next[y] |= now[x] && edge[x][y];
		if (next[start])
			return length;
		memcpy(now, next, sizeof(now));
	}
	return 0;
}

static void check_ring(
	const struct digraph *graph, const size_t *component, bool edge[SMALL][SMALL], size_t start)
{
	size_t *ring, count = components_ring(graph, component, start, &ring), at = start;

	ck_assert_uint_eq(count, shortest(edge, start));
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_eq(source(graph->first, ring[i]), at);
		at = graph->to[ring[i]];
	}
	ck_assert_uint_eq(at, start);
	free(ring);
}

START_TEST(components_are_what_reaches_each_other)
{
	uint32_t seed = 1;

	for (int round = 0; round < 3000; round++) {
		bool edge[SMALL][SMALL], reach[SMALL][SMALL];
		size_t first[SMALL + 1], to[SMALL * SMALL], component[SMALL];
		struct digraph graph = {SMALL, first, to};
		unsigned density = 2 + next_number(&seed) % 9;
		size_t count;

		for (size_t i = 0; i < SMALL * SMALL; i++)
			edge[i / SMALL][i % SMALL] = next_number(&seed) % density == 0;
		memcpy(reach, edge, sizeof(reach));
		close_matrix(reach);
		make(edge, first, to);
		count = components_find(&graph, component);
		for (size_t x = 0; x < SMALL; x++) {
			ck_assert_uint_lt(component[x], count);
			for (size_t y = 0; y < SMALL; y++) {
				ck_assert_int_eq(
					component[x] == component[y], x == y || (reach[x][y] && reach[y][x]));
				if (edge[x][y])
					ck_assert_uint_ge(component[x], component[y]);
			}
			check_ring(&graph, component, edge, x);
		}
	}
}
END_TEST

START_TEST(components_of_a_million_nodes_in_a_row_and_in_a_ring)
{
	size_t count = 1000000, *first = xcalloc(count + 1, sizeof(*first)),
	       *to = xcalloc(count, sizeof(*to)), *component = xcalloc(count, sizeof(*component)), *ring;
	struct digraph graph = {count, first, to};

	for (size_t i = 0; i < count; i++) {
		first[i + 1] = i + 1;
		to[i] = (i + 1) % count;
	}
	ck_assert_uint_eq(components_find(&graph, component), 1);
	ck_assert_uint_eq(components_ring(&graph, component, 7, &ring), count);
	free(ring);
	first[count] = count - 1;
	ck_assert_uint_eq(components_find(&graph, component), count);
	ck_assert_uint_eq(components_ring(&graph, component, 7, &ring), 0);
	ck_assert_ptr_null(ring);
	free(first);
	free(to);
	free(component);
}
END_TEST

START_TEST(components_of_nothing)
{
	size_t first[1] = {0}, component[1];
	struct digraph graph = {0, first, NULL};

	ck_assert_uint_eq(components_find(&graph, component), 0);
}
END_TEST

Suite *suite_components(void)
{
	Suite *suite = suite_create("components");
	TCase *tests = tcase_create("components");

	tcase_add_test(tests, components_are_what_reaches_each_other);
	tcase_add_test(tests, components_of_a_million_nodes_in_a_row_and_in_a_ring);
	tcase_add_test(tests, components_of_nothing);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	return suite;
}
