/* Live targets: the memory of forked children, before, while and after they are stopped. */
#include "inspector/base/alloc.h"
#include "inspector/target/pagemap.h"
#include "inspector/target/target.h"
#include "tests/unit/child.h"
#include "tests/unit/elf_writer.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *suite_target_live(void);

#define PAGE ((size_t)4096)

/* The same address in the child, other bytes. */
static volatile char letters[3 * 4096];

static void fill(char letter)
{
	memset((void *)(uintptr_t)letters, letter, sizeof(letters));
}

/* Changes its memory each time it is told to go, until the pipe is closed. */
static int run_letters(struct child *self, void *context)
{
	for (char letter = 'a';; letter++) {
		fill(letter);
		child_ready(self);
		child_wait(self);
	}
	return 0;
}

static struct target *open_well(pid_t pid, const struct target_options *options)
{
	struct error err = ERROR_INIT;
	struct target *t = target_open_process(pid, options, &err);

	ck_assert_msg(t != NULL, "%s", err.text);
	return t;
}

static void capture_well(struct target *t)
{
	struct error err = ERROR_INIT;
	bool settled = false;

	ck_assert_msg(target_capture(t, NULL, NULL, &settled, &err), "%s", err.text);
	ck_assert(settled);
}

static struct target *open_and_capture(pid_t pid, const struct target_options *options)
{
	struct target *t = open_well(pid, options);

	capture_well(t);
	return t;
}

static void has_letter(const struct target *t, char letter)
{
	const char *bytes = target_bytes(t, (uintptr_t)letters, sizeof(letters), NULL);

	ck_assert_ptr_nonnull(bytes);
	ck_assert_ptr_ne(bytes, (const char *)(uintptr_t)letters);
	for (size_t i = 0; i < sizeof(letters); i++)
		ck_assert_int_eq(bytes[i], letter);
}

static bool warned(const struct target *t, const char *part)
{
	size_t count;
	const char *const *warnings = target_warnings(t, &count);

	for (size_t i = 0; i < count; i++) {
		if (strstr(warnings[i], part))
			return true;
	}
	return false;
}

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

struct scene {
	char *guarded, *sparse, *shared, *reserved;
};

/* A byte of its own memory in every kind of mapping, and a page that says it may not be read. */
static int run_mappings(struct child *self, void *context)
{
	struct scene *scene = context;
	cpu_set_t one;

	/* As it is stopped and let go it runs for a moment, and where is written to its rseq area. */
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	memset(scene->guarded, 'g', 3 * PAGE);
	mprotect(scene->guarded + PAGE, PAGE, PROT_NONE);
	madvise(scene->guarded + 2 * PAGE, PAGE, 102 /* MADV_GUARD_INSTALL, Linux 6.13 */);
	scene->sparse[(size_t)32 << 20] = 's';
	scene->shared[0] = 'S';
	scene->reserved[0] = 'r';
	fill('m');
	child_ready(self);
	child_wait(self);
	return 0;
}

