/* A core as a target: what comes from the core, what from a file, and what from nowhere. */
#include "inspector/base/alloc.h"
#include "inspector/target/target.h"
#include "tests/unit/elf_writer.h"
#include "tests/unit/warned.h"

#include <check.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *suite_target_core(void);

#define PAGE ((size_t)4096)

/* Where the executable and a library are mapped, three pages each as elf_image_make makes them. */
#define EXE   0x400000
#define LIB   0x7f0000000000
#define STACK 0x7ffc00000000

struct scene {
	char *directory, *exe, *lib; /* paths of the files */
	uint8_t exe_image[ELF_IMAGE_SIZE], lib_image[ELF_IMAGE_SIZE];
	struct elf_writer *w;
	size_t cut; /* bytes that the core lacks at its end */
};

static void scene_init(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	s->directory = scratch_create();
	elf_image_make(s->exe_image, 0x11, 'e');
	elf_image_make(s->lib_image, 0x22, 'l');
	s->exe = scratch_write(s->directory, "program", s->exe_image, ELF_IMAGE_SIZE);
	s->lib = scratch_write(s->directory, "lib.so", s->lib_image, ELF_IMAGE_SIZE);
	s->w = elf_writer_create();
	elf_writer_thread(s->w, 7, 11, STACK, EXE + PAGE);
	elf_writer_process(s->w, 7, "program", "program");
	elf_writer_auxv(s->w, AT_PHDR, EXE + 64);
	elf_writer_auxv(s->w, AT_RANDOM, STACK + 8);
}

static void scene_deinit(struct scene *s)
{
	elf_writer_destroy(s->w);
	free(s->exe);
	free(s->lib);
	scratch_remove(s->directory);
}

/* As the kernel dumps a mapped ELF file: the first page, and the writable one, whose bytes changed to d. */
static void add_mapped(struct elf_writer *w, uint64_t at, const uint8_t *image, const char *path)
{
	uint8_t data[4096];

	memset(data, 'd', sizeof(data));
	elf_writer_segment(w, at, PAGE, image, PAGE, PF_R);
	elf_writer_segment(w, at + PAGE, PAGE, NULL, 0, PF_R | PF_X);
	elf_writer_segment(w, at + 2 * PAGE, PAGE, data, PAGE, PF_R | PF_W);
	for (size_t i = 0; i < 3; i++)
		elf_writer_file(w, at + i * PAGE, at + (i + 1) * PAGE, i * PAGE, path);
}

static void add_usual(struct scene *s)
{
	uint8_t stack[4096];

	memset(stack, 's', sizeof(stack));
	add_mapped(s->w, EXE, s->exe_image, s->exe);
	add_mapped(s->w, LIB, s->lib_image, s->lib);
	elf_writer_segment(s->w, STACK, PAGE, stack, PAGE, PF_R | PF_W);
}

static struct target *scene_open(struct scene *s, const struct target_options *options, struct error *err)
{
	size_t size;
	uint8_t *bytes = elf_writer_finish(s->w, &size);
	char *path = scratch_write(s->directory, "core", bytes, size - s->cut);
	struct target *t = target_open_core(path, options, err);

	free(path);
	free(bytes);
	return t;
}

static struct target *scene_open_well(struct scene *s)
{
	struct error err = ERROR_INIT;
	struct target *t = scene_open(s, NULL, &err);

	ck_assert_msg(t != NULL, "%s", err.text);
	return t;
}

static int byte_at(const struct target *t, uint64_t address)
{
	const uint8_t *byte = target_bytes(t, address, 1, NULL);

	return byte ? *byte : -1;
}

static void not_saved(const struct target *t, uint64_t address, const char *reason)
{
	struct error err = ERROR_INIT;

	ck_assert_ptr_null(target_bytes(t, address, 1, &err));
	ck_assert_int_eq(err.kind, ERROR_NOT_SAVED);
	ck_assert_uint_eq(err.address, address);
	ck_assert_msg(strstr(err.text, reason) != NULL, "\"%s\" does not say \"%s\"", err.text, reason);
}

