/* What every target promises of reads, on regions made by hand; and the files that are opened for one. */
#include "inspector/base/alloc.h"
#include "inspector/target/denial.h"
#include "inspector/target/path_open.h"
#include "inspector/target/proc_maps.h"
#include "inspector/target/target.h"
#include "tests/unit/elf_writer.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

Suite *suite_target(void);

static const uint8_t bytes[64] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const uint8_t other[16] = "other side......";

/* 1000-1010 and 1010-1020 side by side here, 1020-1030 elsewhere, 1030-1040 not saved, then a gap. */
static struct target *usual(void)
{
	const struct region regions[] = {
		{.start = 0x1030, .end = 0x1040, .prot = PROT_READ},
		{.start = 0x1000, .end = 0x1010, .bytes = bytes, .prot = PROT_READ},
		{.start = 0x1010, .end = 0x1020, .bytes = bytes + 16, .prot = PROT_READ | PROT_WRITE},
		{.start = 0x1020, .end = 0x1030, .bytes = other, .prot = PROT_READ},
		{.start = UINT64_MAX - 0xf, .end = UINT64_MAX, .bytes = bytes, .prot = PROT_READ},
	};

	return target_open_memory(regions, sizeof(regions) / sizeof(regions[0]));
}

static void fails_at(const struct target *t, uint64_t address, size_t size, enum error_kind kind, uint64_t at)
{
	struct error err = ERROR_INIT;

	ck_assert_ptr_null(target_bytes(t, address, size, &err));
	ck_assert_int_eq(err.kind, kind);
	ck_assert_uint_eq(err.address, at);
	ck_assert_ptr_null(target_bytes(t, address, size, NULL));
}

START_TEST(bytes_are_joined_only_where_they_lie_side_by_side)
{
	struct target *t = usual();

	ck_assert_ptr_eq(target_bytes(t, 0x1000, 16, NULL), bytes);
	ck_assert_ptr_eq(target_bytes(t, 0x100f, 1, NULL), bytes + 15);
	ck_assert_ptr_eq(target_bytes(t, 0x1008, 24, NULL), bytes + 8);
	ck_assert_ptr_eq(target_bytes(t, 0x1010, 0, NULL), bytes + 16);
	fails_at(t, 0x1008, 25, ERROR_NOT_SAVED, 0x1020);
	fails_at(t, 0x1020, 17, ERROR_NOT_SAVED, 0x1030);
	fails_at(t, 0x1030, 1, ERROR_NOT_SAVED, 0x1030);
	target_close(t);
}
END_TEST

START_TEST(what_is_not_mapped_is_told_from_what_is_not_saved)
{
	struct target *t = usual();

	fails_at(t, 0, 1, ERROR_UNMAPPED, 0);
	fails_at(t, 0xfff, 2, ERROR_UNMAPPED, 0xfff);
	fails_at(t, 0x1040, 8, ERROR_UNMAPPED, 0x1040);
	fails_at(t, UINT64_MAX, 8, ERROR_UNMAPPED, UINT64_MAX);
	fails_at(t, UINT64_MAX - 7, 8, ERROR_UNMAPPED, UINT64_MAX);
	fails_at(t, UINT64_MAX - 7, SIZE_MAX, ERROR_UNMAPPED, UINT64_MAX);
	fails_at(t, 0x1000, SIZE_MAX, ERROR_NOT_SAVED, 0x1020);
	target_close(t);
}
END_TEST

START_TEST(a_read_crosses_regions_and_stops_at_the_first_bad_byte)
{
	struct target *t = usual();
	struct error err = ERROR_INIT;
	char out[64];

	ck_assert(target_read(t, 0x1008, out, 40, &err));
	ck_assert_mem_eq(out, bytes + 8, 24);
	ck_assert_mem_eq(out + 24, other, 16);
	ck_assert(target_read(t, 0x5555, out, 0, &err));
	ck_assert(!target_read(t, 0x1008, out, 41, &err));
	ck_assert_int_eq(err.kind, ERROR_NOT_SAVED);
	ck_assert_uint_eq(err.address, 0x1030);
	ck_assert(!target_read(t, UINT64_MAX - 3, out, 8, &err));
	ck_assert_int_eq(err.kind, ERROR_UNMAPPED);
	ck_assert_uint_eq(err.address, UINT64_MAX);
	ck_assert(!target_read(t, 0xff0, out, 32, NULL));
	target_close(t);
}
END_TEST

START_TEST(extent_is_what_bytes_would_give)
{
	struct target *t = usual();

	ck_assert_uint_eq(target_extent(t, 0x1004, 1000), 0x1c);
	ck_assert_uint_eq(target_extent(t, 0x1004, 5), 5);
	ck_assert_uint_eq(target_extent(t, 0x1028, 1000), 8);
	ck_assert_uint_eq(target_extent(t, 0x1030, 1000), 0);
	ck_assert_uint_eq(target_extent(t, 0x2000, 1000), 0);
	for (uint64_t at = 0xff8; at < 0x1048; at++) {
		size_t extent = target_extent(t, at, 1000);

		ck_assert_int_eq(extent > 0, target_bytes(t, at, 1, NULL) != NULL);
		if (extent > 0)
			ck_assert_ptr_nonnull(target_bytes(t, at, extent, NULL));
		ck_assert_ptr_null(target_bytes(t, at, extent + 1, NULL));
	}
	target_close(t);
}
END_TEST

