/* The rules, on a small program whose model is then changed by hand: what is an error, what is less, and what
 * is none. */
#include "inspector/findings/alike_tasks.h"
#include "inspector/python/era.h"
#include "tests/unit/fake_python.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

Suite *suite_rules(void);

static struct fake *f;
static struct fake_world world;
static struct model model;
static struct asyncio *a;

static void teardown(void)
{
	await_graph_destroy(model.awaits);
	asyncio_destroy(a);
	free(model.findings);
	model = (struct model){0};
	a = NULL;
	fake_destroy(f);
	f = NULL;
}

static void link_tasks(void)
{
	await_graph_destroy(model.awaits);
	model.awaits = await_graph_build(a);
}

/* Without the reference graph: rules that need it are tested on processes. */
static void collect(void)
{
	const struct asyncio_options options = {.needs_heap = true};
	struct error err = ERROR_INIT;

	a = asyncio_collect(f->py, &options, &err);
	ck_assert_msg(a != NULL, "%s", err.text);
	model = (struct model){.py = f->py, .asyncio = a};
	link_tasks();
}

static void begin(int version)
{
	f = fake_create(version);
	fake_world(f, &world);
}

static struct task *task_at(uint64_t address)
{
	size_t index = asyncio_find_task(a, address);

	ck_assert_uint_ne(index, NO_INDEX);
	return &a->tasks[index];
}

static const struct finding *only_finding(const char *rule, enum severity severity)
{
	ck_assert_uint_eq(model.finding_count, 1);
	ck_assert_str_eq(model.findings[0].rule, rule);
	ck_assert_str_eq(severity_name(model.findings[0].severity), severity_name(severity));
	ck_assert_uint_gt(model.findings[0].evidence_count, 0);
	ck_assert_str_ne(model.findings[0].advice, "");
	return &model.findings[0];
}

static void forget_findings(void)
{
	model.finding_count = 0;
}

static uint64_t error_of(const char *text)
{
	return fake_exception(f, "RuntimeError", fake_tuple(f, fake_str(f, text)));
}

/* worker-1 has failed. */
static void fail_task(uint64_t exception, bool is_retrieved)
{
	struct task *task = task_at(world.task);

	task->future.state = FUTURE_FINISHED;
	task->future.exception = exception;
	task->future.exception_unretrieved = !is_retrieved;
}

/* Alike ------------------------------------------------------------------------------------------------ */

START_TEST(alike_tasks_are_one_finding)
{
	const struct finding *finding;
	struct task tasks[7];

	begin(_i);
	collect();
	for (size_t i = 0; i < 7; i++)
		tasks[i] = (struct task){.address = 0x1000 + i, .name = "t", .coroutine_qualname = "work"};
	struct alike_tasks list = ALIKE_TASKS_INIT(&model);
	for (size_t i = 0; i < 7; i++)
		alike_evidence(
			&list, alike_add(&list, &tasks[i], SEVERITY_ERROR, "k", "title %zu", i), "seen");
	alike_report(&list, "rule", true, "advice");
	finding = only_finding("rule", SEVERITY_ERROR);
	ck_assert_str_eq(finding->title, "title 0 and 6 more like it");
	ck_assert_uint_eq(finding->object_count, 7);
	ck_assert_uint_eq(finding->objects[6], 0x1006);
	ck_assert_uint_eq(finding->evidence_count, 2);
	ck_assert_ptr_nonnull(strstr(finding->evidence[1], "and 2 more"));
	ck_assert(finding->is_inferred);
}
END_TEST

START_TEST(tasks_differ_by_key_coroutine_and_severity)
{
	struct task x = {.address = 1, .name = "x", .coroutine_qualname = "work"}, y = x, z = x;

	begin(_i);
	collect();
	z.coroutine_qualname = "other";
	struct alike_tasks list = ALIKE_TASKS_INIT(&model);
	alike_add(&list, &x, SEVERITY_WARNING, "k", "x");
	alike_add(&list, &y, SEVERITY_WARNING, "another", "y");
	alike_add(&list, &y, SEVERITY_ERROR, "k", "y as error");
	alike_add(&list, &z, SEVERITY_WARNING, "k", "z");
	alike_report(&list, "rule", false, "advice");
	ck_assert_uint_eq(model.finding_count, 4);
	ck_assert_str_eq(model.findings[0].title, "y as error");
}
END_TEST

