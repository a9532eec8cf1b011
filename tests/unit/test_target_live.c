/* Live targets: the memory of forked children, before, while and after they are stopped. */
#include "tests/unit/elf_writer.h"
#include "tests/unit/live_case.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *suite_target_live(void);

START_TEST(a_capture_is_a_copy_and_the_process_runs_on)
{
	struct child child = child_start(run_letters, NULL);
	struct target *t = open_well(child.pid, NULL);
	struct error err = ERROR_INIT;
	char c = 0;
	size_t count;

	ck_assert(target_read(t, (uintptr_t)letters, &c, 1, &err));
	ck_assert_int_eq(c, 'a');
	ck_assert_ptr_null(target_bytes(t, (uintptr_t)letters, 1, &err));
	ck_assert_int_eq(err.kind, ERROR_NOT_SAVED);
	child_go(&child);
	child_expect_ready(&child);
	capture_well(t);
	child_go(&child);
	child_expect_ready(&child);
	has_letter(t, 'b');
	ck_assert(target_read(t, (uintptr_t)letters + 5, &c, 1, &err));
	ck_assert_int_eq(c, 'b');
	ck_assert(!target_read(t, 8, &c, 1, &err));
	ck_assert_int_eq(err.kind, ERROR_UNMAPPED);
	ck_assert_uint_eq(target_threads(t, &count)[0].tid, child.pid);
	ck_assert_uint_eq(count, 1);
	ck_assert(target_threads(t, &count)[0].has_registers);
	ck_assert_ptr_nonnull(target_find_mapping(t, target_threads(t, &count)[0].stack_pointer));
	ck_assert_uint_gt(target_bytes_copied(t), sizeof(letters));
	ck_assert(target_stopped_ms(t) > 0);
	ck_assert_int_eq(target_kind(t), TARGET_LIVE);
	ck_assert_int_eq(target_pid(t), child.pid);
	target_close(t);
	child_kill(&child);
}
END_TEST

#define WIDE ((size_t)64 << 20)

static char *wide;

static int run_wide(struct child *self, void *context)
{
	(void)context;
	memset(wide, 'w', WIDE);
	child_ready(self);
	child_wait(self);
	memset(wide, 'x', WIDE);
	child_ready(self);
	child_wait(self);
	return 0;
}

START_TEST(a_process_that_is_held_is_read_page_by_page)
{
	struct error err = ERROR_INIT;
	struct child child;
	struct target *t;
	const char *bytes;
	char c = 0;

	wide = mmap(NULL, WIDE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	child = child_start(run_wide, NULL);
	t = open_well(child.pid, NULL);
	ck_assert_msg(target_hold(t, NULL, NULL, NULL, &err), "%s", err.text);
	ck_assert(target_is_held(t));
	ck_assert_int_eq(process_state(child.pid), 't');
	ck_assert_uint_eq(target_bytes_copied(t), 0);
	bytes = target_bytes(t, (uintptr_t)wide + 5 * PAGE - 2, 4, &err);
	ck_assert_ptr_nonnull(bytes);
	ck_assert_mem_eq(bytes, "wwww", 4);
	ck_assert(target_read(t, (uintptr_t)wide + WIDE - 1, &c, 1, &err));
	ck_assert_int_eq(c, 'w');
	ck_assert(target_stopped_ms(t) > 0);
	target_let_go(t);
	ck_assert(!target_is_held(t));
	child_go(&child);
	child_expect_ready(&child);
	/* What was fetched stays as it was, and nothing comes to it any more. */
	ck_assert_mem_eq(target_bytes(t, (uintptr_t)wide + 5 * PAGE - 2, 4, &err), "wwww", 4);
	ck_assert_ptr_null(target_bytes(t, (uintptr_t)wide + WIDE / 2, 1, &err));
	ck_assert_int_eq(err.kind, ERROR_NOT_SAVED);
	ck_assert_uint_eq(err.address, (uintptr_t)wide + WIDE / 2);
	ck_assert_uint_gt(target_bytes_copied(t), 2 * PAGE);
	ck_assert_uint_lt(target_bytes_copied(t), WIDE / 8);
	target_forget(t);
	capture_well(t);
	ck_assert_uint_ge(target_bytes_copied(t), WIDE);
	ck_assert_mem_eq(target_bytes(t, (uintptr_t)wide + WIDE / 2, 1, &err), "x", 1);
	target_close(t);
	child_kill(&child);
	munmap(wide, WIDE);
}
END_TEST

START_TEST(a_stopped_process_stays_stopped)
{
	struct child child = child_start(run_letters, NULL);
	struct target *t;
	int status;

	ck_assert_int_eq(kill(child.pid, SIGSTOP), 0);
	ck_assert_int_eq(waitpid(child.pid, &status, WUNTRACED), child.pid);
	process_wait_state(child.pid, 'T');
	for (int i = 0; i < 3; i++) {
		t = open_and_capture(child.pid, NULL);
		has_letter(t, 'a');
		ck_assert(target_threads(t, &(size_t){0})[0].has_registers);
		target_close(t);
		process_wait_state(child.pid, 'T');
	}
	ck_assert_int_eq(kill(child.pid, SIGCONT), 0);
	child_go(&child);
	child_expect_ready(&child);
	child_kill(&child);
}
END_TEST

/* Holds the process whose number it is given, until it is told to let go. */
static int run_debugger(struct child *self, void *context)
{
	pid_t pid = *(pid_t *)context;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 || ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0 ||
		waitpid(pid, NULL, __WALL) != pid)
		return 1;
	child_ready(self);
	child_wait(self);
	return 0;
}

