#include "inspector/base/alloc.h"
#include "inspector/symbols/debug_file.h"
#include "inspector/symbols/image.h"
#include "inspector/symbols/type_walk.h"
#include "tests/unit/fixture.h"
#include "tests/unit/fixtures/types.h"

#include <check.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Suite *suite_type_query(void);

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char *folder;

/* How a compiler can write the same types. One that this compiler cannot is left out. */
static const struct {
	const char *name, *flags;
	bool is_required;
	const char *after; /* a command that goes over the file; NULL: none */
} variants[] = {
	{"plain.so", "-g", true, NULL},
	{"dwarf5.so", "-gdwarf-5", true, NULL},
	{"dwarf4.so", "-gdwarf-4", true, NULL},
	{"dwarf3.so", "-gdwarf-3 -gstrict-dwarf", true, NULL},
	{"dwarf2.so", "-gdwarf-2 -gstrict-dwarf", true, NULL},
	{"packed.so", "-g -gz=zlib", true, NULL},
	{"zdebug.so", "-gdwarf-4 -gz=zlib-gnu", false, NULL},
	{"lto.so", "-g -flto", false, NULL},
	{"dwarf64.so", "-gdwarf-5 -gdwarf64", false, NULL},
	{"zstd.so", "-g", true, "objcopy --compress-debug-sections=zstd zstd.so"},
	{"dwz.so", "-g", true, "dwz dwz.so"},
	{"common.so", "-g", true, "cp common.so twin.so && dwz -m common.debug common.so twin.so"},
	{"common4.so", "-gdwarf-4", true,
		"cp common4.so twin4.so && dwz -m common4.debug common4.so twin4.so"},
	{"common5.so", "-gdwarf-5", true,
		"cp common5.so twin5.so && dwz -5 -m common5.debug common5.so twin5.so"},
};

static void build_variants(void)
{
	folder = fixture_folder();
	for (size_t i = 0; folder && i < COUNT(variants); i++)
		if (fixture_library(folder, variants[i].name, variants[i].flags) && variants[i].after &&
			!fixture_run(folder, "%s", variants[i].after))
			unlink(fixture_path(folder, variants[i].name));
}

static void remove_variants(void)
{
	fixture_remove(folder);
	folder = NULL;
}

static bool run(const char *path, const struct type_query *queries, size_t count, struct type_answer *answers,
	struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const struct debug_search nowhere = {.target = NULL};
	struct error alt_error = ERROR_INIT;
	struct image *image, *alt;
	bool is_done;

	ck_assert_int_ge(fd, 0);
	image = image_open(fd, path, err);
	if (!image)
		return false;
	alt = debug_file_open_alt(image, false, &nowhere, &alt_error);
	is_done = alt_error.kind == ERROR_NONE && type_walk_run(image, alt, queries, count, answers, err);
	image_close(alt);
	image_close(image);
	return is_done;
}

/* One question to one variant. */
static struct type_answer ask(size_t variant, enum query_kind kind, const char *type, const char *member)
{
	struct type_query query = {kind, type, member};
	struct type_answer answer;
	struct error err = ERROR_INIT;

	ck_assert_msg(run(fixture_path(folder, variants[variant].name), &query, 1, &answer, &err), "%s: %s",
		variants[variant].name, err.text);
	return answer;
}

static bool is_missing(size_t variant)
{
	int fd;

	ck_assert(folder);
	fd = open(fixture_path(folder, variants[variant].name), O_RDONLY);
	ck_assert_msg(fd >= 0 || !variants[variant].is_required, "%s was not built", variants[variant].name);
	if (fd >= 0)
		close(fd);
	return fd < 0;
}

static void check_member(size_t v, const char *type, const char *member, size_t offset, size_t size)
{
	struct type_answer a = ask(v, QUERY_MEMBER, type, member);

	ck_assert_msg(a.is_found && a.offset == offset && a.size == size && !a.bit && !a.bits,
		"%s: %s.%s is at %u, size %u, bit %u, bits %u; expected %zu, %zu", variants[v].name, type,
		member, a.offset, a.size, a.bit, a.bits, offset, size);
}