/* All that the target says about the memory of a process that stands still, against /proc/PID/mem. */
START_TEST(every_region_is_what_the_process_has)
{
	const size_t sparse = (size_t)64 << 20, reserved = (size_t)1 << 40;
	const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
	struct scene scene = {
		mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, anonymous, -1, 0),
		mmap(NULL, sparse, PROT_READ | PROT_WRITE, anonymous | MAP_NORESERVE, -1, 0),
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
		/* As the shadow memory of a sanitizer, which is larger still; not to be one with sparse. */
		mmap(NULL, reserved, PROT_READ | PROT_WRITE | PROT_EXEC, anonymous | MAP_NORESERVE, -1, 0),
	};
	struct child child = child_start(run_mappings, &scene);
	struct error err = ERROR_INIT;
	struct target *t;
	const struct region *regions;
	char path[32], *page = malloc(PAGE);
	size_t count, zeros = 0, files = 0;
	int memory;

	ck_assert_int_eq(kill(child.pid, SIGSTOP), 0); /* or rseq changes between our look and the other */
	process_wait_state(child.pid, 'T');
	t = open_and_capture(child.pid, NULL);
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)child.pid);
	memory = open(path, O_RDONLY | O_CLOEXEC);
	regions = target_regions(t, &count);
	for (size_t i = 0; i < count; i++) {
		files += regions[i].is_file;
		zeros += regions[i].is_zero ? regions[i].end - regions[i].start : 0;
		/* What was never touched is left so: the shadow of a sanitizer has terabytes. */
		for (uint64_t at = regions[i].start; !regions[i].is_zero && at < regions[i].end; at += PAGE) {
			if (!regions[i].bytes || pread(memory, page, PAGE, (off_t)at) != (ssize_t)PAGE)
				continue;
			ck_assert_msg(memcmp(page, regions[i].bytes + (at - regions[i].start), PAGE) == 0,
				"page %" PRIx64 " of %s", at, target_find_mapping(t, at)->path);
		}
	}
	ck_assert_uint_gt(files, 3);
	ck_assert_uint_gt(zeros, sparse - ((size_t)4 << 20));
	has_letter(t, 'm');
	ck_assert_int_eq(*(const char *)target_bytes(t, (uintptr_t)scene.guarded, 1, NULL), 'g');
	ck_assert_ptr_null(target_bytes(t, (uintptr_t)scene.guarded + PAGE, 1, &err));
	ck_assert_int_eq(err.kind, ERROR_NOT_SAVED);
	ck_assert_int_eq(
		*(const char *)target_bytes(t, (uintptr_t)scene.sparse + (sparse >> 1), 1, NULL), 's');
	ck_assert_int_eq(*(const char *)target_bytes(t, (uintptr_t)scene.sparse + sparse - 1, 1, NULL), 0);
	ck_assert_ptr_null(target_bytes(t, (uintptr_t)scene.shared, 1, &err));
	ck_assert_msg(strstr(err.text, "shared memory") != NULL, "%s", err.text);
	ck_assert_ptr_nonnull(target_bytes(t, (uintptr_t)run_mappings, 16, NULL));
	ck_assert_int_eq(*(const char *)target_bytes(t, (uintptr_t)scene.reserved, 1, NULL), 'r');
	ck_assert_ptr_null(target_bytes(t, (uintptr_t)scene.reserved + reserved / 2, 1, &err));
	ck_assert_msg(strstr(err.text, "never touched") != NULL, "%s", err.text);
	close(memory);
	free(page);
	target_close(t);
	child_kill(&child);
	munmap(scene.guarded, 3 * PAGE);
	munmap(scene.sparse, sparse);
	munmap(scene.reserved, reserved);
	munmap(scene.shared, PAGE);
}
END_TEST

/* Of part of some memory; the table itself is the reference. */
static void check_owned(struct pagemap *pagemap, const char *memory, size_t size, bool is_file, uint64_t gap)
{
	const uint64_t start = (uintptr_t)memory;
	struct page_ranges a = {.ranges = NULL}, b = {.ranges = NULL};

	ck_assert(pagemap_owned(pagemap, start, start + size, is_file, gap, &a));
	ck_assert(pagemap_owned_by_entries(pagemap->fd, start, start + size, gap, &b));
	ck_assert_uint_eq(a.count, b.count);
	ck_assert_uint_gt(a.count, 0);
	ck_assert_mem_eq(a.ranges, b.ranges, a.count * sizeof(*a.ranges));
	page_ranges_deinit(&a);
	page_ranges_deinit(&b);
}

