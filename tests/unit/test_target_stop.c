/* How a process is stopped and let go: every thread, no signal lost, and whatever becomes of us. */
#include "inspector/target/target.h"
#include "tests/unit/child.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

Suite *suite_target_stop(void);

#define THREADS 8

static volatile uint64_t counters[THREADS];
static volatile int signals_seen;

static struct target *open_well(pid_t pid)
{
	struct error err = ERROR_INIT;
	struct target *t = target_open_process(pid, NULL, &err);

	ck_assert_msg(t != NULL, "%s", err.text);
	return t;
}

static void pause_us(long us)
{
	struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

	nanosleep(&pause, NULL);
}

static void *count_for_ever(void *counter)
{
	for (;;)
		++*(volatile uint64_t *)counter;
	return NULL;
}

static int run_threads(struct child *self, void *context)
{
	pthread_t thread;

	for (size_t i = 0; i < THREADS; i++) {
		if (pthread_create(&thread, NULL, count_for_ever, (void *)(uintptr_t)&counters[i]) != 0)
			return 1;
	}
	child_ready(self);
	child_wait(self);
	return 0;
}

/* Two looks at the counters of a process that stands still. */
static bool counters_stand(struct target *t, void *context)
{
	uint64_t first[THREADS], second[THREADS];

	ck_assert(target_read(t, (uintptr_t)counters, first, sizeof(first), NULL));
	pause_us(2000);
	ck_assert(target_read(t, (uintptr_t)counters, second, sizeof(second), NULL));
	memcpy(context, second, sizeof(second));
	return memcmp(first, second, sizeof(first)) == 0;
}

START_TEST(every_thread_stands_while_it_is_copied)
{
	struct child child = child_start(run_threads, NULL);
	struct target *t = open_well(child.pid);
	uint64_t seen[THREADS], later[THREADS];
	const struct target_thread *threads;
	struct error err = ERROR_INIT;
	bool settled = false;
	size_t count;

	ck_assert(target_capture(t, counters_stand, seen, &settled, &err));
	ck_assert(settled);
	ck_assert_mem_eq(target_bytes(t, (uintptr_t)counters, sizeof(seen), NULL), seen, sizeof(seen));
	threads = target_threads(t, &count);
	ck_assert_uint_eq(count, THREADS + 1);
	for (size_t i = 0; i < count; i++) {
		ck_assert(threads[i].has_registers);
		ck_assert_ptr_nonnull(target_bytes(t, threads[i].stack_pointer, 8, NULL));
		ck_assert_str_ne(threads[i].name, "");
	}
	ck_assert(target_stopped_ms(t) >= 2);
	target_close(t);
	t = open_well(child.pid);
	pause_us(1000);
	for (int tries = 0; tries < 1000; tries++) {
		ck_assert(target_read(t, (uintptr_t)counters, later, sizeof(later), NULL));
		if (later[0] != seen[0] && later[THREADS - 1] != seen[THREADS - 1])
			break;
		pause_us(1000);
	}
	ck_assert_uint_ne(later[0], seen[0]);
	target_close(t);
	child_kill(&child);
}
END_TEST

static void *end_at_once(void *unused)
{
	return unused;
}

/* Threads come and go all the time. */
static int run_churn(struct child *self, void *context)
{
	child_ready(self);
	for (;;) {
		pthread_t threads[4];

		for (int i = 0; i < 4; i++) {
			if (pthread_create(&threads[i], NULL, end_at_once, NULL) != 0)
				return 1;
		}
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
		++counters[0];
	}
	return 0;
}

START_TEST(threads_may_come_and_go)
{
	struct child child = child_start(run_churn, NULL);

	for (int i = 0; i < 50; i++) {
		struct target *t = open_well(child.pid);
		uint64_t seen[THREADS];
		struct error err = ERROR_INIT;
		bool settled = false;

		ck_assert_msg(target_capture(t, i % 10 ? NULL : counters_stand, seen, &settled, &err), "%s",
			err.text);
		ck_assert(settled);
		target_close(t);
	}
	ck_assert_int_ne(process_state(child.pid), 't');
	child_kill(&child);
}
END_TEST