START_TEST(saved_bytes_come_from_the_core_and_text_from_the_file)
{
	struct scene s;
	struct target *t;
	size_t count;

	scene_init(&s);
	add_usual(&s);
	t = scene_open_well(&s);
	ck_assert_int_eq(byte_at(t, EXE + PAGE), 'e');
	ck_assert_int_eq(byte_at(t, LIB + 2 * PAGE - 1), 'l');
	ck_assert_int_eq(byte_at(t, LIB + 2 * PAGE), 'd');
	ck_assert_int_eq(byte_at(t, STACK + 5), 's');
	ck_assert_str_eq(target_executable(t), s.exe);
	ck_assert_int_eq(target_pid(t), 7);
	ck_assert_str_eq(target_find_mapping(t, STACK)->path, "[stack]");
	ck_assert_str_eq(target_find_mapping(t, LIB + PAGE)->path, s.lib);
	ck_assert_uint_eq(target_find_mapping(t, LIB + PAGE)->file_offset, PAGE);
	ck_assert_int_eq(target_threads(t, &count)[0].signal, 11);
	ck_assert(target_threads(t, &count)[0].has_registers);
	target_warnings(t, &count);
	ck_assert_uint_eq(count, 0);
	target_close(t);
	scene_deinit(&s);
}
END_TEST

/* GDB leaves out the segment of what it does not save. */
START_TEST(a_mapping_without_a_segment_comes_from_the_file)
{
	struct scene s;
	struct target *t;

	scene_init(&s);
	elf_writer_segment(s.w, EXE, PAGE, s.exe_image, PAGE, PF_R);
	for (size_t i = 0; i < 3; i++)
		elf_writer_file(s.w, EXE + i * PAGE, EXE + (i + 1) * PAGE, i * PAGE, s.exe);
	t = scene_open_well(&s);
	ck_assert_int_eq(byte_at(t, EXE + PAGE), 'e');
	ck_assert_uint_eq(target_find_mapping(t, EXE + PAGE)->prot, PROT_READ | PROT_EXEC);
	not_saved(t, EXE + 2 * PAGE, "it was writable");
	target_close(t);
	scene_deinit(&s);
}
END_TEST

START_TEST(writable_pages_never_come_from_the_file)
{
	struct scene s;
	struct target *t;

	scene_init(&s);
	elf_writer_segment(s.w, EXE, PAGE, s.exe_image, PAGE, PF_R);
	elf_writer_segment(s.w, EXE + PAGE, PAGE, NULL, 0, PF_R | PF_W); /* text that was made writable */
	elf_writer_segment(s.w, EXE + 2 * PAGE, PAGE, NULL, 0, PF_R);	 /* relocated, then read-only */
	for (size_t i = 0; i < 3; i++)
		elf_writer_file(s.w, EXE + i * PAGE, EXE + (i + 1) * PAGE, i * PAGE, s.exe);
	t = scene_open_well(&s);
	not_saved(t, EXE + PAGE, "it was writable");
	not_saved(t, EXE + 2 * PAGE, "it was writable");
	target_close(t);
	scene_deinit(&s);
}
END_TEST

START_TEST(what_a_cut_core_lost_never_comes_from_the_file)
{
	struct scene s;
	struct target *t;

	scene_init(&s);
	add_mapped(s.w, EXE, s.exe_image, s.exe);
	elf_writer_segment(s.w, LIB, PAGE, s.lib_image, PAGE, PF_R);
	elf_writer_segment(s.w, LIB + PAGE, PAGE, s.lib_image, PAGE, PF_R);
	elf_writer_file(s.w, LIB, LIB + 2 * PAGE, 0, s.lib);
	s.cut = PAGE - 100;
	t = scene_open_well(&s);
	ck_assert_ptr_nonnull(target_bytes(t, LIB + PAGE, 100, NULL));
	not_saved(t, LIB + PAGE + 100, "cut before it");
	ck_assert(warned(t, "3996 bytes of it are missing"));
	target_close(t);
	scene_deinit(&s);
}
END_TEST