START_TEST(a_process_that_is_traced_is_read_as_it_is)
{
	struct child child = child_start(run_letters, NULL);
	struct child debugger = child_start(run_debugger, &child.pid);
	struct target *t = open_and_capture(child.pid, NULL);

	ck_assert_int_eq(target_tracer(t), debugger.pid);
	ck_assert(target_stopped_ms(t) == 0);
	ck_assert(!warned(t, "torn"));
	has_letter(t, 'a');
	ck_assert(target_threads(t, &(size_t){0})[0].tid == child.pid);
	ck_assert_int_eq(process_state(child.pid), 't');
	target_close(t);
	child_go(&debugger);
	ck_assert_int_eq(child_end(&debugger), 0);
	child_go(&child);
	child_expect_ready(&child);
	child_kill(&child);
}
END_TEST

/* The same without stopping it. */
static int run_watcher(struct child *self, void *context)
{
	if (ptrace(PTRACE_SEIZE, *(pid_t *)context, NULL, NULL) < 0)
		return 1;
	child_ready(self);
	child_wait(self);
	return 0;
}

START_TEST(a_process_that_its_tracer_lets_run_is_read_with_a_warning)
{
	struct child child = child_start(run_letters, NULL);
	struct child watcher = child_start(run_watcher, &child.pid);
	struct target *t = open_and_capture(child.pid, NULL);

	ck_assert_int_eq(target_tracer(t), watcher.pid);
	ck_assert(warned(t, "lets it run"));
	has_letter(t, 'a');
	target_close(t);
	child_go(&watcher);
	ck_assert_int_eq(child_end(&watcher), 0);
	child_go(&child);
	child_expect_ready(&child);
	child_kill(&child);
}
END_TEST

START_TEST(a_debugger_that_comes_in_between_is_no_failure)
{
	struct child child = child_start(run_letters, NULL), debugger;
	struct target *t = open_well(child.pid, NULL);

	ck_assert_int_eq(target_tracer(t), 0);
	debugger = child_start(run_debugger, &child.pid);
	capture_well(t);
	ck_assert_int_eq(target_tracer(t), debugger.pid);
	has_letter(t, 'a');
	target_close(t);
	child_kill(&debugger);
	child_go(&child);
	child_expect_ready(&child);
	child_kill(&child);
}
END_TEST

START_TEST(without_a_stop_nothing_is_attached)
{
	struct target_options options = {.no_stop = true};
	struct child child = child_start(run_letters, NULL);
	struct target *t;

	process_wait_state(child.pid, 'S');
	t = open_and_capture(child.pid, &options);
	ck_assert_int_eq(process_state(child.pid), 'S');
	has_letter(t, 'a');
	ck_assert(target_stopped_ms(t) == 0);
	ck_assert(target_threads(t, &(size_t){0})[0].has_registers); /* it sleeps in read */
	ck_assert(warned(t, "while it ran"));
	target_close(t);
	child_kill(&child);
}
END_TEST