static bool at_third_try(struct target *t, void *context)
{
	return ++*(int *)context == 3;
}

static bool never(struct target *t, void *context)
{
	++*(int *)context;
	return false;
}

START_TEST(an_unsettled_process_is_caught_again_but_not_for_ever)
{
	struct child child = child_start(run_threads, NULL);
	struct target *t = open_well(child.pid);
	int tries = 0;
	bool settled = false;
	struct error err = ERROR_INIT;

	ck_assert(target_capture(t, at_third_try, &tries, &settled, &err));
	ck_assert(settled);
	ck_assert_int_eq(tries, 3);
	target_close(t);
	t = open_well(child.pid);
	tries = 0;
	settled = true;
	ck_assert(target_capture(t, never, &tries, &settled, &err));
	ck_assert(!settled);
	ck_assert_int_gt(tries, 10);
	ck_assert_ptr_nonnull(target_bytes(t, (uintptr_t)counters, sizeof(counters), NULL));
	ck_assert(target_stopped_ms(t) < 900); /* the pauses are longer than the stops */
	target_close(t);
	child_kill(&child);
}
END_TEST

static void count_signal(int number)
{
	signals_seen++;
}

/* Counts queued signals until the pipe tells to stop, then compares with context. */
static int run_signals(struct child *self, void *context)
{
	struct sigaction action = {.sa_handler = count_signal, .sa_flags = SA_RESTART};
	sigset_t blocked;

	sigaction(SIGRTMIN, &action, NULL);
	child_ready(self);
	child_wait(self);
	/* What is still queued is delivered before this returns. */
	sigemptyset(&blocked);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	return signals_seen == *(int *)context ? 0 : 1;
}

static void *send_signals(void *argument)
{
	struct child *child = argument;
	union sigval value = {.sival_int = 0};

	for (int sent = 0; sent < 3000;) {
		if (sigqueue(child->pid, SIGRTMIN, value) == 0)
			sent++;
		else
			pause_us(100); /* the queue is full */
	}
	return NULL;
}

START_TEST(no_signal_is_lost_and_none_comes_twice)
{
	int expected = 3000;
	struct child child = child_start(run_signals, &expected);
	struct error err = ERROR_INIT;
	pthread_t sender;

	ck_assert_int_eq(pthread_create(&sender, NULL, send_signals, &child), 0);
	for (int i = 0; i < 30; i++) {
		struct target *t = open_well(child.pid);

		ck_assert_msg(target_capture(t, NULL, NULL, NULL, &err), "%s", err.text);
		target_close(t);
	}
	pthread_join(sender, NULL);
	child_go(&child);
	ck_assert_int_eq(child_end(&child), 0);
}
END_TEST

static bool send_one(struct target *t, void *context)
{
	return kill(target_pid(t), *(int *)context) == 0;
}

START_TEST(a_signal_that_comes_meanwhile_acts_afterwards)
{
	int expected = 1, number = SIGRTMIN;
	struct child child = child_start(run_signals, &expected);
	struct target *t = open_well(child.pid);
	bool settled = false;

	ck_assert(target_capture(t, send_one, &number, &settled, NULL));
	ck_assert(settled);
	target_close(t);
	child_go(&child);
	ck_assert_int_eq(child_end(&child), 0);

	child = child_start(run_threads, NULL);
	t = open_well(child.pid);
	number = SIGSTOP;
	ck_assert(target_capture(t, send_one, &number, &settled, NULL));
	process_wait_state(child.pid, 'T');
	target_close(t);
	t = open_well(child.pid);
	number = SIGCONT;
	ck_assert(target_capture(t, send_one, &number, &settled, NULL));
	child_go(&child);
	ck_assert_int_eq(child_end(&child), 0);
	target_close(t);
}
END_TEST

static bool kill_it(struct target *t, void *context)
{
	kill(target_pid(t), SIGKILL);
	process_wait_state(target_pid(t), 'Z');
	return true;
}