START_TEST(a_library_that_is_missing_or_another_is_not_read)
{
	struct scene s;
	struct target *t;
	struct error err = ERROR_INIT;

	scene_init(&s);
	add_usual(&s);
	ck_assert_int_eq(unlink(s.lib), 0);
	t = scene_open_well(&s);
	not_saved(t, LIB + PAGE, "lib.so is not on this machine");
	ck_assert_int_eq(byte_at(t, LIB + 100), s.lib_image[100]);
	ck_assert(warned(t, "lib.so is not on this machine"));
	ck_assert_int_eq(target_open_file(t, s.lib, &err), -1);
	ck_assert_int_eq(err.kind, ERROR_NOT_FOUND);
	target_close(t);

	elf_image_make(s.lib_image, 0x33, 'l');
	free(scratch_write(s.directory, "lib.so", s.lib_image, ELF_IMAGE_SIZE));
	t = scene_open_well(&s);
	not_saved(t, LIB + PAGE, "lib.so has build-id 3333333333333333333333333333333333333333");
	not_saved(t, LIB + PAGE, "has 2222222222222222222222222222222222222222");
	ck_assert_int_eq(target_open_file(t, s.lib, &err), -1);
	ck_assert_int_eq(err.kind, ERROR_MISMATCH);
	target_close(t);
	scene_deinit(&s);
}
END_TEST

START_TEST(without_a_build_id_the_first_page_decides)
{
	struct scene s;
	struct target *t;

	scene_init(&s);
	add_mapped(s.w, EXE, s.exe_image, s.exe);
	elf_image_make(s.lib_image, 0, 'l');
	free(scratch_write(s.directory, "lib.so", s.lib_image, ELF_IMAGE_SIZE));
	add_mapped(s.w, LIB, s.lib_image, s.lib);
	t = scene_open_well(&s);
	ck_assert_int_eq(byte_at(t, LIB + PAGE), 'l');
	target_close(t);
	s.lib_image[4095] = 'x';
	free(scratch_write(s.directory, "lib.so", s.lib_image, ELF_IMAGE_SIZE));
	t = scene_open_well(&s);
	not_saved(t, LIB + PAGE, "another first page");
	target_close(t);
	scene_deinit(&s);
}
END_TEST

START_TEST(a_file_that_cannot_be_compared_is_not_read)
{
	struct scene s;
	struct target *t;
	char *data, *device;

	scene_init(&s);
	add_mapped(s.w, EXE, s.exe_image, s.exe);
	data = scratch_write(s.directory, "data", s.lib_image, ELF_IMAGE_SIZE);
	device = xasprintf("%s/fifo", s.directory);
	ck_assert_int_eq(mkfifo(device, 0600), 0);
	elf_writer_segment(s.w, LIB, PAGE, NULL, 0, PF_R); /* nothing of its first page */
	elf_writer_file(s.w, LIB, LIB + PAGE, 0, data);
	elf_writer_segment(s.w, LIB + 0x10000, 2 * PAGE, "text", 4, PF_R);
	elf_writer_file(s.w, LIB + 0x10000, LIB + 0x10000 + 2 * PAGE, 0, s.lib);
	elf_writer_segment(s.w, LIB + 0x20000, PAGE, NULL, 0, PF_R);
	elf_writer_file(s.w, LIB + 0x20000, LIB + 0x20000 + PAGE, 0, device);
	elf_writer_segment(s.w, LIB + 0x30000, PAGE, NULL, 0, PF_R);
	elf_writer_file(s.w, LIB + 0x30000, LIB + 0x30000 + PAGE, 0, "relative/path");
	t = scene_open_well(&s);
	not_saved(t, LIB, "nothing of its first page");
	not_saved(t, LIB + 0x10000 + PAGE, "nothing of its first page");
	not_saved(t, LIB + 0x20000, "no regular file");
	not_saved(t, LIB + 0x30000, "relative/path");
	target_close(t);
	free(data);
	free(device);
	scene_deinit(&s);
}
END_TEST

