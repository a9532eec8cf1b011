#include "inspector/graph/wake_fix.h"
#include "tests/unit/hand_graph.h"

#include <check.h>
#include <stdlib.h>

Suite *suite_wake_fix(void);

/* Graphs made by hand: a task is a node, its frame another one that it blocks, its future a third. */

enum { NODES_MAX = 32, EDGES_MAX = 64, TASKS_MAX = 8 };

static struct graph graph;
static uint64_t statics[1];
static struct wake_task tasks[TASKS_MAX];
static size_t task_count;
static uint32_t loop_nodes[2];
static enum wake_loop_state loop_states[2];
static size_t loop_count;

#define NODES(...)                                                                                           \
	(const struct edge[]){__VA_ARGS__}, sizeof((const struct edge[]){__VA_ARGS__}) / sizeof(struct edge)

static struct wake_fix *make(uint32_t nodes, const struct edge *edges, size_t count)
{
	hand_graph_make(&graph, nodes, edges, count);
	graph.statics = statics;
	return wake_fix_create(&graph, tasks, task_count, loop_nodes, loop_states, loop_count);
}

static void setup(void)
{
	task_count = loop_count = 0;
	statics[0] = 0;
}

static void add_task(uint32_t node, uint32_t waits_for)
{
	tasks[task_count++] = (struct wake_task){node, waits_for, SIZE_MAX, loop_count ? 0 : SIZE_MAX};
}

static bool is_woken(const struct wake_fix *fix, size_t task)
{
	return wake_fix_result(fix, task).is_woken;
}

static void run(struct wake_fix *fix, uint32_t root)
{
	wake_fix_prepare(fix);
	wake_fix_round(fix, ROUND_DIRECT);
	wake_fix_mark(fix, root, 7);
	wake_fix_run(fix);
}

START_TEST(who_reaches_the_future_wakes_the_task)
{
	struct wake_fix *fix;

	add_task(1, 3);
	fix = make(4, NODES({0, 3}, {1, 2}, {2, 3}));
	wake_fix_block(fix, 0, 2);
	run(fix, 0);
	ck_assert(is_woken(fix, 0));
	ck_assert_uint_eq(wake_fix_result(fix, 0).source, 7);
	ck_assert_int_eq(wake_fix_result(fix, 0).round, ROUND_DIRECT);
	ck_assert(wake_fix_is_marked(fix, 2));
	wake_fix_destroy(fix);
}
END_TEST

START_TEST(a_task_that_is_reached_is_not_woken_by_its_own_frames)
{
	struct wake_fix *fix;

	add_task(1, 3);
	fix = make(4, NODES({0, 1}, {1, 2}, {2, 3}, {3, 1}));
	wake_fix_block(fix, 0, 2);
	run(fix, 0);
	ck_assert(!is_woken(fix, 0));
	ck_assert(wake_fix_is_marked(fix, 1));
	ck_assert(!wake_fix_is_marked(fix, 2));
	wake_fix_destroy(fix);
}
END_TEST

START_TEST(a_frame_that_was_reached_early_is_passed_once_its_task_is_woken)
{
	struct wake_fix *fix;

	/* 0 -> frame 2 of task 1 -> future 4 of task 5; the future 3 of task 1 is reached late. */
	add_task(1, 3);
	add_task(5, 4);
	fix = make(7, NODES({0, 2}, {2, 4}, {6, 3}));
	wake_fix_block(fix, 0, 2);
	run(fix, 0);
	ck_assert(!is_woken(fix, 0));
	ck_assert(!is_woken(fix, 1));
	wake_fix_mark(fix, 6, 8);
	wake_fix_run(fix);
	ck_assert(is_woken(fix, 0));
	ck_assert(is_woken(fix, 1));
	ck_assert_uint_eq(wake_fix_result(fix, 1).by_task, 0);
	ck_assert_uint_eq(wake_fix_result(fix, 1).source, NO_SOURCE);
	wake_fix_destroy(fix);
}
END_TEST