START_TEST(what_is_no_process_to_inspect_is_named)
{
	static const struct {
		pid_t pid;
		enum error_kind kind;
		const char *part;
	} rows[] = {
		{0, ERROR_USAGE, "not the number of a process"},
		{-5, ERROR_USAGE, "not the number of a process"},
		{0x7ffffff0, ERROR_NOT_FOUND, "there is no process"},
	};
	struct error err = ERROR_INIT;
	FILE *comm = fopen("/proc/2/comm", "re");
	char name[32] = "";
	pid_t pid;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_ptr_null(target_open_process(rows[i].pid, NULL, &err));
		ck_assert_int_eq(err.kind, rows[i].kind);
		ck_assert_msg(strstr(err.text, rows[i].part) != NULL, "%s", err.text);
	}
	ck_assert_ptr_null(target_open_process(getpid(), NULL, &err));
	ck_assert(err.kind == ERROR_USAGE && strstr(err.text, "asyncinspect itself"));
	pid = fork();
	if (pid == 0)
		_exit(0);
	process_wait_state(pid, 'Z');
	ck_assert_ptr_null(target_open_process(pid, NULL, &err));
	ck_assert(err.kind == ERROR_GONE && strstr(err.text, "has ended"));
	waitpid(pid, NULL, 0);
	ck_assert_ptr_null(target_open_process(pid, NULL, NULL));
	if (comm && fgets(name, sizeof(name), comm) && strcmp(name, "kthreadd\n") == 0) {
		ck_assert_ptr_null(target_open_process(2, NULL, &err));
		ck_assert_msg(
			err.kind == ERROR_UNSUPPORTED && strstr(err.text, "of the kernel"), "%s", err.text);
	}
	if (comm)
		fclose(comm);
}
END_TEST

/* As nobody, at a process of ours: what the real kernel says, not the table of test_target.c. */
static int run_stranger(struct child *self, void *context)
{
	struct error err = ERROR_INIT;
	struct target *t;

	if (setgid(65534) < 0 || setuid(65534) < 0)
		return 1;
	t = target_open_process(*(pid_t *)context, NULL, &err);
	child_ready(self);
	if (t || err.kind != ERROR_DENIED)
		return 2;
	return strstr(err.text, "belongs to") && strstr(err.advice, "sudo") ? 0 : 3;
}

START_TEST(another_users_process_is_refused_with_the_cause)
{
	struct child child = child_start(run_letters, NULL), stranger;

	if (geteuid() == 0) { /* only root can become someone else */
		stranger = child_start(run_stranger, &child.pid);
		ck_assert_int_eq(child_end(&stranger), 0);
	}
	child_kill(&child);
}
END_TEST

START_TEST(a_process_that_ends_meanwhile_is_gone)
{
	struct child child = child_start(run_letters, NULL);
	struct target *t = open_well(child.pid, NULL);
	struct error err = ERROR_INIT;
	char c;

	child_kill(&child);
	ck_assert(!target_read(t, (uintptr_t)letters, &c, 1, &err));
	ck_assert_int_eq(err.kind, ERROR_GONE);
	ck_assert(!target_capture(t, NULL, NULL, NULL, &err));
	ck_assert_int_eq(err.kind, ERROR_GONE);
	ck_assert(!target_capture(t, NULL, NULL, NULL, NULL));
	target_close(t);
}
END_TEST

static size_t count_entries(const char *path)
{
	DIR *directory = opendir(path);
	size_t count = 0;

	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static size_t count_lines(const char *path)
{
	FILE *file = fopen(path, "re");
	size_t lines = 0;
	int c;

	while ((c = getc(file)) != EOF)
		lines += c == '\n';
	fclose(file);
	return lines;
}

START_TEST(nothing_stays_open_or_mapped)
{
	struct child child = child_start(run_letters, NULL);
	size_t descriptors = 0, mappings = 0;

	for (int round = 0; round < 8; round++) {
		target_close(open_and_capture(child.pid, NULL));
		if (round == 3) { /* the C library keeps some memory for itself */
			descriptors = count_entries("/proc/self/fd");
			mappings = count_lines("/proc/self/maps");
		}
	}
	ck_assert_uint_eq(count_entries("/proc/self/fd"), descriptors);
	ck_assert_uint_le(count_lines("/proc/self/maps"), mappings + 4);
	ck_assert_uint_eq(count_entries("/proc/self/task"), 3); /* ., .. and this thread */
	child_kill(&child);
}
END_TEST

Suite *suite_target_live(void)
{
	Suite *suite = suite_create("target_live");
	TCase *tc = tcase_create("target_live");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_capture_is_a_copy_and_the_process_runs_on);
	tcase_add_test(tc, a_process_that_is_held_is_read_page_by_page);
	tcase_add_test(tc, a_stopped_process_stays_stopped);
	tcase_add_test(tc, a_process_that_is_traced_is_read_as_it_is);
	tcase_add_test(tc, a_process_that_its_tracer_lets_run_is_read_with_a_warning);
	tcase_add_test(tc, a_debugger_that_comes_in_between_is_no_failure);
	tcase_add_test(tc, without_a_stop_nothing_is_attached);
	tcase_add_test(tc, what_is_no_process_to_inspect_is_named);
	tcase_add_test(tc, another_users_process_is_refused_with_the_cause);
	tcase_add_test(tc, a_process_that_ends_meanwhile_is_gone);
	tcase_add_test(tc, nothing_stays_open_or_mapped);
	suite_add_tcase(suite, tc);
	return suite;
}