START_TEST(both_ways_to_ask_for_pages_agree)
{
	const size_t size = (size_t)8 << 20, part = size / 16;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct page_ranges none = {.ranges = NULL};
	int proc = open("/proc/self", O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	struct pagemap pagemap;

	pagemap_open(&pagemap, proc);
	madvise(memory, size, MADV_NOHUGEPAGE);
	for (size_t page = 0; page < size / PAGE; page += 1 + page % 7)
		memory[page * PAGE] = 1;
	for (uint64_t gap = 0; gap < 8 * PAGE; gap += PAGE) {
		check_owned(&pagemap, memory, size, false, gap);
		check_owned(&pagemap, memory, size, true, gap);
	}
	/* One look for what several mappings would be, whose borders cut what it saw; and in no order. */
	pagemap_expect(&pagemap, (uintptr_t)memory + size);
	for (size_t at = 0; at < size; at += part + 3 * PAGE)
		check_owned(&pagemap, memory + at, size - at < part ? size - at : part, at / PAGE % 2, 0);
	check_owned(&pagemap, memory + part, part, true, 0);
	check_owned(&pagemap, memory, part, true, 0);
	check_owned(&pagemap, memory + 4 * PAGE, part, false, 0);
	pagemap_close(&pagemap);
	pagemap_open(&pagemap, -1);
	ck_assert(!pagemap_owned(&pagemap, 0, PAGE, true, 0, &none));
	pagemap_close(&pagemap);
	page_ranges_deinit(&none);
	close(proc);
	munmap(memory, size);
}
END_TEST

/* A private mapping of a library: one page of it written to and then protected, as the loader does it. */
static int run_relocated(struct child *self, void *context)
{
	char *image = *(char **)context;

	mprotect(image + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE);
	image[2 * PAGE + 8] = 'R';
	mprotect(image + 2 * PAGE, PAGE, PROT_READ);
	child_ready(self);
	child_wait(self);
	return 0;
}

START_TEST(relocated_pages_come_from_memory_and_a_deleted_file_is_found)
{
	static uint8_t bytes[ELF_IMAGE_SIZE];
	char *directory = scratch_create(), *path, *image, got[4096];
	struct error err = ERROR_INIT;
	struct child child;
	struct target *t;
	const char *page;
	int fd;

	elf_image_make(bytes, 5, 'f');
	path = scratch_write(directory, "lib.so", bytes, sizeof(bytes));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	image = mmap(NULL, ELF_IMAGE_SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	child = child_start(run_relocated, &image);
	ck_assert_int_eq(unlink(path), 0);
	t = open_and_capture(child.pid, NULL);
	page = target_bytes(t, (uintptr_t)image + 2 * PAGE, PAGE, NULL);
	ck_assert_ptr_nonnull(page);
	ck_assert_int_eq(page[8], 'R');
	ck_assert_int_eq(page[9], 'f');
	ck_assert(target_read(t, (uintptr_t)image, got, PAGE, NULL));
	ck_assert_mem_eq(got, bytes, PAGE);
	ck_assert(target_find_mapping(t, (uintptr_t)image)->is_deleted);
	ck_assert_str_eq(target_find_mapping(t, (uintptr_t)image)->path, path);
	fd = target_open_file(t, path, &err);
	if (fd >= 0) { /* through map_files, which needs a capability */
		ck_assert_int_eq(pread(fd, got, PAGE, 0), (ssize_t)PAGE);
		ck_assert_mem_eq(got, bytes, PAGE);
		close(fd);
	} else {
		ck_assert_int_eq(err.kind, ERROR_NOT_FOUND);
		ck_assert(warned(t, "lib.so"));
	}
	target_close(t);
	child_kill(&child);
	munmap(image, ELF_IMAGE_SIZE);
	free(path);
	scratch_remove(directory);
}
END_TEST

/* A library that was installed again while it is in use, as someone sees it who may not use map_files: by the
 * path, in a sysroot that holds the one or the other. */
START_TEST(a_replaced_file_is_known_by_its_build_id)
{
	static uint8_t bytes[ELF_IMAGE_SIZE];
	char *directory = scratch_create(), *path, *image;
	struct target_options options = {.executable = NULL};
	struct error err = ERROR_INIT;
	struct child child;
	struct target *t;

	elf_image_make(bytes, 5, 'f');
	path = scratch_write(directory, "lib.so", bytes, sizeof(bytes));
	child = child_start(run_letters, NULL);
	t = open_well(child.pid, NULL);
	/* --exe of a live process takes the same way. */
	options.executable = path;
	target_close(t);
	t = open_well(child.pid, &options);
	ck_assert_int_eq(target_open_file(t, target_executable(t), &err), -1);
	ck_assert_int_eq(err.kind, ERROR_MISMATCH);
	ck_assert(warned(t, "lib.so"));
	target_close(t);
	options.executable = "/proc/self/exe"; /* our own file: the same, by another path */
	t = open_well(child.pid, &options);
	close(target_open_file(t, target_executable(t), &err));
	ck_assert_int_eq(err.kind, ERROR_MISMATCH); /* unchanged */
	image = (char *)(uintptr_t)run_letters;
	ck_assert_ptr_nonnull(target_bytes(t, (uintptr_t)image, 4, NULL));
	target_close(t);
	child_kill(&child);
	free(path);
	scratch_remove(directory);
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
	tcase_add_test(tc, every_region_is_what_the_process_has);
	tcase_add_test(tc, both_ways_to_ask_for_pages_agree);
	tcase_add_test(tc, relocated_pages_come_from_memory_and_a_deleted_file_is_found);
	tcase_add_test(tc, a_replaced_file_is_known_by_its_build_id);
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