START_TEST(a_memory_target_answers_every_question)
{
	struct target *t = usual();
	struct error err = ERROR_INIT;
	bool settled = false;
	size_t count;

	ck_assert(target_capture(t, NULL, NULL, &settled, &err));
	ck_assert(settled);
	ck_assert_int_eq(target_kind(t), TARGET_CORE);
	ck_assert_int_eq(target_pid(t), 0);
	ck_assert_ptr_null(target_core_path(t));
	ck_assert_str_eq(target_executable(t), "");
	target_mappings(t, &count);
	ck_assert_uint_eq(count, 5);
	ck_assert_uint_eq(target_find_mapping(t, 0x1035)->start, 0x1030);
	ck_assert_ptr_null(target_find_mapping(t, 0x1040));
	ck_assert_ptr_null(target_find_mapping(t, 0));
	target_threads(t, &count);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(target_open_file(t, "/etc/passwd", &err), -1);
	ck_assert_int_eq(err.kind, ERROR_NOT_FOUND);
	target_close(t);
	t = target_open_memory(NULL, 0);
	fails_at(t, 0x1000, 1, ERROR_UNMAPPED, 0x1000);
	target_close(t);
	target_close(NULL);
}
END_TEST

START_TEST(maps_are_parsed_and_what_is_no_line_is_left_out)
{
	static const char text[] =
		"00400000-00401000 r-xp 00001000 fe:02 77                         /usr/bin/a b\n"
		"garbage\n"
		"00300000-00301000 r-xp 00000000 00:00 0 \n" /* behind the one before it */
		"7f0000000000-7f0000001000 rw-s 00000000 00:05 9                          /dev/x (deleted)\n"
		"7f0000001000-7f0000001000 rw-p 00000000 00:00 0 \n" /* empty */
		"7f0000002000-7f0000003000 ---p 00000000 00:00 0 \n"
		"7f0000004000-7f0000005000 r--p 00000000 00:00 0                          /a\\012b\n"
		"7ffc00000000-7ffc00001000 rw-p 00000000 00:00 0                          [stack]";
	struct arena *arena = arena_create();
	size_t count;
	const struct mapping *m = proc_maps_parse(arena, text, &count);

	ck_assert_uint_eq(count, 5);
	ck_assert_str_eq(m[0].path, "/usr/bin/a b");
	ck_assert_uint_eq(m[0].device, makedev(0xfe, 2));
	ck_assert_uint_eq(m[0].inode, 77);
	ck_assert_uint_eq(m[0].file_offset, 0x1000);
	ck_assert_uint_eq(m[0].prot, PROT_READ | PROT_EXEC);
	ck_assert(!m[0].is_shared && !m[0].is_deleted);
	ck_assert_str_eq(m[1].path, "/dev/x");
	ck_assert(m[1].is_shared && m[1].is_deleted);
	ck_assert_uint_eq(m[2].prot, 0);
	ck_assert_str_eq(m[2].path, "");
	ck_assert_str_eq(m[3].path, "/a\nb");
	ck_assert_str_eq(m[4].path, "[stack]");
	proc_maps_parse(arena, "", &count);
	ck_assert_uint_eq(count, 0);
	arena_destroy(arena);
}
END_TEST

static bool opens(int root, const char *path, bool by_steps, const char *content)
{
	struct stat status;
	char got[16] = "", name[32];
	int fd = by_steps ? path_walk(root, path) : path_open(root, path, &status, NULL);

	if (fd >= 0 && by_steps) {
		int looked = fd;

		snprintf(name, sizeof(name), "/proc/self/fd/%d", looked);
		fd = open(name, O_RDONLY | O_CLOEXEC);
		close(looked);
	}
	if (fd < 0)
		return false;
	ck_assert_int_ge(read(fd, got, sizeof(got) - 1), 0);
	close(fd);
	return strcmp(got, content) == 0;
}

START_TEST(no_path_leaves_its_root)
{
	char *outside = scratch_create(), *root, *inside;
	int fd;

	free(scratch_write(outside, "secret", "outside", 7));
	root = xasprintf("%s/root", outside);
	inside = xasprintf("%s/etc", root);
	ck_assert_int_eq(mkdir(root, 0700) + mkdir(inside, 0700), 0);
	free(scratch_write(root, "secret", "inside", 6));
	free(scratch_write(inside, "file", "file", 4));
	fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(symlinkat("../../../../../secret", fd, "up"), 0);
	ck_assert_int_eq(symlinkat("/secret", fd, "absolute"), 0);
	ck_assert_int_eq(symlinkat("/etc", fd, "directory"), 0);
	ck_assert_int_eq(symlinkat("../up", fd, "etc/chain"), 0);
	ck_assert_int_eq(symlinkat("loop", fd, "loop"), 0);
	for (int by_steps = 0; by_steps < 2; by_steps++) {
		ck_assert(opens(fd, "/secret", by_steps, "inside"));
		ck_assert(opens(fd, "/../../secret", by_steps, "inside"));
		ck_assert(opens(fd, "/up", by_steps, "inside"));
		ck_assert(opens(fd, "/absolute", by_steps, "inside"));
		ck_assert(opens(fd, "//directory/./file", by_steps, "file"));
		ck_assert(opens(fd, "/directory/../directory/chain", by_steps, "inside"));
		ck_assert(!opens(fd, "/loop", by_steps, ""));
		ck_assert(!opens(fd, "/secret/file", by_steps, ""));
		ck_assert(!opens(fd, "/none", by_steps, ""));
	}
	close(fd);
	free(inside);
	free(root);
	scratch_remove(outside);
}
END_TEST