START_TEST(pages_behind_the_end_of_the_file_are_not_read)
{
	struct scene s;
	struct target *t;

	scene_init(&s);
	add_mapped(s.w, EXE, s.exe_image, s.exe);
	free(scratch_write(s.directory, "lib.so", s.lib_image, PAGE + 10));
	elf_writer_segment(s.w, LIB, 4 * PAGE, s.lib_image, PAGE, PF_R);
	elf_writer_file(s.w, LIB, LIB + 4 * PAGE, 0, s.lib);
	t = scene_open_well(&s);
	ck_assert_int_eq(byte_at(t, LIB + PAGE + 9), 'l');
	ck_assert_int_eq(byte_at(t, LIB + 2 * PAGE - 1), 0); /* as in the process */
	not_saved(t, LIB + 2 * PAGE, "file ends before it");
	target_close(t);
	scene_deinit(&s);
}
END_TEST

START_TEST(a_deleted_file_is_looked_for_by_its_name)
{
	struct scene s;
	struct target *t;
	char *deleted;

	scene_init(&s);
	deleted = xasprintf("%s (deleted)", s.exe);
	add_mapped(s.w, EXE, s.exe_image, deleted);
	t = scene_open_well(&s);
	ck_assert_int_eq(byte_at(t, EXE + PAGE), 'e');
	ck_assert_str_eq(target_executable(t), s.exe);
	target_close(t);
	free(deleted);
	scene_deinit(&s);
}
END_TEST

START_TEST(a_core_without_its_executable_is_refused_with_the_cure)
{
	struct scene s;
	struct error err = ERROR_INIT;
	struct target_options options = {.executable = NULL};
	struct target *t;
	uint8_t another[ELF_IMAGE_SIZE];
	char *elsewhere;

	scene_init(&s);
	add_usual(&s);
	elsewhere = scratch_write(s.directory, "elsewhere", s.exe_image, ELF_IMAGE_SIZE);
	ck_assert_int_eq(unlink(s.exe), 0);
	ck_assert_ptr_null(scene_open(&s, NULL, &err));
	ck_assert_int_eq(err.kind, ERROR_NOT_FOUND);
	ck_assert(strstr(err.text, s.exe) && strstr(err.advice, "--exe") && strstr(err.advice, "--sysroot"));

	options.executable = elsewhere;
	t = scene_open(&s, &options, &err);
	ck_assert_ptr_nonnull(t);
	ck_assert_int_eq(byte_at(t, EXE + PAGE), 'e');
	ck_assert_str_eq(target_executable(t), s.exe);
	close(target_open_file(t, s.exe, &err));
	target_close(t);

	elf_image_make(another, 0x44, 'e');
	free(scratch_write(s.directory, "elsewhere", another, ELF_IMAGE_SIZE));
	ck_assert_ptr_null(scene_open(&s, &options, &err));
	ck_assert_int_eq(err.kind, ERROR_MISMATCH);
	ck_assert(
		strstr(err.text, elsewhere) && strstr(err.text, "44444444") && strstr(err.text, "11111111"));
	ck_assert(strstr(err.advice, "--exe"));
	options.executable = "/nonexistent/python3";
	ck_assert_ptr_null(scene_open(&s, &options, &err));
	ck_assert(err.kind == ERROR_NOT_FOUND && strstr(err.text, "/nonexistent/python3"));
	free(elsewhere);
	scene_deinit(&s);
}
END_TEST