/* By exceptions ---------------------------------------------------------------------------------------- */

START_TEST(reused_coroutine_is_known_by_its_words)
{
	begin(_i);
	collect();
	fail_task(error_of("cannot reuse already awaited coroutine"), false);
	rule_reused_coroutine(&model);
	ck_assert_uint_eq(only_finding("reused-coroutine", SEVERITY_ERROR)->objects[0], world.task);
	forget_findings();
	fail_task(error_of("cannot reuse already awaited coroutine"), true);
	rule_reused_coroutine(&model);
	only_finding("reused-coroutine", SEVERITY_WARNING);
	forget_findings();
	fail_task(error_of("cannot reuse the towel"), false);
	rule_reused_coroutine(&model);
	ck_assert_uint_eq(model.finding_count, 0);
}
END_TEST

START_TEST(words_are_found_in_what_an_exception_came_of)
{
	uint64_t outer;

	begin(_i);
	collect();
	outer = error_of("the request failed");
	fake_set(f, outer, FIELD_ref_exception_cause,
		error_of("Task <Task> got Future <Future> attached to a different loop"));
	fail_task(outer, false);
	rule_wrong_loop(&model);
	only_finding("wrong-loop", SEVERITY_ERROR);
}
END_TEST

START_TEST(waiting_for_a_future_of_another_loop_is_an_error)
{
	begin(_i);
	collect();
	rule_wrong_loop(&model);
	ck_assert_uint_eq(model.finding_count, 0);
	fake_set(f, world.future, FIELD_future_loop, world.container);
	rule_wrong_loop(&model);
	ck_assert_uint_eq(only_finding("wrong-loop", SEVERITY_ERROR)->objects[0], world.task);
}
END_TEST

START_TEST(exception_is_unretrieved_until_somebody_is_told)
{
	struct handle handle = {0};

	begin(_i);
	collect();
	/* Task-7 waits for worker-1: it will look. */
	fail_task(error_of("x"), false);
	link_tasks();
	rule_unretrieved_exception(&model);
	ck_assert_uint_eq(model.finding_count, 0);
	task_at(world.waiting_task)->wait = (struct wait){0};
	link_tasks();
	rule_unretrieved_exception(&model);
	ck_assert_uint_eq(only_finding("unretrieved-exception", SEVERITY_ERROR)->objects[0], world.task);
	forget_findings();
	/* A callback with it is next. */
	handle.future = world.task;
	a->loops[0].ready_handles = (struct handles){.count = 1, .items = &handle};
	rule_unretrieved_exception(&model);
	ck_assert_uint_eq(model.finding_count, 0);
}
END_TEST

/* Cancelled -------------------------------------------------------------------------------------------- */

static void ask_to_cancel(void)
{
	task_at(world.task)->parts.cancel_requests = 1;
}

START_TEST(ignored_cancel_is_one_that_left_nothing)
{
	begin(_i);
	collect();
	rule_ignored_cancel(&model);
	ck_assert_uint_eq(model.finding_count, 0);
	ask_to_cancel();
	rule_ignored_cancel(&model);
	/* TaskGroups of 3.11 and 3.12 leave requests behind. */
	ck_assert(only_finding(
		"ignored-cancel", f->py->era->task_groups_leave_requests ? SEVERITY_INFO : SEVERITY_WARNING)
			  ->is_inferred);
	ck_assert_int_eq(f->py->era->task_groups_leave_requests, f->version != FAKE_313);
}
END_TEST

