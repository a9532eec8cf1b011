/* Who waits for whom, and cycles of that. */
#include "inspector/graph/await_graph.h"
#include "tests/unit/fake_python.h"

#include <stdlib.h>
#include <string.h>

Suite *suite_await_graph(void);

#define TASKS 6

static struct fake *f;
static struct asyncio a;
static struct task tasks[TASKS];
static struct lock_holder holders[2];
static uint64_t addresses[TASKS];
static struct await_graph *g;

/* Pending tasks, 0 to 5, that wait for nothing yet. */
static void start(int version)
{
	f = fake_create(version);
	a = (struct asyncio){.py = f->py, .tasks = tasks, .task_count = TASKS};
	for (size_t i = 0; i < TASKS; i++) {
		tasks[i] = (struct task){.name = "t"};
		tasks[i].address = addresses[i] =
			fake_future(f, &(struct fake_future){.coroutine = f->py->none});
		tasks[i].future.role = ROLE_TASK;
		addrmap_put(&a.task_index, tasks[i].address, i);
	}
}

static void teardown(void)
{
	await_graph_destroy(g);
	g = NULL;
	addrmap_deinit(&a.task_index);
	fake_destroy(f);
	f = NULL;
}

static void waits(size_t from, enum wait_kind kind, uint64_t *for_tasks, size_t count)
{
	tasks[from].wait = (struct wait){.kind = kind, .address = 1, .tasks = for_tasks, .task_count = count};
}

static void holds(size_t holder, size_t waiter, struct lock_holder *place)
{
	*place = (struct lock_holder){.primitive = 0x1000, .task = holder};
	tasks[waiter].wait =
		(struct wait){.kind = WAIT_LOCK, .address = 1, .holders = place, .holder_count = 1};
}

START_TEST(edges_lead_both_ways)
{
	uint64_t twice[3];

	start(_i);
	twice[0] = addresses[4];
	twice[1] = addresses[2];
	twice[2] = addresses[4];
	waits(1, WAIT_GATHER, twice, 3);
	waits(3, WAIT_TASK, &addresses[2], 1);
	g = await_graph_build(&a);
	ck_assert_uint_eq(g->edge_count, 3);
	ck_assert_uint_eq(g->first[2] - g->first[1], 2);
	ck_assert_uint_eq(g->edges[g->first[1]].to, 4);
	ck_assert_uint_eq(g->edges[g->first[1] + 1].to, 2);
	ck_assert_uint_eq(g->in_first[3] - g->in_first[2], 2);
	ck_assert_uint_eq(g->edges[g->in[g->in_first[2]]].from, 1);
	ck_assert_uint_eq(g->edges[g->in[g->in_first[2] + 1]].from, 3);
	ck_assert_uint_eq(g->cycle_count, 0);
	for (size_t i = 0; i < TASKS; i++)
		ck_assert_uint_eq(g->cycle_of[i], NO_INDEX);
}
END_TEST

START_TEST(a_task_whose_future_is_done_waits_for_nothing)
{
	start(_i);
	waits(0, WAIT_TASK, &addresses[1], 1);
	waits(1, WAIT_TASK, &addresses[0], 1);
	tasks[1].wait.is_done = true;
	g = await_graph_build(&a);
	ck_assert_uint_eq(g->edge_count, 1);
	ck_assert_uint_eq(g->cycle_count, 0);
}
END_TEST

START_TEST(a_cycle_through_a_lock_has_its_ring)
{
	start(_i);
	waits(0, WAIT_TASK, &addresses[1], 1); /* not in it, but leads to it */
	waits(1, WAIT_TASK, &addresses[2], 1);
	waits(2, WAIT_GATHER, &addresses[3], 2);
	holds(1, 4, &holders[0]);
	g = await_graph_build(&a);
	ck_assert_uint_eq(g->cycle_count, 1);
	ck_assert_uint_eq(g->cycles[0].count, 3);
	ck_assert_uint_eq(g->cycles[0].nodes[0], 1);
	ck_assert_uint_eq(g->cycles[0].ring_count, 3);
	ck_assert_uint_eq(g->edges[g->cycles[0].ring[2]].from, 4);
	ck_assert_uint_eq(g->edges[g->cycles[0].ring[2]].on, 0x1000);
	ck_assert_uint_eq(g->cycles[0].vias, 1U << AWAIT_TASK | 1U << AWAIT_HOLDER);
	ck_assert(!g->cycles[0].has_choice);
	ck_assert_uint_eq(g->cycle_of[0], NO_INDEX);
	ck_assert_uint_eq(g->cycle_of[3], NO_INDEX);
	ck_assert_uint_eq(g->cycle_of[4], 0);
}
END_TEST

START_TEST(a_task_that_holds_what_it_waits_for_is_a_cycle)
{
	start(_i);
	holds(3, 3, &holders[0]);
	waits(0, WAIT_TASK, &addresses[5], 1);
	waits(5, WAIT_TASK, &addresses[0], 1);
	g = await_graph_build(&a);
	ck_assert_uint_eq(g->cycle_count, 2);
	ck_assert_uint_eq(g->cycles[0].nodes[0], 0);
	ck_assert_uint_eq(g->cycles[0].ring_count, 2);
	ck_assert_uint_eq(g->cycles[1].count, 1);
	ck_assert_uint_eq(g->cycles[1].nodes[0], 3);
	ck_assert_uint_eq(g->cycles[1].ring_count, 1);
}
END_TEST

START_TEST(a_semaphore_with_two_holders_leaves_a_choice)
{
	start(_i);
	holds(0, 1, holders);
	holders[1] = (struct lock_holder){.primitive = 0x1000, .task = 2};
	tasks[1].wait.holder_count = 2;
	waits(0, WAIT_TASK, &addresses[1], 1);
	g = await_graph_build(&a);
	ck_assert_uint_eq(g->edge_count, 3);
	ck_assert_uint_eq(g->cycle_count, 1);
	ck_assert(g->cycles[0].has_choice);
}
END_TEST

START_TEST(holders_and_tasks_that_are_not_known_are_no_nodes)
{
	uint64_t unknown[2] = {0x10, 0};

	start(_i);
	holds(NO_INDEX, 0, &holders[0]);
	waits(1, WAIT_WAIT, unknown, 2);
	g = await_graph_build(&a);
	ck_assert_uint_eq(g->edge_count, 0);
}
END_TEST

Suite *suite_await_graph(void)
{
	Suite *suite = suite_create("await_graph");
	TCase *tc = tcase_create("await_graph");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, edges_lead_both_ways, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, a_task_whose_future_is_done_waits_for_nothing, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, a_cycle_through_a_lock_has_its_ring, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, a_task_that_holds_what_it_waits_for_is_a_cycle, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, a_semaphore_with_two_holders_leaves_a_choice, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, holders_and_tasks_that_are_not_known_are_no_nodes, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