START_TEST(files_are_looked_up_in_the_sysroot)
{
	struct scene s;
	struct error err = ERROR_INIT;
	struct target_options options = {.sysroot = NULL};
	struct target *t;
	int fd;

	scene_init(&s);
	add_mapped(s.w, EXE, s.exe_image, "/program");
	add_mapped(s.w, LIB, s.lib_image, "/../up/lib.so");
	options.sysroot = s.directory;
	t = scene_open(&s, &options, &err);
	ck_assert_msg(t != NULL, "%s", err.text);
	ck_assert_int_eq(byte_at(t, EXE + PAGE), 'e');
	not_saved(t, LIB + PAGE, "/../up/lib.so is not under ");
	fd = target_open_file(t, "/lib.so", &err);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(target_open_file(t, "/etc/passwd", &err), -1);
	target_close(t);
	options.sysroot = "/nonexistent";
	ck_assert_ptr_null(scene_open(&s, &options, &err));
	ck_assert(err.kind == ERROR_NOT_FOUND && strstr(err.text, "/nonexistent"));
	scene_deinit(&s);
}
END_TEST

START_TEST(a_core_that_names_no_files_opens_with_a_warning)
{
	struct scene s;
	struct target *t;

	scene_init(&s);
	elf_writer_segment(s.w, STACK, PAGE, s.exe_image, PAGE, PF_R | PF_W);
	elf_writer_segment(s.w, STACK + 0x10000, PAGE, NULL, 0, PF_R | PF_W);
	t = scene_open_well(&s);
	ck_assert_str_eq(target_executable(t), "");
	ck_assert(warned(t, "does not say which file"));
	not_saved(t, STACK + 0x10000, "not saved in the core");
	target_close(t);
	scene_deinit(&s);
}
END_TEST

START_TEST(the_executable_is_found_by_its_name_without_a_vector)
{
	struct scene s;
	struct target *t;

	scene_init(&s);
	elf_writer_destroy(s.w);
	s.w = elf_writer_create();
	elf_writer_process(s.w, 7, "program", "program");
	add_mapped(s.w, LIB, s.lib_image, s.lib);
	add_mapped(s.w, EXE, s.exe_image, s.exe);
	t = scene_open_well(&s);
	ck_assert_str_eq(target_executable(t), s.exe);
	target_close(t);
	scene_deinit(&s);
}
END_TEST

START_TEST(a_hole_in_the_core_is_memory_that_was_never_touched)
{
	const uint64_t size = (uint64_t)1 << 20, hole = (uint64_t)512 << 10;
	uint8_t *bytes = calloc(1, size);
	struct scene s;
	struct target *t;
	const struct region *regions;
	size_t count, zeros = 0, length;
	char *path;
	int fd;

	scene_init(&s);
	memset(bytes, 'h', hole / 2);
	memset(bytes + size - hole / 2, 'h', hole / 2);
	elf_writer_segment(s.w, STACK, size, bytes, size, PF_R | PF_W);
	free(bytes);
	bytes = elf_writer_finish(s.w, &length);
	path = scratch_write(s.directory, "core", bytes, length);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	/* Not every file system has holes; then there is nothing to see. */
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(length - size + hole / 2),
		    (off_t)hole) == 0) {
		t = target_open_core(path, NULL, NULL);
		ck_assert_ptr_nonnull(t);
		regions = target_regions(t, &count);
		for (size_t i = 0; i < count; i++)
			zeros += regions[i].is_zero ? regions[i].end - regions[i].start : 0;
		ck_assert_uint_eq(zeros, hole);
		ck_assert_uint_eq(count, 3);
		ck_assert_uint_eq(target_extent(t, STACK, SIZE_MAX), size);
		ck_assert_int_eq(byte_at(t, STACK + hole / 2 - 1), 'h');
		ck_assert_int_eq(byte_at(t, STACK + hole / 2), 0);
		ck_assert_int_eq(byte_at(t, STACK + hole / 2 + hole), 'h');
		target_close(t);
	}
	close(fd);
	free(path);
	free(bytes);
	scene_deinit(&s);
}
END_TEST

