#include "corefiles/core_file.h"
#include "inspector/base/alloc.h"
#include "tests/unit/elf_writer.h"

#include <check.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *suite_core_file(void);

#define PAGE 4096

/* Opens bytes as a core; NULL and err when it is refused. */
static struct core_file *open_bytes(const void *bytes, size_t size, struct error *err)
{
	char path[32];
	int fd;
	struct core_file *core = core_file_open(memory_file(bytes, size, &fd, path), err);

	close(fd);
	return core;
}

/* Two segments, two threads, two mapped files; the notes are the first 1 of the program headers. */
static struct elf_writer *write_usual(void)
{
	struct elf_writer *w = elf_writer_create();
	uint8_t bytes[2 * PAGE];

	memset(bytes, 'a', sizeof(bytes));
	elf_writer_segment(w, 0x20000, 2 * PAGE, bytes, 2 * PAGE, PF_R | PF_W);
	memset(bytes, 'b', sizeof(bytes));
	elf_writer_segment(w, 0x10000, 3 * PAGE, bytes, PAGE, PF_R | PF_X);
	elf_writer_thread(w, 101, 6, 0x20100, 0x10010);
	elf_writer_process(w, 100, "python3", "python3 -m server");
	elf_writer_thread(w, 102, 0, 0x20800, 0x10020);
	elf_writer_file(w, 0x11000, 0x13000, 0x1000, "/usr/lib/b.so");
	elf_writer_file(w, 0x10000, 0x11000, 0, "/usr/lib/b.so");
	elf_writer_auxv(w, AT_PHDR, 0x10040);
	elf_writer_auxv(w, AT_ENTRY, 0x10100);
	return w;
}

static uint8_t *usual_bytes(size_t *size)
{
	struct elf_writer *w = write_usual();
	uint8_t *bytes = elf_writer_finish(w, size);

	elf_writer_destroy(w);
	return bytes;
}

