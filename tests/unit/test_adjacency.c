/* Runs of numbers by node, whose places are not kept one by one. */
#include "inspector/base/parallel.h"
#include "inspector/graph/adjacency.h"

#include <check.h>
#include <stdlib.h>

Suite *suite_adjacency(void);

static struct adjacency a;

static void teardown(void)
{
	adjacency_deinit(&a);
}

/* Each run where those before it end, and as long as was said. */
static void expect(const uint32_t *degrees, uint32_t count)
{
	uint64_t first = 0;

	adjacency_deinit(&a);
	adjacency_init(&a, count);
	for (uint32_t n = 0; n < count; n++)
		adjacency_set_degree(&a, n, degrees[n]);
	ck_assert(adjacency_place(&a));
	for (uint32_t n = 0; n < count; n++) {
		size_t length;

		if (adjacency_first(&a, n) != first || adjacency_degree(&a, n) != degrees[n])
			ck_abort_msg("node %u", n);
		if (adjacency_run(&a, n, &length) != a.targets + first || length != degrees[n])
			ck_abort_msg("run of node %u", n);
		adjacency_fetch(&a, n);
		adjacency_fetch_run(&a, n);
		first += degrees[n];
	}
	ck_assert_uint_eq(a.target_count, first);
	ck_assert_uint_eq(adjacency_first(&a, count), first);
	for (uint64_t i = 0; i < first; i++)
		if (a.targets[i] != 0)
			ck_abort_msg("target %d is not 0", (int)i);
}

START_TEST(adjacency_of_nothing)
{
	expect(NULL, 0);
	adjacency_deinit(&a);
	adjacency_deinit(&a); /* again */
}
END_TEST

START_TEST(adjacency_of_empty_runs)
{
	const uint32_t degrees[100] = {0};

	for (uint32_t count = 1; count <= 100; count++)
		expect(degrees, count);
}
END_TEST

/* Alone and beside others, in each place of a block, in the first one and in another. */
START_TEST(adjacency_of_a_run_of_any_length_in_any_place)
{
	static const uint32_t lengths[] = {1, 127, 128, 254, 255, 256, 257, 65535, 65536, 100000};

	for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
		for (uint32_t place = 0; place < 2 * ADJACENCY_BLOCK; place++) {
			uint32_t degrees[2 * ADJACENCY_BLOCK] = {0};

			degrees[place] = lengths[l];
			expect(degrees, 2 * ADJACENCY_BLOCK);
			for (uint32_t n = 0; n < 2 * ADJACENCY_BLOCK; n++)
				degrees[n] = n == place ? lengths[l] : n % 3;
			expect(degrees, 2 * ADJACENCY_BLOCK);
			expect(degrees, place + 1);
		}
	}
}
END_TEST

START_TEST(adjacency_of_blocks_that_are_full)
{
	/* 15 of 17 are what no byte tells any more. */
	static const uint32_t lengths[] = {1, 15, 16, 17, 18, 254, 255, 256};
	uint32_t degrees[4 * ADJACENCY_BLOCK];

	for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
		for (uint32_t n = 0; n < 4 * ADJACENCY_BLOCK; n++)
			degrees[n] = lengths[l];
		for (uint32_t count = 1; count <= 4 * ADJACENCY_BLOCK; count++)
			expect(degrees, count);
	}
}
END_TEST

/* Runs of a block that take so many targets in all, the longest of them in each place. */
START_TEST(adjacency_of_blocks_on_the_verge_of_what_bytes_can_tell)
{
	for (uint32_t total = 250; total <= 260; total++) {
		for (uint32_t place = 0; place < ADJACENCY_BLOCK; place++) {
			uint32_t degrees[3 * ADJACENCY_BLOCK] = {0};

			for (uint32_t n = 0; n < ADJACENCY_BLOCK; n++)
				degrees[ADJACENCY_BLOCK + n] = n == place ? total - 15 : 1;
			expect(degrees, 3 * ADJACENCY_BLOCK);
			/* Beside one that is wide, and with nothing behind. */
			degrees[0] = degrees[2 * ADJACENCY_BLOCK] = 1000;
			expect(degrees, 3 * ADJACENCY_BLOCK);
			expect(degrees, ADJACENCY_BLOCK + place + 1);
		}
	}
}
END_TEST

