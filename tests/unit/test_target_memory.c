/* The memory of live targets, page by page: whose it is, where its bytes come from, and that they are right.
 */
#include "inspector/target/pagemap.h"
#include "tests/unit/elf_writer.h"
#include "tests/unit/live_case.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

Suite *suite_target_memory(void);

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

Suite *suite_target_memory(void)
{
	Suite *suite = suite_create("target_memory");
	TCase *tc = tcase_create("target_memory");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, every_region_is_what_the_process_has);
	tcase_add_test(tc, both_ways_to_ask_for_pages_agree);
	tcase_add_test(tc, relocated_pages_come_from_memory_and_a_deleted_file_is_found);
	tcase_add_test(tc, a_replaced_file_is_known_by_its_build_id);
	suite_add_tcase(suite, tc);
	return suite;
}