static void check_usual(const struct core_file *core)
{
	size_t count;
	const struct core_segment *segments = core_file_segments(core, &count);
	const struct core_mapping *mappings;
	const struct core_thread *threads;
	uint64_t value;

	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(segments[0].start, 0x10000);
	ck_assert_uint_eq(segments[0].end, 0x13000);
	ck_assert_uint_eq(segments[0].saved, PAGE);
	ck_assert_uint_eq(segments[0].prot, PROT_READ | PROT_EXEC);
	ck_assert_uint_eq(segments[0].bytes[PAGE - 1], 'b');
	ck_assert_uint_eq(segments[1].bytes[2 * PAGE - 1], 'a');
	threads = core_file_threads(core, &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(threads[0].tid, 101);
	ck_assert_int_eq(threads[0].signal, 6);
	ck_assert_uint_eq(threads[0].stack_pointer, 0x20100);
	ck_assert_uint_eq(threads[1].pc, 0x10020);
	mappings = core_file_mappings(core, &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(mappings[0].start, 0x10000);
	ck_assert_uint_eq(mappings[1].file_offset, 0x1000);
	ck_assert_str_eq(mappings[1].path, "/usr/lib/b.so");
	ck_assert(core_file_process(core)->known);
	ck_assert_int_eq(core_file_process(core)->pid, 100);
	ck_assert_uint_eq(core_file_process(core)->uid, 1000);
	ck_assert_str_eq(core_file_process(core)->name, "python3");
	ck_assert_str_eq(core_file_process(core)->arguments, "python3 -m server");
	ck_assert(core_file_auxv(core, AT_ENTRY, &value) && value == 0x10100);
	ck_assert(!core_file_auxv(core, AT_PAGESZ, &value));
	ck_assert(!core_file_truncated(core, &value) && value == 0);
	ck_assert(!core_file_by_gdb(core));
}

START_TEST(a_core_tells_what_is_in_it)
{
	size_t size;
	uint8_t *bytes = usual_bytes(&size);
	struct error err = ERROR_INIT;
	struct core_file *core = open_bytes(bytes, size, &err);

	ck_assert_msg(core != NULL, "%s", err.text);
	check_usual(core);
	core_file_close(core);
	free(bytes);
}
END_TEST

START_TEST(the_number_of_segments_may_stand_in_a_section_header)
{
	struct elf_writer *w = write_usual();
	struct error err = ERROR_INIT;
	struct core_file *core;
	uint8_t *bytes;
	size_t size;

	elf_writer_count_elsewhere(w);
	bytes = elf_writer_finish(w, &size);
	core = open_bytes(bytes, size, &err);
	ck_assert_msg(core != NULL, "%s", err.text);
	check_usual(core);
	core_file_close(core);
	((Elf64_Ehdr *)(void *)bytes)->e_shoff = size - 8;
	ck_assert_ptr_null(open_bytes(bytes, size, &err));
	ck_assert_int_eq(err.kind, ERROR_CORRUPT);
	((Elf64_Ehdr *)(void *)bytes)->e_shoff = sizeof(Elf64_Ehdr);
	((Elf64_Shdr *)(void *)(bytes + sizeof(Elf64_Ehdr)))->sh_info = UINT32_MAX;
	ck_assert_ptr_null(open_bytes(bytes, size, &err));
	ck_assert_int_eq(err.kind, ERROR_CORRUPT);
	elf_writer_destroy(w);
	free(bytes);
}
END_TEST

START_TEST(more_segments_than_a_header_can_count)
{
	struct elf_writer *w = elf_writer_create();
	struct error err = ERROR_INIT;
	struct core_file *core;
	uint8_t *bytes;
	size_t size, count;

	for (uint64_t i = 0; i < 70000; i++)
		elf_writer_segment(w, (70000 - i) * PAGE, PAGE, NULL, 0, PF_R);
	elf_writer_count_elsewhere(w);
	bytes = elf_writer_finish(w, &size);
	core = open_bytes(bytes, size, &err);
	ck_assert_msg(core != NULL, "%s", err.text);
	ck_assert_uint_eq(core_file_segments(core, &count)[0].start, PAGE);
	ck_assert_uint_eq(count, 70000);
	core_file_close(core);
	elf_writer_destroy(w);
	free(bytes);
}
END_TEST

static void refused(const void *bytes, size_t size, enum error_kind kind, const char *part)
{
	struct error err = ERROR_INIT;

	ck_assert_ptr_null(open_bytes(bytes, size, &err));
	ck_assert_msg(strstr(err.text, part) != NULL, "\"%s\" does not say \"%s\"", err.text, part);
	ck_assert_int_eq(err.kind, kind);
}

START_TEST(what_is_no_core_is_named)
{
	size_t size;
	uint8_t *bytes = usual_bytes(&size);
	Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)bytes;

	refused("", 0, ERROR_UNSUPPORTED, "is empty");
	refused("hello\n", 6, ERROR_UNSUPPORTED, "no ELF file");
	refused("\x7f", 1, ERROR_UNSUPPORTED, "no ELF file");
	refused("\x7f"
		"ELF",
		4, ERROR_CORRUPT, "ends inside its ELF header");
	header->e_type = ET_EXEC;
	refused(bytes, size, ERROR_UNSUPPORTED, "an executable, no core dump");
	header->e_type = ET_DYN;
	refused(bytes, size, ERROR_UNSUPPORTED, "shared library, no core dump");
	header->e_type = ET_CORE;
	header->e_ident[EI_CLASS] = ELFCLASS32;
	refused(bytes, size, ERROR_UNSUPPORTED, "32-bit");
	header->e_ident[EI_CLASS] = ELFCLASS64;
	header->e_ident[EI_DATA] = ELFDATA2MSB;
	refused(bytes, size, ERROR_UNSUPPORTED, "big-endian");
	header->e_ident[EI_DATA] = ELFDATA2LSB;
	header->e_machine = EM_AARCH64;
	refused(bytes, size, ERROR_UNSUPPORTED, "AArch64");
	header->e_machine = EM_X86_64;
	header->e_phentsize = 32;
	refused(bytes, size, ERROR_CORRUPT, "program headers of 32 bytes");
	header->e_phentsize = sizeof(Elf64_Phdr);
	header->e_phnum = 0;
	refused(bytes, size, ERROR_CORRUPT, "no program headers");
	header->e_phnum = 3;
	header->e_phoff = size - 60;
	refused(bytes, size, ERROR_CORRUPT, "ends inside its program headers");
	header->e_phoff = UINT64_MAX - 8;
	refused(bytes, size, ERROR_CORRUPT, "ends inside its program headers");
	free(bytes);
}
END_TEST

START_TEST(a_packed_core_names_what_unpacks_it)
{
	static const struct {
		const char *magic, *command;
	} packed[] = {
		{"\x1f\x8b\x08", "gzip -dc"},
		{"\x28\xb5\x2f\xfd", "zstd -dc"},
		{"\x04\x22\x4d\x18", "lz4 -dc"},
		{"\xfd"
		 "7zXZ\0",
			"xz -dc"},
		{"BZh9", "bzip2 -dc"},
	};

	for (size_t i = 0; i < sizeof(packed) / sizeof(packed[0]); i++) {
		struct error err = ERROR_INIT;
		char bytes[64] = "";

		memcpy(bytes, packed[i].magic,
			6 < strlen(packed[i].magic) + 1 ? 6 : strlen(packed[i].magic) + 1);
		ck_assert_ptr_null(open_bytes(bytes, sizeof(bytes), &err));
		ck_assert_int_eq(err.kind, ERROR_UNSUPPORTED);
		ck_assert_msg(strstr(err.text, "compressed") != NULL, "%s", err.text);
		ck_assert_msg(strstr(err.advice, packed[i].command) != NULL, "%s", err.advice);
	}
}
END_TEST

START_TEST(what_is_no_file_is_named)
{
	struct error err = ERROR_INIT;
	char *directory = scratch_create(), *fifo = xasprintf("%s/fifo", directory);

	ck_assert_ptr_null(core_file_open(directory, &err));
	ck_assert(strstr(err.text, "is a directory"));
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	ck_assert_ptr_null(core_file_open(fifo, &err)); /* and does not wait for a writer */
	ck_assert(strstr(err.text, "no regular file"));
	ck_assert_ptr_null(core_file_open("/nonexistent/core", &err));
	ck_assert_int_eq(err.kind, ERROR_NOT_FOUND);
	ck_assert_ptr_null(core_file_open("/nonexistent/core", NULL));
	free(fifo);
	scratch_remove(directory);
}
END_TEST

/* Whatever is returned must lie in the file: touch the ends of all of it. */
static uint64_t touch_all(const struct core_file *core)
{
	const struct core_segment *segments;
	const struct core_mapping *mappings;
	uint64_t sum = 0, value, end = 0;
	size_t count;

	segments = core_file_segments(core, &count);
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_ge(segments[i].start, end);
		ck_assert_uint_gt(segments[i].end, segments[i].start);
		ck_assert_uint_le(segments[i].saved, segments[i].promised);
		ck_assert_uint_le(segments[i].promised, segments[i].end - segments[i].start);
		ck_assert_int_eq(segments[i].saved == 0, segments[i].bytes == NULL);
		end = segments[i].end;
		if (segments[i].saved)
			sum += segments[i].bytes[0] + segments[i].bytes[segments[i].saved - 1];
	}
	mappings = core_file_mappings(core, &count);
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_gt(mappings[i].end, mappings[i].start);
		sum += strlen(mappings[i].path);
	}
	core_file_threads(core, &count);
	sum += core_file_auxv(core, AT_PAGESZ, &value);
	return sum + core_file_truncated(core, &value);
}