START_TEST(cancel_that_is_handled_or_on_its_way_is_not_ignored)
{
	uint64_t class, exception;
	struct task *task;

	begin(_i);
	class = fake_class(f, &(struct fake_class){.name = "CancelledError",
				      .module = "asyncio.exceptions",
				      .base = fake_type(f, "BaseException")});
	exception = fake_object(f, class, 72);
	fake_set(f, world.inner, FIELD_gen_exc_value, exception);
	collect();
	ask_to_cancel();
	rule_ignored_cancel(&model);
	ck_assert_uint_eq(model.finding_count, 0);
	/* In a finally after an exception that came of it. */
	fake_set(f, world.inner, FIELD_gen_exc_value, error_of("while closing"));
	fake_set(f, fake_get(f, world.inner, FIELD_gen_exc_value), FIELD_ref_exception_context, exception);
	rule_ignored_cancel(&model);
	ck_assert_uint_eq(model.finding_count, 0);
	fake_set(f, world.inner, FIELD_gen_exc_value, 0);
	task = task_at(world.task);
	task->parts.must_cancel = true;
	rule_ignored_cancel(&model);
	ck_assert_uint_eq(model.finding_count, 0);
	task->parts.must_cancel = false;
	task->wait.is_done = true;
	rule_ignored_cancel(&model);
	ck_assert_uint_eq(model.finding_count, 0);
	task->wait.is_done = false;
	task->wait.kind = WAIT_TASK_GROUP;
	rule_ignored_cancel(&model);
	ck_assert_uint_eq(model.finding_count, 0);
	task->wait.kind = WAIT_FUTURE;
	rule_ignored_cancel(&model);
	ck_assert_uint_eq(model.finding_count, 1);
}
END_TEST

/* Task-7 awaits worker-1 and was cancelled: worker-1 was asked as well. */
START_TEST(cancel_of_who_waits_for_a_cancelled_task_is_on_its_way)
{
	begin(_i);
	if (python_has(f->py, FIELD_task_cancel_requests))
		fake_set(f, world.task, FIELD_task_cancel_requests, 1);
	collect();
	task_at(world.waiting_task)->parts.cancel_requests = 1;
	task_at(world.task)->parts.cancel_requests = 0;
	rule_ignored_cancel(&model);
	ck_assert_uint_eq(model.finding_count, 0);
}
END_TEST

/* Circles ---------------------------------------------------------------------------------------------- */

static void make_circle(void)
{
	static uint64_t second[1];
	struct task *x = task_at(world.task);

	second[0] = world.waiting_task;
	x->wait.kind = WAIT_TASK;
	x->wait.task_count = 1;
	x->wait.tasks = second;
	link_tasks();
}

START_TEST(circle_of_tasks_is_an_error_unless_a_timeout_ends_it)
{
	const struct finding *finding;
	struct handle timer;

	begin(_i);
	collect();
	rule_await_cycle(&model);
	ck_assert_uint_eq(model.finding_count, 0);
	make_circle();
	rule_deadlock(&model);
	ck_assert_uint_eq(model.finding_count, 0);
	rule_await_cycle(&model);
	finding = only_finding("await-cycle", SEVERITY_ERROR);
	ck_assert_uint_eq(finding->object_count, 2);
	ck_assert(!finding->is_inferred);
	forget_findings();
	timer = (struct handle){.is_timer = true, .task = world.task};
	a->loops[0].timers = (struct handles){.count = 1, .items = &timer};
	rule_await_cycle(&model);
	only_finding("await-cycle", SEVERITY_WARNING);
	forget_findings();
	timer.is_cancelled = true;
	rule_await_cycle(&model);
	only_finding("await-cycle", SEVERITY_ERROR);
}
END_TEST

START_TEST(deadlock_on_a_lock_is_an_error_and_inferred)
{
	uint64_t lock_class, lock;
	struct lock_holder holder;
	const struct finding *finding;
	struct task *x;

	begin(_i);
	lock_class = fake_class(
		f, &(struct fake_class){.name = "Lock", .module = "asyncio.locks", .has_dict = true});
	lock = fake_track(f, 1, fake_instance(f, lock_class, 0));
	collect();
	x = task_at(world.task);
	holder = (struct lock_holder){.primitive = lock,
		.task = asyncio_find_task(a, world.waiting_task),
		.qualname = "waiter",
		.grounds = "it was seen"};
	x->wait.kind = WAIT_LOCK;
	x->wait.on = lock;
	x->wait.holder_count = 1;
	x->wait.holders = &holder;
	link_tasks();
	rule_await_cycle(&model);
	ck_assert_uint_eq(model.finding_count, 0);
	rule_deadlock(&model);
	finding = only_finding("deadlock", SEVERITY_ERROR);
	ck_assert(finding->is_inferred);
	ck_assert_uint_eq(finding->object_count, 3);
	ck_assert_uint_eq(finding->objects[2], lock);
}
END_TEST

/* Loops ------------------------------------------------------------------------------------------------ */

