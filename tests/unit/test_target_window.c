/* More memory of a target than there is room for: what is dropped comes back the same. */
#include "inspector/target/pages.h"
#include "inspector/target/target.h"
#include "tests/unit/child.h"
#include "tests/unit/elf_writer.h"

#include <check.h>
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

Suite *suite_target_window(void);

#define PAGE ((size_t)4096)
#define WIDE ((size_t)16 << 20)
#define KEPT ((uint64_t)1 << 20)

static char *wide;
static struct child child;
static struct target *t;

/* Each page another letter. */
static char letter_at(size_t offset)
{
	return (char)('a' + offset / PAGE % 23);
}

static void fill_wide(void)
{
	for (size_t at = 0; at < WIDE; at += PAGE)
		memset(wide + at, letter_at(at), PAGE);
}

/* Two pages of the second MiB cannot be read: in the middle of a mapping where the kernel can do that. */
#define GUARDED ((size_t)1 << 20)
#define GUARD	102 /* MADV_GUARD_INSTALL, Linux 6.13 */

static bool add_guard(void)
{
	return madvise(wide + GUARDED, 2 * PAGE, GUARD) == 0;
}

static int run_wide(struct child *self, void *context)
{
	(void)context;
	fill_wide();
	if (!add_guard())
		mprotect(wide + GUARDED, 2 * PAGE, PROT_NONE);
	child_ready(self);
	child_wait(self);
	memset(wide + 2 * GUARDED, '!', WIDE - 2 * GUARDED);
	child_ready(self);
	child_wait(self);
	return 0;
}