START_TEST(a_core_may_end_anywhere)
{
	size_t size;
	uint8_t *bytes = usual_bytes(&size);
	char path[32];
	int fd;

	memory_file(bytes, size, &fd, path);
	while (size > 0) {
		/* Every byte of the headers and notes, fewer of the memory. */
		size_t cut = size > 2 * PAGE ? 509 : 1;
		struct error err = ERROR_INIT;
		struct core_file *core;
		uint64_t missing;

		size = size > cut ? size - cut : 0;
		ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
		core = core_file_open(path, &err);
		ck_assert_int_eq(core != NULL, size >= ELF_WRITER_HEADERS + 3 * sizeof(Elf64_Phdr));
		if (!core) {
			ck_assert_int_ne(err.kind, ERROR_NONE);
			continue;
		}
		touch_all(core);
		/* The writer pads the last page, which nothing promises. */
		ck_assert(core_file_truncated(core, &missing));
		ck_assert_uint_eq(missing + size, 4 * PAGE);
		core_file_close(core);
	}
	close(fd);
	free(bytes);
}
END_TEST

START_TEST(a_cut_segment_says_what_was_promised)
{
	size_t size, count;
	uint8_t *bytes = usual_bytes(&size);
	struct core_file *core = open_bytes(bytes, 2 * PAGE + 100, NULL);
	const struct core_segment *segments;
	uint64_t missing;

	ck_assert_ptr_nonnull(core);
	segments = core_file_segments(core, &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(segments[1].saved, PAGE + 100);
	ck_assert_uint_eq(segments[1].promised, 2 * PAGE);
	ck_assert_uint_eq(segments[0].saved, 0);
	ck_assert_uint_eq(segments[0].promised, PAGE);
	ck_assert(core_file_truncated(core, &missing));
	ck_assert_uint_eq(missing, 2 * PAGE - 100);
	core_file_close(core);
	free(bytes);
}
END_TEST

START_TEST(of_two_segments_that_overlap_the_later_is_dropped)
{
	struct elf_writer *w = elf_writer_create();
	struct core_file *core;
	uint8_t *bytes;
	size_t size, count;
	const struct core_segment *segments;

	elf_writer_segment(w, 0x10000, 0x3000, NULL, 0, PF_R);
	elf_writer_segment(w, 0x12000, 0x3000, NULL, 0, PF_W);
	elf_writer_segment(w, 0x15000, 0x1000, NULL, 0, PF_X);
	elf_writer_segment(w, 0x0f000, 0x2000, NULL, 0, PF_X);
	elf_writer_segment(w, 0x30000, 0, NULL, 0, PF_R);
	elf_writer_segment(w, UINT64_MAX - 0xfff, 0x2000, NULL, 0, PF_R);
	bytes = elf_writer_finish(w, &size);
	core = open_bytes(bytes, size, NULL);
	segments = core_file_segments(core, &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(segments[0].start, 0x10000);
	ck_assert_uint_eq(segments[1].start, 0x15000);
	core_file_close(core);
	elf_writer_destroy(w);
	free(bytes);
}
END_TEST

START_TEST(impossible_notes_are_left_out)
{
	struct elf_writer *w = elf_writer_create();
	uint64_t lines[] = {UINT64_MAX / 24 + 2, PAGE, 1, 2, 3};
	uint64_t huge[] = {2, UINT64_MAX, 0x1000, 0x2000, 3, 0x3000, 0x2000, 0, 0x61, 0};
	struct core_file *core;
	uint8_t *bytes;
	size_t size, count;

	elf_writer_note(w, "CORE", NT_PRSTATUS, "short", 5);
	elf_writer_note(w, "CORE", NT_PRPSINFO, "short", 5);
	elf_writer_note(w, "CORE", NT_FILE, lines, sizeof(lines));
	elf_writer_note(w, "CORE", NT_FILE, huge, sizeof(huge));
	elf_writer_note(w, "EVIL", NT_PRSTATUS, huge, sizeof(huge));
	elf_writer_note(w, "CORE", NT_AUXV, "odd", 3);
	elf_writer_thread(w, 5, 0, 1, 2);
	bytes = elf_writer_finish(w, &size);
	core = open_bytes(bytes, size, NULL);
	touch_all(core);
	core_file_mappings(core, &count);
	ck_assert_uint_eq(count, 0); /* an offset that does not fit, an end before its start */
	core_file_threads(core, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert(!core_file_process(core)->known);
	core_file_close(core);
	elf_writer_destroy(w);
	free(bytes);
}
END_TEST

START_TEST(a_note_with_an_impossible_size_ends_the_notes)
{
	static const uint32_t sizes[] = {0x7fffffff, 0xfffffff8, 0xffffffff, 20000};
	struct elf_writer *w = write_usual();
	size_t size, count;
	uint8_t *bytes = elf_writer_finish(w, &size);
	Elf64_Nhdr *note = (Elf64_Nhdr *)(void *)(bytes + elf_writer_notes_at(w));
	const Elf64_Nhdr good = *note;

	for (size_t i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct core_file *core;

		*note = good;
		if (i % 2)
			note->n_namesz = sizes[i / 2];
		else
			note->n_descsz = sizes[i / 2];
		core = open_bytes(bytes, size, NULL);
		ck_assert_ptr_nonnull(core);
		touch_all(core);
		core_file_threads(core, &count);
		ck_assert_uint_eq(count, 0);
		core_file_close(core);
	}
	elf_writer_destroy(w);
	free(bytes);
}
END_TEST

START_TEST(paths_without_an_end_are_left_out)
{
	struct elf_writer *w = elf_writer_create();
	struct {
		uint64_t head[2], lines[2][3];
		char paths[8];
	} note = {{2, 1}, {{0x1000, 0x2000, 0x800}, {0x3000, 0x4000, 0}},
		{'/', 'a', 0, '/', 'b', 'c', 'd', 'e'}};
	struct core_file *core;
	const struct core_mapping *mappings;
	uint8_t *bytes;
	size_t size, count;

	elf_writer_note(w, "CORE", NT_FILE, &note, sizeof(note));
	elf_writer_note(w, "GDB", 0xff000000, "", 0);
	bytes = elf_writer_finish(w, &size);
	core = open_bytes(bytes, size, NULL);
	mappings = core_file_mappings(core, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(mappings[0].path, "/a");
	ck_assert_uint_eq(mappings[0].file_offset, 0x800); /* GDB counts in bytes */
	ck_assert(core_file_by_gdb(core));
	core_file_close(core);
	elf_writer_destroy(w);
	free(bytes);
}
END_TEST

START_TEST(flipped_bytes_never_lead_outside)
{
	size_t size;
	uint8_t *good = usual_bytes(&size), *bytes = malloc(size);
	uint64_t seed = 20240601, opened = 0;
	char path[32];
	int fd;

	memory_file(good, size, &fd, path);
	for (int round = 0; round < 5000; round++) {
		struct core_file *core;

		memcpy(bytes, good, size);
		for (int flips = 1 + round % 4; flips > 0; flips--) {
			seed = seed * 6364136223846793005 + 1442695040888963407;
			/* All that has a meaning is in the first page. */
			bytes[(seed >> 33) % PAGE] = (uint8_t)(seed >> 20);
		}
		ck_assert_int_eq(pwrite(fd, bytes, size, 0), (ssize_t)size);
		core = core_file_open(path, NULL);
		if (!core)
			continue;
		touch_all(core);
		opened++;
		core_file_close(core);
	}
	ck_assert_uint_gt(opened, 1000);
	close(fd);
	free(good);
	free(bytes);
}
END_TEST

Suite *suite_core_file(void)
{
	Suite *suite = suite_create("core_file");
	TCase *tc = tcase_create("core_file");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, a_core_tells_what_is_in_it);
	tcase_add_test(tc, the_number_of_segments_may_stand_in_a_section_header);
	tcase_add_test(tc, more_segments_than_a_header_can_count);
	tcase_add_test(tc, what_is_no_core_is_named);
	tcase_add_test(tc, a_packed_core_names_what_unpacks_it);
	tcase_add_test(tc, what_is_no_file_is_named);
	tcase_add_test(tc, a_core_may_end_anywhere);
	tcase_add_test(tc, a_cut_segment_says_what_was_promised);
	tcase_add_test(tc, of_two_segments_that_overlap_the_later_is_dropped);
	tcase_add_test(tc, impossible_notes_are_left_out);
	tcase_add_test(tc, a_note_with_an_impossible_size_ends_the_notes);
	tcase_add_test(tc, paths_without_an_end_are_left_out);
	tcase_add_test(tc, flipped_bytes_never_lead_outside);
	suite_add_tcase(suite, tc);
	return suite;
}