/* The thread is in select(timeout), called with this; 0: without a value that can be read. */
static void poll_with(uint64_t timeout)
{
	uint64_t code = fake_code(
		f, &(struct fake_code){.name = "select", .file = "/lib/selectors.py", .locals = {"timeout"}});
	uint64_t frame = fake_frame(
		f, &(struct fake_frame){.code = code, .slots = &timeout, .slot_count = 1, .stacktop = -1});

	ck_assert(pyframe_read(f->py, frame, &a->threads.threads[0].frames[0], NULL));
}

START_TEST(wakeup_is_missed_when_the_loop_sleeps)
{
	struct handle handle;
	struct task *task;

	begin(_i);
	collect();
	task = task_at(world.task);
	task->wait.is_done = true;
	handle = (struct handle){.task = world.task};
	a->loops[0].ready_handles = (struct handles){.count = 1, .items = &handle};
	poll_with(fake_none(f));
	rule_missed_wakeup(&model);
	ck_assert_uint_eq(only_finding("missed-wakeup", SEVERITY_ERROR)->objects[0], world.task);
	forget_findings();
	poll_with(fake_float(f, 2.5));
	rule_missed_wakeup(&model);
	ck_assert_uint_eq(model.finding_count, 1);
	forget_findings();
	/* It knows that something is ready. */
	poll_with(fake_int(f, 0));
	rule_missed_wakeup(&model);
	poll_with(0);
	rule_missed_wakeup(&model);
	poll_with(fake_none(f));
	handle.is_cancelled = true;
	rule_missed_wakeup(&model);
	handle.is_cancelled = false;
	task->wait.is_done = false;
	rule_missed_wakeup(&model);
	task->wait.is_done = true;
	a->loops[0].doing = LOOP_IN_CALLBACK;
	rule_missed_wakeup(&model);
	ck_assert_uint_eq(model.finding_count, 0);
}
END_TEST

static void execute(bool is_waiting, uint64_t number, double seconds)
{
	struct loop *loop = &a->loops[0];

	loop->doing = LOOP_IN_CALLBACK;
	loop->slow_callback_duration = 0.1;
	loop->now = 1000;
	loop->now_is_bound = false;
	loop->round_began = 1000 - seconds;
	a->threads.threads[0].call = (struct system_call){.is_waiting = is_waiting, .number = number};
	forget_findings();
	rule_blocked_loop(&model);
}

START_TEST(loop_is_blocked_by_time_and_by_what_its_thread_does)
{
	begin(_i);
	collect();
	rule_blocked_loop(&model); /* it polls */
	ck_assert_uint_eq(model.finding_count, 0);
	execute(true, SYS_recvfrom, 0.05);
	ck_assert_uint_eq(model.finding_count, 0);
	execute(true, SYS_recvfrom, 0.3);
	only_finding("blocked-loop", SEVERITY_WARNING);
	execute(true, SYS_recvfrom, 5);
	ck_assert_uint_eq(only_finding("blocked-loop", SEVERITY_ERROR)->objects[0], world.loop);
	/* It computes, or waits for the interpreter's lock. */
	execute(false, 0, 0.3);
	ck_assert_uint_eq(model.finding_count, 0);
	execute(false, 0, 5);
	only_finding("blocked-loop", SEVERITY_WARNING);
	execute(true, SYS_futex, 0.3);
	ck_assert_uint_eq(model.finding_count, 0);
	execute(true, SYS_futex, 5);
	only_finding("blocked-loop", SEVERITY_WARNING);
	a->loops[0].slow_callback_duration = 10;
	forget_findings();
	rule_blocked_loop(&model);
	ck_assert_uint_eq(model.finding_count, 0);
}
END_TEST

START_TEST(sleep_of_a_callback_is_an_error_in_a_core_too)
{
	uint64_t time;

	begin(_i);
	time = fake_place(f, 16);
	fake_word(f, time, 3600);
	collect();
	a->loops[0].doing = LOOP_IN_CALLBACK;
	a->loops[0].now = a->loops[0].round_began = -1;
	a->threads.threads[0].call = (struct system_call){
		.is_waiting = true, .number = SYS_clock_nanosleep, .arguments = {1, 0, time}};
	rule_blocked_loop(&model);
	only_finding("blocked-loop", SEVERITY_ERROR);
	forget_findings();
	fake_word(f, time, 0);
	fake_word(f, time + 8, 1000000);
	rule_blocked_loop(&model);
	ck_assert_uint_eq(model.finding_count, 0);
}
END_TEST