static void hold(uint64_t kept_most)
{
	const struct target_options options = {.kept_most = kept_most};
	struct error err = ERROR_INIT;

	wide = mmap(NULL, WIDE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	child = child_start(run_wide, NULL);
	t = target_open_process(child.pid, &options, &err);
	ck_assert_msg(t != NULL, "%s", err.text);
	ck_assert_msg(target_hold(t, NULL, NULL, NULL, &err), "%s", err.text);
}

static void let_go(void)
{
	target_close(t);
	child_kill(&child);
	munmap(wide, WIDE);
}

static const char *bytes_at(size_t offset, size_t size)
{
	return target_bytes(t, (uintptr_t)wide + offset, size, NULL);
}

static void has_letter(size_t offset)
{
	char c = 0;

	ck_assert_ptr_nonnull(bytes_at(offset, 16));
	for (int i = 0; i < 16; i++)
		ck_assert_int_eq(bytes_at(offset, 16)[i], letter_at(offset));
	ck_assert(target_read(t, (uintptr_t)wide + offset + PAGE - 1, &c, 1, NULL));
	ck_assert_int_eq(c, letter_at(offset));
}

START_TEST(what_was_dropped_is_the_same_when_it_is_asked_for_again)
{
	uint64_t copied;

	hold(KEPT);
	ck_assert(target_is_scarce(t));
	ck_assert(!target_is_full(t));
	has_letter(0);
	target_ease(t);
	copied = target_bytes_copied(t);
	has_letter(0); /* not full: it stayed */
	ck_assert_uint_eq(target_bytes_copied(t), copied);
	for (size_t at = 2 * GUARDED; at < WIDE; at += PAGE) {
		has_letter(at);
		if (target_is_full(t))
			ck_assert_uint_ge(target_bytes_copied(t), KEPT);
		target_ease(t);
		ck_assert(!target_is_full(t));
	}
	ck_assert_uint_ge(target_bytes_copied(t), WIDE - 2 * GUARDED);
	copied = target_bytes_copied(t);
	target_trim(t);
	has_letter(WIDE - PAGE);
	has_letter(0);
	ck_assert_uint_gt(target_bytes_copied(t), copied);
	let_go();
}
END_TEST

/* With a trim it would know nothing; a guard page stays one. */
START_TEST(what_cannot_be_read_is_missing_after_a_trim_too)
{
	struct error err = ERROR_INIT;

	hold(KEPT);
	for (int i = 0; i < 2; i++) {
		ck_assert_ptr_null(target_bytes(t, (uintptr_t)wide + GUARDED - 8, 16, &err));
		ck_assert_int_eq(err.kind, ERROR_NOT_SAVED);
		ck_assert_uint_eq(err.address, (uintptr_t)wide + GUARDED);
		has_letter(GUARDED - PAGE);
		has_letter(GUARDED + 2 * PAGE);
		target_trim(t);
	}
	let_go();
}
END_TEST

START_TEST(without_a_bound_nothing_is_dropped)
{
	const char *bytes;

	hold(0);
	ck_assert(!target_is_scarce(t));
	bytes = bytes_at(2 * GUARDED, 4 * GUARDED);
	ck_assert_ptr_nonnull(bytes);
	ck_assert(!target_is_full(t));
	target_ease(t);
	target_trim(t);
	ck_assert_int_eq(bytes[PAGE], letter_at(PAGE + 2 * GUARDED));
	ck_assert_int_eq(bytes[4 * GUARDED - 1], letter_at(6 * GUARDED - 1));
	let_go();
}
END_TEST

static void looks_right(const uint8_t *bytes, size_t from, size_t end)
{
	for (size_t at = from; at < end; at++) {
		bool is_guarded = at >= GUARDED && at < GUARDED + 2 * PAGE;

		if (bytes[at - from] != (is_guarded ? 0 : letter_at(at)))
			ck_abort_msg("byte %zu is another", at);
	}
}

START_TEST(a_look_in_passing_keeps_nothing)
{
	uint8_t *buffer = malloc(WIDE);
	const uint8_t *bytes;
	size_t from;

	hold(KEPT);
	from = add_guard() ? 8 : GUARDED + 2 * PAGE + 8;
	memset(buffer, '?', WIDE);
	bytes = target_peek(t, (uintptr_t)wide + from, WIDE - from, buffer);
	ck_assert_ptr_nonnull(bytes);
	looks_right(bytes, from, WIDE);
	ck_assert(!target_is_full(t));
	ck_assert_uint_eq(target_bytes_copied(t), 0);
	/* Beyond the region; in none. */
	ck_assert_ptr_null(target_peek(t, (uintptr_t)wide, (size_t)1 << 50, buffer));
	ck_assert_ptr_null(target_peek(t, 4096, 8, buffer));
	ck_assert_ptr_null(target_peek(t, UINT64_MAX - 7, 8, buffer));
	target_let_go(t);
	ck_assert_ptr_null(target_peek(t, (uintptr_t)wide, 8, buffer));
	free(buffer);
	let_go();
}
END_TEST

static const struct region *region_at(uint64_t address)
{
	size_t count;
	const struct region *regions = target_regions(t, &count);

	for (size_t i = 0; i < count; i++)
		if (address >= regions[i].start && address < regions[i].end)
			return &regions[i];
	return NULL;
}

/* The table of a dict can be empty, and be where a region starts. */
START_TEST(what_is_here_is_told_without_asking_for_it)
{
	const struct region *r;
	uint64_t at;

	hold(KEPT);
	at = (uint64_t)(uintptr_t)wide + 2 * GUARDED;
	r = region_at(at);
	ck_assert(r && r->is_partial);
	ck_assert(!region_has_bytes(r, at, 8));
	has_letter(2 * GUARDED);
	ck_assert(region_has_bytes(r, at, 1) && region_has_bytes(r, at, PAGE));
	ck_assert(!region_has_bytes(r, at, PAGE + 1));
	ck_assert(!region_has_bytes(r, at + PAGE - 1, 2));
	ck_assert(!region_has_bytes(r, at - 1, 2));
	ck_assert(!region_has_bytes(r, at, 0));
	ck_assert_ptr_nonnull(target_bytes(t, r->start, 1, NULL));
	ck_assert(!region_has_bytes(r, r->start, 0));
	target_trim(t);
	ck_assert(!region_has_bytes(r, at, 1));
	let_go();
}
END_TEST

/* The process runs on and has other bytes: those that are here are all that there will be. */
START_TEST(of_a_process_that_was_let_go_nothing_is_dropped)
{
	hold(PAGE);
	has_letter(2 * GUARDED);
	has_letter(3 * GUARDED);
	ck_assert(target_is_full(t));
	target_let_go(t);
	child_go(&child);
	child_expect_ready(&child);
	ck_assert(!target_is_full(t));
	target_ease(t);
	target_trim(t);
	has_letter(2 * GUARDED);
	has_letter(3 * GUARDED);
	let_go();
}
END_TEST

#define CORE_AT ((uint64_t)0x7e0000000000)

static struct target *open_core(char **directory, uint64_t kept_most)
{
	const struct target_options options = {.kept_most = kept_most};
	struct elf_writer *w = elf_writer_create();
	struct error err = ERROR_INIT;
	struct target *core;
	uint8_t *bytes;
	size_t size;
	char *path;

	elf_writer_thread(w, 7, 11, CORE_AT, CORE_AT);
	elf_writer_process(w, 7, "program", "program");
	elf_writer_segment(w, CORE_AT, WIDE, wide, WIDE, PF_R | PF_W);
	bytes = elf_writer_finish(w, &size);
	*directory = scratch_create();
	path = scratch_write(*directory, "core", bytes, size);
	core = target_open_core(path, &options, &err);
	ck_assert_msg(core != NULL, "%s", err.text);
	free(path);
	free(bytes);
	elf_writer_destroy(w);
	return core;
}

START_TEST(what_was_dropped_of_a_core_is_the_same)
{
	char *directory;
	size_t fulls = 0;

	wide = malloc(WIDE);
	fill_wide();
	t = open_core(&directory, KEPT);
	for (int turn = 0; turn < 2; turn++) {
		for (size_t at = 0; at < WIDE; at += PAGE) {
			const char *bytes = target_bytes(t, CORE_AT + at, PAGE, NULL);

			ck_assert_ptr_nonnull(bytes);
			ck_assert_int_eq(bytes[0], letter_at(at));
			ck_assert_int_eq(bytes[PAGE - 1], letter_at(at));
			fulls += target_is_full(t);
			target_ease(t);
			ck_assert(!target_is_full(t));
			ck_assert_int_eq(bytes[1], letter_at(at)); /* it comes back by itself */
		}
	}
	ck_assert_uint_gt(fulls, 4);
	ck_assert_ptr_eq(
		target_peek(t, CORE_AT + PAGE, PAGE, NULL), target_bytes(t, CORE_AT + PAGE, PAGE, NULL));
	target_close(t);
	scratch_remove(directory);
	t = open_core(&directory, 0);
	target_bytes(t, CORE_AT, WIDE, NULL);
	ck_assert(!target_is_full(t));
	target_close(t);
	free(wide);
	scratch_remove(directory);
}
END_TEST

/* So much address space, all of it the same two MiB. */
static uint8_t *map_repeated(int file, size_t size)
{
	const size_t once = (size_t)2 << 20;
	uint8_t *map = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	ck_assert(map != MAP_FAILED);
	for (size_t at = 0; at < size; at += once)
		ck_assert(mmap(map + at, once, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) !=
			  MAP_FAILED);
	return map;
}

/* The kernel gives 2 GiB less a page with one call (MAX_RW_COUNT) and says no word of the rest. */
START_TEST(more_than_the_kernel_gives_at_once_is_there)
{
	const size_t size = ((size_t)2 << 30) + ((size_t)4 << 20);
	int file = memfd_create("repeated", MFD_CLOEXEC);
	uint8_t *there, *here;
	struct region_list regions = {0};
	struct pages pages;
	struct error err = ERROR_INIT;

	ck_assert_int_eq(ftruncate(file, 2 << 20), 0);
	there = map_repeated(file, size);
	here = map_repeated(file, size);
	region_list_add(&regions,
		(struct region){.start = (uintptr_t)there,
			.end = (uintptr_t)there + size,
			.bytes = here,
			.is_partial = true},
		NULL);
	pages_init(&pages, &regions);
	ck_assert_msg(pages_need(&pages, &regions, 0, (uintptr_t)there, size, getpid(), true, &err), "%s",
		err.text);
	ck_assert_uint_eq(pages.bytes, size);
	pages_deinit(&pages);
	region_list_deinit(&regions);
	munmap(there, size);
	munmap(here, size);
	close(file);
}
END_TEST

Suite *suite_target_window(void)
{
	Suite *suite = suite_create("target_window");
	TCase *tc = tcase_create("target_window");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_was_dropped_is_the_same_when_it_is_asked_for_again);
	tcase_add_test(tc, what_cannot_be_read_is_missing_after_a_trim_too);
	tcase_add_test(tc, without_a_bound_nothing_is_dropped);
	tcase_add_test(tc, what_is_here_is_told_without_asking_for_it);
	tcase_add_test(tc, a_look_in_passing_keeps_nothing);
	tcase_add_test(tc, of_a_process_that_was_let_go_nothing_is_dropped);
	tcase_add_test(tc, what_was_dropped_of_a_core_is_the_same);
	tcase_add_test(tc, more_than_the_kernel_gives_at_once_is_there);
	suite_add_tcase(suite, tc);
	return suite;
}