/* Reads at both ends of every region, and across them. */
static void touch_all(const struct target *t)
{
	size_t count, more;
	const struct region *regions = target_regions(t, &count);
	uint64_t last = 0;
	char out[64];

	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_ge(regions[i].start, last);
		ck_assert_uint_gt(regions[i].end, regions[i].start);
		last = regions[i].end;
		target_read(t, regions[i].start, out, sizeof(out), NULL);
		target_read(t, regions[i].end - 8, out, sizeof(out), NULL);
		more = target_extent(t, regions[i].start, SIZE_MAX);
		if (more > 0) {
			const uint8_t *bytes = target_bytes(t, regions[i].start, more, NULL);

			ck_assert_ptr_nonnull(bytes);
			ck_assert_int_le(bytes[0] + bytes[more - 1], 510);
		}
		ck_assert_ptr_nonnull(target_find_mapping(t, regions[i].start));
	}
}

START_TEST(flipped_bytes_never_lead_outside)
{
	struct scene s;
	uint64_t seed = 7, opened = 0;
	size_t size;
	uint8_t *good, *bytes;
	char path[32];
	int fd;

	scene_init(&s);
	add_usual(&s);
	good = elf_writer_finish(s.w, &size);
	bytes = malloc(size);
	memory_file(good, size, &fd, path);
	for (int round = 0; round < 2000; round++) {
		struct error err = ERROR_INIT;
		struct target *t;

		memcpy(bytes, good, size);
		for (int flips = 1 + round % 4; flips > 0; flips--) {
			seed = seed * 6364136223846793005 + 1442695040888963407;
			bytes[(seed >> 33) % (2 * PAGE)] = (uint8_t)(seed >> 20);
		}
		ck_assert_int_eq(pwrite(fd, bytes, size, 0), (ssize_t)size);
		t = target_open_core(path, NULL, &err);
		ck_assert_int_eq(t == NULL, err.kind != ERROR_NONE);
		if (!t)
			continue;
		touch_all(t);
		opened++;
		target_close(t);
	}
	ck_assert_uint_gt(opened, 500);
	close(fd);
	free(good);
	free(bytes);
	scene_deinit(&s);
}
END_TEST

Suite *suite_target_core(void)
{
	Suite *suite = suite_create("target_core");
	TCase *tc = tcase_create("target_core");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, saved_bytes_come_from_the_core_and_text_from_the_file);
	tcase_add_test(tc, a_mapping_without_a_segment_comes_from_the_file);
	tcase_add_test(tc, writable_pages_never_come_from_the_file);
	tcase_add_test(tc, what_a_cut_core_lost_never_comes_from_the_file);
	tcase_add_test(tc, a_library_that_is_missing_or_another_is_not_read);
	tcase_add_test(tc, without_a_build_id_the_first_page_decides);
	tcase_add_test(tc, a_file_that_cannot_be_compared_is_not_read);
	tcase_add_test(tc, pages_behind_the_end_of_the_file_are_not_read);
	tcase_add_test(tc, a_deleted_file_is_looked_for_by_its_name);
	tcase_add_test(tc, a_core_without_its_executable_is_refused_with_the_cure);
	tcase_add_test(tc, files_are_looked_up_in_the_sysroot);
	tcase_add_test(tc, a_core_that_names_no_files_opens_with_a_warning);
	tcase_add_test(tc, the_executable_is_found_by_its_name_without_a_vector);
	tcase_add_test(tc, a_hole_in_the_core_is_memory_that_was_never_touched);
	tcase_add_test(tc, flipped_bytes_never_lead_outside);
	suite_add_tcase(suite, tc);
	return suite;
}