START_TEST(two_that_hold_each_others_future_never_wake)
{
	struct wake_fix *fix;

	add_task(1, 3);
	add_task(4, 6);
	fix = make(7, NODES({0, 1}, {0, 4}, {1, 2}, {2, 6}, {2, 3}, {4, 5}, {5, 3}, {5, 6}));
	wake_fix_block(fix, 0, 2);
	wake_fix_block(fix, 1, 5);
	run(fix, 0);
	wake_fix_round(fix, ROUND_IDLE);
	wake_fix_run(fix);
	wake_fix_round(fix, ROUND_NATIVE);
	wake_fix_run(fix);
	ck_assert(!is_woken(fix, 0));
	ck_assert(!is_woken(fix, 1));
	wake_fix_destroy(fix);
}
END_TEST

START_TEST(a_chain_of_tasks_wakes_one_after_the_other)
{
	struct wake_fix *fix;

	/* Each frame has the next one's future. */
	for (uint32_t i = 0; i < 5; i++)
		add_task(1 + 3 * i, 3 + 3 * i);
	fix = make(16, NODES({0, 3}, {2, 6}, {5, 9}, {8, 12}, {11, 15}));
	for (uint32_t i = 0; i < 5; i++)
		wake_fix_block(fix, i, 2 + 3 * i);
	run(fix, 0);
	for (size_t i = 0; i < 5; i++)
		ck_assert(is_woken(fix, i));
	ck_assert_uint_eq(wake_fix_result(fix, 4).by_task, 3);
	wake_fix_destroy(fix);
}
END_TEST

START_TEST(an_awaited_task_wakes_by_its_end_alone)
{
	struct wake_fix *fix;

	add_task(1, 4);
	tasks[0].awaited_task = 1;
	add_task(4, 6);
	fix = make(8, NODES({0, 4}, {7, 6}));
	run(fix, 0);
	ck_assert(wake_fix_is_marked(fix, 4));
	ck_assert(!is_woken(fix, 0));
	wake_fix_mark(fix, 7, 9);
	wake_fix_run(fix);
	ck_assert(is_woken(fix, 1));
	ck_assert(is_woken(fix, 0));
	ck_assert_uint_eq(wake_fix_result(fix, 0).by_task, 1);
	wake_fix_destroy(fix);
}
END_TEST

START_TEST(tasks_that_await_each_other_never_wake)
{
	struct wake_fix *fix;

	add_task(1, 2);
	tasks[0].awaited_task = 1;
	add_task(2, 1);
	tasks[1].awaited_task = 0;
	fix = make(3, NODES({0, 1}, {0, 2}));
	run(fix, 0);
	ck_assert(!is_woken(fix, 0));
	ck_assert(!is_woken(fix, 1));
	wake_fix_destroy(fix);
}
END_TEST

START_TEST(modules_and_types_are_passed_in_the_idle_round)
{
	struct wake_fix *fix;

	add_task(1, 3);
	statics[0] = 1 << 2;
	fix = make(4, NODES({0, 2}, {2, 3}));
	run(fix, 0);
	wake_fix_round(fix, ROUND_ACTIVE);
	wake_fix_run(fix);
	ck_assert(!is_woken(fix, 0));
	wake_fix_round(fix, ROUND_IDLE);
	wake_fix_run(fix);
	ck_assert(is_woken(fix, 0));
	ck_assert_int_eq(wake_fix_result(fix, 0).round, ROUND_IDLE);
	wake_fix_destroy(fix);
}
END_TEST

START_TEST(a_loop_that_runs_is_passed_in_the_active_round)
{
	struct wake_fix *fix;

	loop_count = 1;
	loop_nodes[0] = 2;
	loop_states[0] = WAKE_LOOP_RUNS;
	add_task(1, 3);
	fix = make(4, NODES({0, 2}, {2, 3}));
	run(fix, 0);
	ck_assert(!is_woken(fix, 0));
	wake_fix_round(fix, ROUND_ACTIVE);
	wake_fix_run(fix);
	ck_assert(is_woken(fix, 0));
	wake_fix_destroy(fix);
}
END_TEST

START_TEST(a_task_of_a_closed_loop_never_wakes)
{
	struct wake_fix *fix;

	loop_count = 1;
	loop_nodes[0] = 2;
	loop_states[0] = WAKE_LOOP_CLOSED;
	add_task(1, 3);
	fix = make(4, NODES({0, 2}, {0, 3}));
	run(fix, 0);
	wake_fix_round(fix, ROUND_IDLE);
	wake_fix_run(fix);
	wake_fix_round(fix, ROUND_NATIVE);
	wake_fix_run(fix);
	ck_assert(!is_woken(fix, 0));
	ck_assert(wake_fix_result(fix, 0).waits_for_loop);
	wake_fix_destroy(fix);
}
END_TEST