START_TEST(a_process_that_is_killed_meanwhile_is_gone)
{
	struct child child = child_start(run_threads, NULL);
	struct target *t = open_well(child.pid);
	struct error err = ERROR_INIT;

	ck_assert(!target_capture(t, kill_it, NULL, NULL, &err));
	ck_assert_int_eq(err.kind, ERROR_GONE);
	target_close(t);
	ck_assert_int_eq(child_end(&child), 128 + SIGKILL); /* and its parent hears of it */
}
END_TEST

/* A child that shares its memory and waits: its parent sleeps, and nothing but the end of the child wakes it.
 * By system call: what the C library's vfork forbids is what is wanted. */
static int run_vfork(struct child *self, void *context)
{
	static volatile int inherited;
	pid_t pid;

	inherited = self->from;
	child_ready(self);
	pid = vfork();
	if (pid == 0) {
		char c;

		syscall(SYS_read, inherited, &c, 1);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	child_ready(self);
	child_wait(self);
	return 0;
}

START_TEST(a_thread_that_cannot_be_stopped_delays_nobody)
{
	struct child child = child_start(run_vfork, NULL);
	struct target *t;
	struct timespec start, end;
	struct error err = ERROR_INIT;
	const char *const *warnings;
	size_t count;

	process_wait_state(child.pid, 'D');
	t = open_well(child.pid);
	clock_gettime(CLOCK_MONOTONIC, &start);
	ck_assert_msg(target_capture(t, NULL, NULL, NULL, &err), "%s", err.text);
	clock_gettime(CLOCK_MONOTONIC, &end);
	ck_assert_int_lt(end.tv_sec - start.tv_sec, 2);
	warnings = target_warnings(t, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_msg(strstr(warnings[0], "could not be stopped") != NULL, "%s", warnings[0]);
	target_close(t);
	/* It was let go although it never stopped. */
	child_go(&child);
	child_expect_ready(&child);
	child_go(&child);
	ck_assert_int_eq(child_end(&child), 0);
}
END_TEST

/* Captures the process again and again. */
static int run_tool(struct child *self, void *context)
{
	child_ready(self);
	for (;;) {
		struct target *t = target_open_process(*(pid_t *)context, NULL, NULL);

		if (!t || !target_capture(t, NULL, NULL, NULL, NULL))
			return 1;
		target_close(t);
	}
	return 0;
}

static int run_echo(struct child *self, void *context)
{
	for (;;) {
		child_ready(self);
		child_wait(self);
	}
	return 0;
}

START_TEST(a_tool_that_is_killed_lets_go)
{
	struct child child = child_start(run_echo, NULL);
	unsigned seed = 1;

	for (int i = 0; i < 30; i++) {
		struct child tool = child_start(run_tool, &child.pid);

		seed = seed * 1103515245 + 12345;
		pause_us(seed / 65536 % 8000);
		child_kill(&tool);
		ck_assert_int_ne(process_state(child.pid), 't');
		ck_assert_int_ne(process_state(child.pid), 'T');
		child_go(&child);
		child_expect_ready(&child);
	}
	child_kill(&child);
}
END_TEST

Suite *suite_target_stop(void)
{
	Suite *suite = suite_create("target_stop");
	TCase *tc = tcase_create("target_stop");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, every_thread_stands_while_it_is_copied);
	tcase_add_test(tc, threads_may_come_and_go);
	tcase_add_test(tc, an_unsettled_process_is_caught_again_but_not_for_ever);
	tcase_add_test(tc, no_signal_is_lost_and_none_comes_twice);
	tcase_add_test(tc, a_signal_that_comes_meanwhile_acts_afterwards);
	tcase_add_test(tc, a_process_that_is_killed_meanwhile_is_gone);
	tcase_add_test(tc, a_thread_that_cannot_be_stopped_delays_nobody);
	tcase_add_test(tc, a_tool_that_is_killed_lets_go);
	suite_add_tcase(suite, tc);
	return suite;
}