START_TEST(only_regular_files_are_opened)
{
	char *directory = scratch_create(), *fifo = xasprintf("%s/fifo", directory);
	struct error err = ERROR_INIT;
	struct stat status;

	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	ck_assert_int_eq(path_open(AT_FDCWD, fifo, &status, &err), -1);
	ck_assert_int_eq(err.kind, ERROR_UNSUPPORTED);
	ck_assert_int_eq(path_open(AT_FDCWD, "/dev/null", &status, &err), -1);
	ck_assert_int_eq(err.kind, ERROR_UNSUPPORTED);
	ck_assert_int_eq(path_open(AT_FDCWD, directory, &status, &err), -1);
	ck_assert_int_eq(err.kind, ERROR_UNSUPPORTED);
	ck_assert_int_eq(path_open(AT_FDCWD, "/nonexistent", &status, &err), -1);
	ck_assert_int_eq(err.kind, ERROR_NOT_FOUND);
	free(fifo);
	scratch_remove(directory);
}
END_TEST

struct denial_row {
	struct denial_facts facts;
	const char *text, *advice;
};

/* All facts of a row but one are those of a process that may be read: each cause stands alone. */
START_TEST(a_refusal_names_its_one_cause)
{
	static const struct denial_row rows[] = {
		{{.our_uid = 1, .their_uid = 0}, "belongs to", "sudo asyncinspect --pid 42"},
		{{.our_uid = 0, .same_user = true, .we_are_in_container = true}, "without CAP_SYS_PTRACE",
			"--cap-add=SYS_PTRACE"},
		{{.our_uid = 1, .same_user = true, .they_are_not_dumpable = true}, "is protected", "sudo"},
		{{.our_uid = 1, .same_user = true, .they_have_more = true}, "has capabilities", "sudo"},
		{{.our_uid = 1, .same_user = true, .yama = 1}, "ptrace_scope is 1",
			"sysctl kernel.yama.ptrace_scope=0"},
		{{.our_uid = 1, .same_user = true, .yama = 2}, "ptrace_scope is 2", "sudo"},
		{{.our_uid = 0, .same_user = true, .we_have_ptrace = true, .yama = 3}, "ptrace_scope is 3",
			"core"},
		{{.our_uid = 0, .we_have_ptrace = true, .other_user_namespace = true},
			"another user namespace", "host"},
		{{.our_uid = 1, .same_user = true, .we_are_filtered = true}, "seccomp",
			"--cap-add=SYS_PTRACE"},
		{{.our_uid = 1, .same_user = true, .their_confinement = "docker-default"}, "docker-default",
			"AppArmor"},
		{{.our_uid = 1, .yama = 1, .they_are_not_dumpable = true, .they_have_more = true},
			"belongs to", "sudo"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct denial_facts facts = rows[i].facts;
		struct error err = ERROR_INIT;

		if (!facts.their_confinement)
			facts.their_confinement = "";
		ck_assert(!denial_explain(&facts, 42, EPERM, &err));
		ck_assert_int_eq(err.kind, ERROR_DENIED);
		ck_assert_int_eq(err.errnum, EPERM);
		ck_assert_msg(strstr(err.text, rows[i].text) != NULL, "row %zu: %s", i, err.text);
		ck_assert_msg(strstr(err.advice, rows[i].advice) != NULL, "row %zu: %s", i, err.advice);
	}
}
END_TEST

Suite *suite_target(void)
{
	Suite *suite = suite_create("target");
	TCase *tc = tcase_create("target");

	tcase_add_test(tc, bytes_are_joined_only_where_they_lie_side_by_side);
	tcase_add_test(tc, what_is_not_mapped_is_told_from_what_is_not_saved);
	tcase_add_test(tc, a_read_crosses_regions_and_stops_at_the_first_bad_byte);
	tcase_add_test(tc, extent_is_what_bytes_would_give);
	tcase_add_test(tc, a_memory_target_answers_every_question);
	tcase_add_test(tc, maps_are_parsed_and_what_is_no_line_is_left_out);
	tcase_add_test(tc, no_path_leaves_its_root);
	tcase_add_test(tc, only_regular_files_are_opened);
	tcase_add_test(tc, a_refusal_names_its_one_cause);
	suite_add_tcase(suite, tc);
	return suite;
}