START_TEST(closed_loop_has_pending_tasks)
{
	begin(_i);
	collect();
	rule_pending_on_closed_loop(&model);
	ck_assert_uint_eq(model.finding_count, 0);
	a->loops[0].is_closed = TRUTH_TRUE;
	rule_pending_on_closed_loop(&model);
	only_finding("pending-on-closed-loop", SEVERITY_ERROR);
}
END_TEST

START_TEST(submission_to_a_stopped_loop_is_told)
{
	static const char name[] = "run_coroutine_threadsafe.<locals>.callback";
	uint64_t code, function;
	const struct finding *finding;
	struct handle handle;

	begin(_i);
	code = fake_code(f, &(struct fake_code){.name = "callback",
				    .qualname = name,
				    .locals = {"coro", "future"},
				    .kinds = (const uint8_t[]){0x80, 0x80}});
	function = fake_function(
		f, name, code, fake_tuple(f, fake_cell(f, world.saver), fake_cell(f, world.container)));
	collect();
	handle = (struct handle){.callback = function, .callable = {.function = function, .name = name}};
	a->loops[0].ready_handles = (struct handles){.count = 1, .items = &handle};
	rule_scheduled_on_stopped_loop(&model);
	ck_assert_uint_eq(model.finding_count, 0);
	a->loops[0].doing = LOOP_STOPPED;
	rule_scheduled_on_stopped_loop(&model);
	finding = only_finding("scheduled-on-stopped-loop", SEVERITY_WARNING);
	ck_assert_uint_eq(finding->objects[0], world.saver);
	ck_assert_uint_eq(finding->objects[1], world.loop);
	forget_findings();
	handle.is_cancelled = true;
	rule_scheduled_on_stopped_loop(&model);
	ck_assert_uint_eq(model.finding_count, 0);
}
END_TEST

/* Warnings --------------------------------------------------------------------------------------------- */

START_TEST(suppressed_warnings_are_told_where_one_would_come)
{
	struct finding *finding;

	begin(_i);
	collect();
	model.facts.runtime_warning_filter = "ignore";
	rule_warnings_suppressed(&model);
	ck_assert_uint_eq(model.finding_count, 0);
	finding = finding_add(&model, "never-awaited", SEVERITY_ERROR, "x");
	finding_object(&model, finding, 0x1234);
	model.facts.runtime_warning_filter = "default";
	rule_warnings_suppressed(&model);
	ck_assert_uint_eq(model.finding_count, 1);
	model.facts.runtime_warning_filter = "ignore";
	rule_warnings_suppressed(&model);
	ck_assert_uint_eq(model.finding_count, 2);
	ck_assert_str_eq(model.findings[1].rule, "warnings-suppressed");
	ck_assert_uint_eq(model.findings[1].objects[0], 0x1234);
	ck_assert_int_eq(model.findings[1].severity, SEVERITY_INFO);
}
END_TEST

Suite *suite_rules(void)
{
	const TTest *const tests[] = {alike_tasks_are_one_finding, tasks_differ_by_key_coroutine_and_severity,
		reused_coroutine_is_known_by_its_words, words_are_found_in_what_an_exception_came_of,
		waiting_for_a_future_of_another_loop_is_an_error,
		exception_is_unretrieved_until_somebody_is_told, ignored_cancel_is_one_that_left_nothing,
		cancel_that_is_handled_or_on_its_way_is_not_ignored,
		cancel_of_who_waits_for_a_cancelled_task_is_on_its_way,
		circle_of_tasks_is_an_error_unless_a_timeout_ends_it,
		deadlock_on_a_lock_is_an_error_and_inferred, wakeup_is_missed_when_the_loop_sleeps,
		loop_is_blocked_by_time_and_by_what_its_thread_does,
		sleep_of_a_callback_is_an_error_in_a_core_too, closed_loop_has_pending_tasks,
		submission_to_a_stopped_loop_is_told, suppressed_warnings_are_told_where_one_would_come};
	Suite *suite = suite_create("rules");
	TCase *tc = tcase_create("rules");

	tcase_add_checked_fixture(tc, NULL, teardown);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_loop_test(tc, tests[i], 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