#define CHECK(v, type, member, path)                                                                         \
	check_member(v, #type, path, offsetof(struct type, member), sizeof(((struct type *)0)->member))

/* Elf64_Chdr begins with the type, of which 2 is zstd: the test above would not notice a file left as it was.
 */
START_TEST(the_file_for_zstd_is_compressed_by_it)
{
	const char *path = fixture_path(folder, "zstd.so");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct image *image = image_open(fd, path, NULL);
	Elf_Scn *section = image_section(image, ".debug_info");
	GElf_Chdr chdr;

	ck_assert(section && gelf_getchdr(section, &chdr));
	ck_assert_uint_eq(chdr.ch_type, 2);
	image_close(image);
}
END_TEST

START_TEST(members_are_where_the_compiler_says)
{
	size_t v = (size_t)_i;

	if (is_missing(v))
		return;
	CHECK(v, fx_outer, first, "first");
	CHECK(v, fx_outer, inner, "inner");
	CHECK(v, fx_outer, inner.next, "inner.next");
	CHECK(v, fx_outer, aliased.next, "aliased.next");
	CHECK(v, fx_outer, as_long, "as_long");
	CHECK(v, fx_outer, high, "high");
	CHECK(v, fx_outer, deep_inner.next, "deep_inner.next");
	CHECK(v, fx_outer, threads.tail, "threads.tail");
	CHECK(v, fx_outer, array, "array");
	CHECK(v, fx_outer, array[0].next, "array.next");
	CHECK(v, fx_outer, grid, "grid");
	CHECK(v, fx_outer, rows, "rows");
	CHECK(v, fx_outer, colour, "colour");
	CHECK(v, fx_outer, call, "call");
	CHECK(v, fx_outer, atomic, "atomic");
	CHECK(v, fx_outer, restrict_name, "restrict_name");
	check_member(v, "fx_outer", "flexible", offsetof(struct fx_outer, flexible), 0);
	check_member(v, "fx_union", "inner.next", offsetof(union fx_union, inner.next), sizeof(void *));
	check_member(v, "fx_alias", "next", offsetof(struct fx_inner, next), sizeof(void *));
	check_member(v, "fx_string", "tail", offsetof(fx_string, tail), sizeof(void *));
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
	static const struct type_query queries[] = {
		{QUERY_MEMBER, "fx_outer", "nothing"},
		{QUERY_MEMBER, "fx_outer", "inner.nothing"},
		{QUERY_MEMBER, "fx_outer", "inner."},
		{QUERY_MEMBER, "fx_outer", ".inner"},
		{QUERY_MEMBER, "fx_outer", ""},
		{QUERY_MEMBER, "fx_outer", "inner.next.number"}, /* pointers are not followed */
		{QUERY_MEMBER, "fx_string", "state.kind.x"},
		{QUERY_MEMBER, "fx_nowhere", "x"},
		{QUERY_MEMBER, "", "x"},
		{QUERY_SIZEOF, "fx_nowhere|", NULL},
		{QUERY_STRIDE, "fx_outer", "inner"},
		{QUERY_ENUMERATOR, NULL, "FX_NOWHERE"},
		{QUERY_ENUMERATOR, "fx_colour", "FX_MINUS"},
		{QUERY_ENUMERATOR, "fx_outer", "FX_RED"},
		{QUERY_MEMBER, "fx_colour", "FX_RED"},
	};
	struct type_answer answers[COUNT(queries)];
	struct error err = ERROR_INIT;

	if (is_missing((size_t)_i))
		return;
	memset(answers, 0xff, sizeof(answers));
	ck_assert(run(fixture_path(folder, variants[_i].name), queries, COUNT(queries), answers, &err));
	for (size_t i = 0; i < COUNT(queries); i++)
		ck_assert_msg(!answers[i].is_found && !answers[i].size, "question %zu", i);
}
END_TEST

START_TEST(sizes_and_strides)
{
	size_t v = (size_t)_i;

	if (is_missing(v))
		return;
	ck_assert_uint_eq(ask(v, QUERY_SIZEOF, "fx_outer", NULL).size, sizeof(struct fx_outer));
	ck_assert_uint_eq(ask(v, QUERY_SIZEOF, "fx_alias", NULL).size, sizeof(struct fx_inner));
	ck_assert_uint_eq(ask(v, QUERY_SIZEOF, "fx_row", NULL).size, sizeof(fx_row));
	ck_assert_uint_eq(ask(v, QUERY_SIZEOF, "fx_colour", NULL).size, sizeof(enum fx_colour));
	ck_assert_uint_eq(ask(v, QUERY_SIZEOF, "fx_packed", NULL).size, sizeof(struct fx_packed));
	ck_assert_uint_eq(ask(v, QUERY_STRIDE, "fx_outer", "array").size, sizeof(struct fx_inner));
	ck_assert_uint_eq(ask(v, QUERY_STRIDE, "fx_outer", "grid").size, sizeof(int[4]));
	ck_assert_uint_eq(ask(v, QUERY_STRIDE, "fx_outer", "rows").size, sizeof(fx_row));
	ck_assert_uint_eq(ask(v, QUERY_STRIDE, "fx_outer", "flexible").size, sizeof(double));
	ck_assert_uint_eq(ask(v, QUERY_STRIDE, "fx_union", "bytes").size, 1);
}
END_TEST

START_TEST(enumerators_have_their_values)
{
	size_t v = (size_t)_i;

	if (is_missing(v))
		return;
	ck_assert_int_eq(ask(v, QUERY_ENUMERATOR, NULL, "FX_RED").value, FX_RED);
	ck_assert_int_eq(ask(v, QUERY_ENUMERATOR, NULL, "FX_BIG").value, FX_BIG);
	ck_assert_int_eq(ask(v, QUERY_ENUMERATOR, NULL, "FX_NONE|FX_HUGE").value, FX_HUGE);
	ck_assert_int_eq(ask(v, QUERY_ENUMERATOR, NULL, "FX_MINUS").value, FX_MINUS);
	ck_assert_int_eq(ask(v, QUERY_ENUMERATOR, NULL, "FX_NAMELESS").value, FX_NAMELESS);
	ck_assert_int_eq(ask(v, QUERY_ENUMERATOR, "fx_signed", "FX_PLUS|FX_MINUS").value, FX_PLUS);
	ck_assert(ask(v, QUERY_ENUMERATOR, "fx_nowhere|fx_colour", "FX_RED").is_found);
}
END_TEST

/* What the answer says must be what the compiler does: the field is all ones, the rest zeros. */
static void check_bits(size_t v, const char *type, const char *member, const void *bytes, size_t size)
{
	struct type_answer a = ask(v, QUERY_MEMBER, type, member);
	uint64_t raw = 0, ones;

	ck_assert_msg(a.is_found && a.bits && a.bits <= 64, "%s: %s.%s", variants[v].name, type, member);
	ck_assert(a.size == 1 || a.size == 2 || a.size == 4 || a.size == 8);
	ck_assert_msg(a.offset + a.size <= size, "%s: %s.%s ends behind the struct", variants[v].name, type,
		member);
	ck_assert_uint_le(a.bit + a.bits, a.size * 8);
	memcpy(&raw, (const char *)bytes + a.offset, a.size);
	ones = a.bits == 64 ? UINT64_MAX : (UINT64_C(1) << a.bits) - 1;
	ck_assert_msg(raw == ones << a.bit, "%s: %s.%s: bit %u of the %u bytes at %u", variants[v].name, type,
		member, a.bit, a.size, a.offset);
	for (size_t i = 0; i < size; i++)
		ck_assert(i - a.offset < a.size || !((const char *)bytes)[i]);
}

#define CHECK_BITS(v, type, name, member)                                                                    \
	do {                                                                                                 \
		union {                                                                                      \
			type value;                                                                          \
			unsigned char bytes[sizeof(type)];                                                   \
		} u;                                                                                         \
		memset(&u, 0, sizeof(u));                                                                    \
		u.value.member--; /* from 0 */                                                               \
		check_bits(v, name, #member, u.bytes, sizeof(u.bytes));                                      \
	} while (0)

START_TEST(bit_fields_are_found_to_the_bit)
{
	size_t v = (size_t)_i;
	struct type_answer kind;

	if (is_missing(v))
		return;
	CHECK_BITS(v, fx_string, "fx_string", state.interned);
	CHECK_BITS(v, fx_string, "fx_string", state.kind);
	CHECK_BITS(v, fx_string, "fx_string", state.compact);
	CHECK_BITS(v, fx_string, "fx_string", state.ascii);
	CHECK_BITS(v, struct fx_bits, "fx_bits", low);
	CHECK_BITS(v, struct fx_bits, "fx_bits", middle);
	CHECK_BITS(v, struct fx_bits, "fx_bits", high);
	CHECK_BITS(v, struct fx_bits, "fx_bits", wide);
	CHECK_BITS(v, struct fx_bits, "fx_bits", rest);
	CHECK_BITS(v, struct fx_bits, "fx_bits", last);
	CHECK_BITS(v, struct fx_packed, "fx_packed", a);
	CHECK_BITS(v, struct fx_packed, "fx_packed", b);
	CHECK_BITS(v, struct fx_packed, "fx_packed", c);
	kind = ask(v, QUERY_MEMBER, "fx_string", "state.kind");
	ck_assert_uint_eq(kind.offset, 8);
	ck_assert_uint_eq(kind.bit, 2);
	ck_assert_uint_eq(kind.bits, 3);
	ck_assert_uint_eq(kind.size, 1);
}
END_TEST

START_TEST(the_definition_with_the_answers_wins)
{
	size_t v = (size_t)_i;

	if (is_missing(v))
		return;
	ck_assert_uint_eq(ask(v, QUERY_MEMBER, "fx_clash", "wanted").offset, sizeof(long));
	ck_assert(ask(v, QUERY_MEMBER, "fx_clash", "letter").is_found);
	ck_assert(ask(v, QUERY_MEMBER, "fx_late_t", "here").is_found);
	ck_assert(ask(v, QUERY_MEMBER, "fx_late", "here").is_found);
	/* Of two names the first that has an answer. */
	ck_assert_uint_eq(
		ask(v, QUERY_SIZEOF, "fx_nowhere|fx_inner|fx_outer", NULL).size, sizeof(struct fx_inner));
	ck_assert_uint_eq(
		ask(v, QUERY_MEMBER, "fx_inner|fx_string", "nothing|tail").offset, offsetof(fx_string, tail));
}
END_TEST

START_TEST(answers_of_one_name_come_from_one_definition)
{
	static const struct type_query queries[] = {
		{QUERY_MEMBER, "fx_clash", "letter"},
		{QUERY_MEMBER, "fx_clash", "unrelated"},
		{QUERY_MEMBER, "fx_clash", "wanted"},
		{QUERY_SIZEOF, "fx_clash", NULL},
	};
	struct type_answer answers[COUNT(queries)];

	ck_assert(run(fixture_path(folder, variants[0].name), queries, COUNT(queries), answers, NULL));
	ck_assert(!answers[0].is_found);
	ck_assert(answers[1].is_found && answers[2].is_found);
	ck_assert_uint_eq(answers[3].size, 2 * sizeof(long));
}
END_TEST

/* Readers take it that what lies in a struct is there when all of the struct is. */
START_TEST(a_member_outside_of_its_struct_is_none)
{
	static const struct type_query queries[] = {
		{QUERY_MEMBER, "far", "in"},
		{QUERY_MEMBER, "far", "out"},
		{QUERY_MEMBER, "far", "part.one"},
		{QUERY_MEMBER, "far", "part.two"},
		{QUERY_SIZEOF, "far", NULL},
	};
	struct type_answer answers[COUNT(queries)];
	struct error err = ERROR_INIT;

	/* What is at 8 is moved to 28, and part from 16 to 24, of 32 bytes. */
	ck_assert(fixture_run(folder,
		"printf 'struct far { long in, out; struct { long one, two; } part; } far;' |"
		" ${CC:-cc} -x c -g -gdwarf-4 -dA -S -o far.s - &&"
		" sed -i 's/0x8\\([\t ].*DW_AT_data_member_location\\)/0x1c\\1/;"
		"s/0x10\\([\t ].*DW_AT_data_member_location\\)/0x18\\1/' far.s &&"
		" ${CC:-cc} -shared -o far.so far.s"));
	ck_assert_msg(
		run(fixture_path(folder, "far.so"), queries, COUNT(queries), answers, &err), "%s", err.text);
	ck_assert_uint_eq(answers[4].size, 32);
	ck_assert(answers[0].is_found && answers[0].offset == 0);
	ck_assert(!answers[1].is_found);
	ck_assert(answers[2].is_found && answers[2].offset == 24);
	ck_assert(!answers[3].is_found);
}
END_TEST

START_TEST(a_file_without_debug_information_says_so)
{
	struct type_query query = {QUERY_SIZEOF, "fx_outer", NULL};
	struct type_answer answer;
	struct error err = ERROR_INIT;

	ck_assert(fixture_run(folder, "objcopy -g plain.so stripped.so"));
	ck_assert(!run(fixture_path(folder, "stripped.so"), &query, 1, &answer, &err));
	ck_assert_int_eq(err.kind, ERROR_NOT_FOUND);
}
END_TEST

START_TEST(what_libelf_cannot_unpack_is_an_error_with_advice)
{
	struct type_query query = {QUERY_SIZEOF, "fx_outer", NULL};
	struct type_answer answer;
	struct error err = ERROR_INIT;
	const char *path = fixture_path(folder, "odd.so");
	size_t size;
	uint8_t *bytes = fixture_read(fixture_path(folder, "packed.so"), &size);
	Elf64_Ehdr *ehdr = (Elf64_Ehdr *)(void *)bytes;
	Elf64_Shdr *shdr = (Elf64_Shdr *)(void *)(bytes + ehdr->e_shoff);

	for (size_t i = 0; i < ehdr->e_shnum; i++) {
		if (shdr[i].sh_flags & SHF_COMPRESSED)
			((Elf64_Chdr *)(void *)(bytes + shdr[i].sh_offset))->ch_type = 99;
	}
	fixture_write(path, bytes, size);
	free(bytes);
	ck_assert(!run(path, &query, 1, &answer, &err));
	ck_assert_int_eq(err.kind, ERROR_UNSUPPORTED);
	ck_assert(err.advice[0]);
}
END_TEST

static const struct type_query hostile_queries[] = {
	{QUERY_MEMBER, "fx_outer", "inner.next"},
	{QUERY_MEMBER, "fx_outer", "deep_inner.next"},
	{QUERY_MEMBER, "fx_outer", "nothing"},
	{QUERY_MEMBER, "fx_string", "state.kind"},
	{QUERY_MEMBER, "fx_bits", "wide"},
	{QUERY_STRIDE, "fx_outer", "rows"},
	{QUERY_SIZEOF, "fx_alias|fx_late_t", NULL},
	{QUERY_ENUMERATOR, NULL, "FX_NOWHERE"},
	{QUERY_ENUMERATOR, "fx_colour", "FX_RED"},
};

/* Answers or an error, and nothing else. */
static void check_hostile(const char *path)
{
	struct type_answer answers[COUNT(hostile_queries)];
	struct error err = ERROR_INIT;

	if (run(path, hostile_queries, COUNT(hostile_queries), answers, &err))
		return;
	ck_assert_int_ne(err.kind, ERROR_NONE);
	ck_assert(err.text[0]);
}

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Where a section lies in a file. */
static void find_section(const char *path, const char *name, size_t *offset, size_t *size)
{
	struct image *image = image_open(open(path, O_RDONLY | O_CLOEXEC), path, NULL);
	GElf_Shdr shdr;

	ck_assert(image && image_section(image, name));
	ck_assert(gelf_getshdr(image_section(image, name), &shdr));
	*offset = shdr.sh_offset;
	*size = shdr.sh_size;
	image_close(image);
}

static const char *const damaged_sections[] = {".debug_info", ".debug_abbrev", ".debug_str"};

START_TEST(damaged_dwarf_is_an_error_or_answers)
{
	const char *source = variants[_i % 2 ? 2 : 1].name, *section = damaged_sections[_i / 2];
	char *path = xstrdup(fixture_path(folder, "damaged.so"));
	uint32_t state = 0x9e3779b9u + (uint32_t)_i;
	size_t size, offset, length;
	uint8_t *bytes = fixture_read(fixture_path(folder, source), &size);

	find_section(fixture_path(folder, source), section, &offset, &length);
	for (int round = 0; round < 250; round++) {
		uint8_t *copy = xmalloc(size);
		size_t flips = 1 + next_random(&state) % 4;

		memcpy(copy, bytes, size);
		while (flips--)
			copy[offset + next_random(&state) % length] = (uint8_t)next_random(&state);
		fixture_write(path, copy, size);
		free(copy);
		check_hostile(path);
	}
	free(bytes);
	free(path);
}
END_TEST

START_TEST(a_cut_file_is_an_error_or_answers)
{
	char *path = xstrdup(fixture_path(folder, "cut.so"));
	size_t size;
	uint8_t *bytes = fixture_read(fixture_path(folder, variants[_i].name), &size);

	for (size_t length = 0; length < size; length += size / 97 + 1) {
		struct error err = ERROR_INIT;
		struct type_answer answers[COUNT(hostile_queries)];

		fixture_write(path, bytes, length);
		/* The section headers are at the end. */
		ck_assert(!run(path, hostile_queries, COUNT(hostile_queries), answers, &err));
		ck_assert_int_ne(err.kind, ERROR_NONE);
	}
	free(bytes);
	free(path);
}
END_TEST

/* A DIE that is a struct without DW_AT_sibling, whose child's DW_AT_sibling points to the child. */
START_TEST(a_circle_of_siblings_ends)
{
	static const uint8_t abbrev[] = {
		1,
		0x11,
		1,
		0,
		0, /* 1: compile_unit with children */
		2,
		0x13,
		1,
		0,
		0, /* 2: structure_type with children */
		3,
		0x13,
		1,
		0x01,
		0x13,
		0,
		0, /* 3: structure_type with children, DW_AT_sibling ref4 */
		0,
	};
	static const uint8_t info[] = {
		16,
		0,
		0,
		0,
		4,
		0,
		0,
		0,
		0,
		0,
		8, /* 11 bytes of a DWARF 4 header */
		1,
		2,
		3,
		13,
		0,
		0,
		0, /* at 13: the child */
		0,
		0,
	};
	const char *path = fixture_path(folder, "circle.so");
	struct error err = ERROR_INIT;
	struct type_answer answers[COUNT(hostile_queries)];

	fixture_write(fixture_path(folder, "abbrev"), abbrev, sizeof(abbrev));
	fixture_write(fixture_path(folder, "info"), info, sizeof(info));
	ck_assert(fixture_run(folder,
		"objcopy -g plain.so circle.so && objcopy --add-section .debug_info=info --add-section "
		".debug_abbrev=abbrev circle.so"));
	ck_assert(!run(path, hostile_queries, COUNT(hostile_queries), answers, &err));
	ck_assert_int_eq(err.kind, ERROR_CORRUPT);
}
END_TEST

Suite *suite_type_query(void)
{
	Suite *suite = suite_create("type_query");
	TCase *tc = tcase_create("types"), *hostile = tcase_create("hostile");
	const int count = COUNT(variants);

	tcase_add_unchecked_fixture(tc, build_variants, remove_variants);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, the_file_for_zstd_is_compressed_by_it);
	tcase_add_loop_test(tc, members_are_where_the_compiler_says, 0, count);
	tcase_add_loop_test(tc, what_is_not_there_is_not_found, 0, count);
	tcase_add_loop_test(tc, sizes_and_strides, 0, count);
	tcase_add_loop_test(tc, enumerators_have_their_values, 0, count);
	tcase_add_loop_test(tc, bit_fields_are_found_to_the_bit, 0, count);
	tcase_add_loop_test(tc, the_definition_with_the_answers_wins, 0, count);
	tcase_add_test(tc, answers_of_one_name_come_from_one_definition);
	tcase_add_test(tc, a_member_outside_of_its_struct_is_none);
	tcase_add_test(tc, a_file_without_debug_information_says_so);
	tcase_add_test(tc, what_libelf_cannot_unpack_is_an_error_with_advice);
	suite_add_tcase(suite, tc);

	tcase_add_unchecked_fixture(hostile, build_variants, remove_variants);
	tcase_set_timeout(hostile, 120);
	tcase_add_loop_test(hostile, damaged_dwarf_is_an_error_or_answers, 0, 2 * COUNT(damaged_sections));
	tcase_add_test(hostile, a_cut_file_is_an_error_or_answers);
	tcase_add_test(hostile, a_circle_of_siblings_ends);
	suite_add_tcase(suite, hostile);
	return suite;
}