/* The last run of a block ends where the next block starts, however long it is. */
START_TEST(adjacency_is_wide_for_none_but_the_runs_before_the_last)
{
	uint32_t degrees[3 * ADJACENCY_BLOCK] = {0};

	degrees[ADJACENCY_BLOCK - 1] = degrees[2 * ADJACENCY_BLOCK - 1] = 100000;
	degrees[ADJACENCY_BLOCK] = ADJACENCY_WIDE - 1;
	expect(degrees, 3 * ADJACENCY_BLOCK);
	ck_assert_uint_eq(a.wide_count, 0);
	degrees[ADJACENCY_BLOCK]++;
	expect(degrees, 3 * ADJACENCY_BLOCK);
	ck_assert_uint_eq(a.wide_count, 1);
}
END_TEST

static uint32_t random_degree(void)
{
	switch (rand() % 8) {
	case 0:
	case 1:
		return 0;
	case 2:
		return 250 + (uint32_t)rand() % 10;
	case 3:
		return rand() % 16 ? 1 : (uint32_t)rand() % 3000;
	default:
		return (uint32_t)rand() % 20;
	}
}

START_TEST(adjacency_of_random_runs_is_that_of_plain_arrays)
{
	uint32_t *degrees, count;

	srand((unsigned)_i);
	count = 1 + (uint32_t)rand() % 5000;
	degrees = xcalloc(count, sizeof(*degrees));
	for (uint32_t n = 0; n < count; n++)
		degrees[n] = random_degree();
	expect(degrees, count);
	free(degrees);
}
END_TEST

#define SHARED ((uint32_t)40000)

static uint32_t degree_of(uint32_t node)
{
	return node % 97 == 0 ? 300 + node % 7 : node % 5;
}

static void set_some(void *context, unsigned thread)
{
	for (uint32_t n = thread; n < SHARED; n += *(const unsigned *)context)
		adjacency_set_degree(&a, n, degree_of(n));
}

/* Neighbours in one block by several threads, the long ones in any order. */
START_TEST(adjacency_by_several_threads)
{
	unsigned threads = 4;
	uint64_t first = 0;

	adjacency_init(&a, SHARED);
	parallel_run(threads, set_some, &threads);
	ck_assert(adjacency_place(&a));
	for (uint32_t n = 0; n < SHARED; n++) {
		if (adjacency_first(&a, n) != first || adjacency_degree(&a, n) != degree_of(n))
			ck_abort_msg("node %u", n);
		first += degree_of(n);
	}
}
END_TEST

/* Before anything is taken for them; the last block alone is too much, or what comes before it. */
START_TEST(adjacency_of_more_than_numbers_can_tell_is_refused)
{
	adjacency_init(&a, 1);
	adjacency_set_degree(&a, 0, UINT32_MAX);
	ck_assert(!adjacency_place(&a));
	adjacency_deinit(&a);
	adjacency_init(&a, 3 * ADJACENCY_BLOCK);
	adjacency_set_degree(&a, 1, UINT32_MAX / 2);
	adjacency_set_degree(&a, 1 + ADJACENCY_BLOCK, UINT32_MAX / 2 + 1);
	ck_assert(!adjacency_place(&a));
	adjacency_deinit(&a);
	adjacency_init(&a, 3 * ADJACENCY_BLOCK);
	for (uint32_t n = 0; n < 3 * ADJACENCY_BLOCK; n++)
		adjacency_set_degree(&a, n, UINT32_MAX);
	ck_assert(!adjacency_place(&a));
	ck_assert_ptr_null(a.targets);
}
END_TEST

Suite *suite_adjacency(void)
{
	Suite *suite = suite_create("adjacency");
	TCase *tc = tcase_create("adjacency");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, adjacency_of_nothing);
	tcase_add_test(tc, adjacency_of_empty_runs);
	tcase_add_test(tc, adjacency_of_a_run_of_any_length_in_any_place);
	tcase_add_test(tc, adjacency_of_blocks_that_are_full);
	tcase_add_test(tc, adjacency_of_blocks_on_the_verge_of_what_bytes_can_tell);
	tcase_add_test(tc, adjacency_is_wide_for_none_but_the_runs_before_the_last);
	tcase_add_loop_test(tc, adjacency_of_random_runs_is_that_of_plain_arrays, 0, 20);
	tcase_add_test(tc, adjacency_by_several_threads);
	tcase_add_test(tc, adjacency_of_more_than_numbers_can_tell_is_refused);
	suite_add_tcase(suite, tc);
	return suite;
}