START_TEST(a_task_of_a_stopped_loop_wakes_when_the_loop_is_reached_before_or_after)
{
	for (int later = 0; later < 2; later++) {
		struct wake_fix *fix;

		setup();
		loop_count = 1;
		loop_nodes[0] = 2;
		loop_states[0] = WAKE_LOOP_IDLE;
		add_task(1, 3);
		fix = make(5, NODES({0, 3}, {4, 2}));
		run(fix, later ? 0 : 4);
		ck_assert(!is_woken(fix, 0));
		wake_fix_round(fix, ROUND_IDLE);
		wake_fix_run(fix);
		ck_assert(!is_woken(fix, 0));
		wake_fix_mark(fix, later ? 4 : 0, 9);
		wake_fix_run(fix);
		ck_assert(is_woken(fix, 0));
		wake_fix_destroy(fix);
	}
}
END_TEST

START_TEST(weak_references_are_ways)
{
	struct wake_fix *fix;

	add_task(1, 3);
	fix = make(4, NODES({0, 2}));
	wake_fix_link(fix, 2, 3);
	run(fix, 0);
	ck_assert(is_woken(fix, 0));
	wake_fix_destroy(fix);
}
END_TEST

START_TEST(what_a_suspended_task_keeps_open_is_a_way)
{
	struct wake_fix *fix;

	/* 1 is a task with an attribute 4, which has the future 3 of another. */
	add_task(1, NO_NODE);
	add_task(5, 3);
	fix = make(6, NODES({0, 1}, {1, 4}, {1, 2}, {4, 3}));
	wake_fix_keep(fix, 1, 4);
	run(fix, 0);
	ck_assert(!is_woken(fix, 0));
	ck_assert(is_woken(fix, 1));
	ck_assert(!wake_fix_is_marked(fix, 2));
	wake_fix_destroy(fix);
}
END_TEST

START_TEST(who_has_a_method_of_the_task_wakes_it)
{
	struct wake_fix *fix;

	add_task(1, 3);
	fix = make(4, NODES({0, 2}, {2, 1}));
	wake_fix_grip(fix, 2, 0);
	run(fix, 0);
	ck_assert(is_woken(fix, 0));
	wake_fix_destroy(fix);
}
END_TEST

START_TEST(a_task_that_would_be_cancelled_with_another_follows_it)
{
	struct wake_fix *fix;

	add_task(1, 3);
	add_task(4, 5);
	fix = make(6, NODES({0, 3}));
	wake_fix_follow(fix, 0, 1);
	run(fix, 0);
	ck_assert(is_woken(fix, 1));
	ck_assert_uint_eq(wake_fix_result(fix, 1).by_task, 0);
	wake_fix_destroy(fix);
}
END_TEST

START_TEST(a_task_that_the_graph_does_not_have_is_never_woken)
{
	struct wake_fix *fix;

	add_task(NO_NODE, NO_NODE);
	fix = make(2, NODES({0, 1}));
	run(fix, 0);
	wake_fix_wake(fix, 0, 7);
	wake_fix_run(fix);
	ck_assert(!is_woken(fix, 0));
	wake_fix_destroy(fix);
}
END_TEST

START_TEST(the_first_source_is_told)
{
	struct wake_fix *fix;

	add_task(1, 3);
	fix = make(4, NODES({0, 3}, {2, 3}));
	wake_fix_prepare(fix);
	wake_fix_round(fix, ROUND_DIRECT);
	wake_fix_mark(fix, 2, 1);
	wake_fix_run(fix);
	wake_fix_mark(fix, 0, 2);
	wake_fix_run(fix);
	ck_assert_uint_eq(wake_fix_result(fix, 0).source, 1);
	wake_fix_destroy(fix);
}
END_TEST

/* By brute force: mark, wake, repeat, with no order to get wrong. */
static void solve(uint32_t nodes, const uint32_t *frames, bool *woken)
{
	bool marked[NODES_MAX] = {[0] = true}, changed = true;
	const uint32_t *targets;
	size_t count;

	while (changed) {
		changed = false;
		for (uint32_t n = 0; n < nodes; n++) {
			bool passes = marked[n];

			for (size_t t = 0; t < task_count; t++)
				if ((tasks[t].node == n || frames[t] == n) && !woken[t])
					passes = false;
			targets = graph_targets(&graph, n, &count);
			for (size_t k = 0; passes && k < count; k++) {
				changed |= !marked[targets[k]];
				marked[targets[k]] = true;
			}
		}
		for (size_t t = 0; t < task_count; t++) {
			bool wakes = tasks[t].awaited_task != SIZE_MAX ? woken[tasks[t].awaited_task]
								       : marked[tasks[t].waits_for];

			if (!wakes || woken[t])
				continue;
			woken[t] = marked[tasks[t].node] = marked[frames[t]] = changed = true;
		}
	}
}

static uint32_t next_random(uint64_t *state, uint32_t below)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(*state >> 33) % below;
}

START_TEST(on_random_graphs_it_says_what_brute_force_says)
{
	uint64_t state = 42;
	size_t awake = 0, asleep = 0;

	for (int round = 0; round < 2000; round++) {
		uint32_t nodes = 14 + next_random(&state, NODES_MAX - 14), frames[TASKS_MAX];
		size_t count = 4 + next_random(&state, 40);
		struct edge edges[EDGES_MAX];
		bool woken[TASKS_MAX] = {false};
		struct wake_fix *fix;

		setup();
		for (size_t i = 0; i < count; i++)
			edges[i] = (struct edge){next_random(&state, nodes), next_random(&state, nodes)};
		for (uint32_t t = 0; t < 4; t++) {
			add_task(1 + 2 * t, 9 + next_random(&state, nodes - 9));
			frames[t] = 2 + 2 * t;
			if (next_random(&state, 4) == 0)
				tasks[t].awaited_task = next_random(&state, 4);
		}
		fix = make(nodes, edges, count);
		for (size_t t = 0; t < 4; t++)
			wake_fix_block(fix, t, frames[t]);
		run(fix, 0);
		solve(nodes, frames, woken);
		for (size_t t = 0; t < 4; t++) {
			ck_assert_msg(is_woken(fix, t) == woken[t], "round %d, task %zu", round, t);
			awake += woken[t];
			asleep += !woken[t];
		}
		wake_fix_destroy(fix);
	}
	ck_assert_uint_gt(awake, 500);
	ck_assert_uint_gt(asleep, 500);
}
END_TEST

Suite *suite_wake_fix(void)
{
	Suite *suite = suite_create("wake_fix");
	TCase *tc = tcase_create("wake_fix");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, who_reaches_the_future_wakes_the_task);
	tcase_add_test(tc, a_task_that_is_reached_is_not_woken_by_its_own_frames);
	tcase_add_test(tc, a_frame_that_was_reached_early_is_passed_once_its_task_is_woken);
	tcase_add_test(tc, two_that_hold_each_others_future_never_wake);
	tcase_add_test(tc, a_chain_of_tasks_wakes_one_after_the_other);
	tcase_add_test(tc, an_awaited_task_wakes_by_its_end_alone);
	tcase_add_test(tc, tasks_that_await_each_other_never_wake);
	tcase_add_test(tc, modules_and_types_are_passed_in_the_idle_round);
	tcase_add_test(tc, a_loop_that_runs_is_passed_in_the_active_round);
	tcase_add_test(tc, a_task_of_a_closed_loop_never_wakes);
	tcase_add_test(tc, a_task_of_a_stopped_loop_wakes_when_the_loop_is_reached_before_or_after);
	tcase_add_test(tc, weak_references_are_ways);
	tcase_add_test(tc, what_a_suspended_task_keeps_open_is_a_way);
	tcase_add_test(tc, who_has_a_method_of_the_task_wakes_it);
	tcase_add_test(tc, a_task_that_would_be_cancelled_with_another_follows_it);
	tcase_add_test(tc, a_task_that_the_graph_does_not_have_is_never_woken);
	tcase_add_test(tc, the_first_source_is_told);
	tcase_add_test(tc, on_random_graphs_it_says_what_brute_force_says);
	suite_add_tcase(suite, tc);
	return suite;
}
