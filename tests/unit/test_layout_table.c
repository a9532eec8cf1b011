/* Tables of layouts as text, right ones and spoiled ones; and tables that are tried on memory that is none of
 * their business. */
#include "inspector/python/layout_builtin.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_layout_table(void);

#define HEAD	    "asyncinspect-layout 1\npython 3.12.1 030c01f0\nbuild x86_64 release\nruntime 459944\n"
#define RANDOM_BASE UINT64_C(0x7f0000000000)
#define RANDOM_SIZE ((size_t)1 << 20)

static const char small[] = HEAD "type PyDict_Type 48 0 dict\n"
				 "type _asyncio.Task 184 0 _asyncio.Task\n"
				 "member interp_next 0 8\n"
				 "sizeof object 16\n"
				 "member str_kind 32 4 2 3\n"
				 "stride int_digit 4\n"
				 "constant state_created -2\n"
				 "end 11\n";

static struct layout_table table;

static bool parse(const char *text, size_t *used)
{
	struct error err = ERROR_INIT;
	bool ok = layout_table_parse(text, strlen(text), &table, used, &err);

	ck_assert_str_eq(error_kind_name(err.kind), error_kind_name(ok ? ERROR_NONE : ERROR_CORRUPT));
	return ok;
}

START_TEST(a_table_is_read)
{
	size_t used;

	ck_assert(parse(small, &used));
	ck_assert_uint_eq(used, strlen(small));
	ck_assert_uint_eq(table.hexversion, 0x030c01f0);
	ck_assert_str_eq(table.version, "3.12.1");
	ck_assert(!table.is_debug);
	ck_assert_uint_eq(table.runtime_size, 459944);
	ck_assert_uint_eq(table.fields[FIELD_interp_next].offset, 0);
	ck_assert_uint_eq(table.fields[FIELD_interp_next].size, 8);
	ck_assert_int_eq(table.fields[FIELD_interp_next].source, SOURCE_BUILT_IN);
	ck_assert_uint_eq(table.fields[FIELD_sizeof_object].size, 16);
	ck_assert_uint_eq(table.fields[FIELD_str_kind].offset, 32);
	ck_assert_uint_eq(table.fields[FIELD_str_kind].bit, 2);
	ck_assert_uint_eq(table.fields[FIELD_str_kind].bits, 3);
	ck_assert_int_eq(table.fields[FIELD_state_created].value, -2);
	ck_assert_uint_eq(table.fields[FIELD_interp_gc].offset, NO_OFFSET);
	ck_assert_int_eq(table.fields[FIELD_interp_gc].source, SOURCE_NONE);
}
END_TEST

START_TEST(what_is_printed_is_read_again)
{
	struct strbuf text = STRBUF_INIT;

	ck_assert(parse(small, NULL));
	layout_table_print(&table, &text);
	ck_assert_str_eq(strbuf_text(&text), small);
	strbuf_deinit(&text);
}
END_TEST

START_TEST(every_table_that_is_built_in_is_read)
{
	size_t length, count = 0;
	const char *text = layout_builtin_texts(&length);

	while (length) {
		struct error err = ERROR_INIT;
		struct strbuf again = STRBUF_INIT;
		size_t used;

		ck_assert_msg(layout_table_parse(text, length, &table, &used, &err),
			"%.60s: %s (make layouts writes them anew)", text, err.text);
		layout_table_print(&table, &again);
		ck_assert_uint_eq(again.length, used);
		ck_assert_int_eq(memcmp(strbuf_text(&again), text, used), 0);
		strbuf_deinit(&again);
		text += used;
		length -= used;
		count++;
	}
	ck_assert_uint_ge(count, 8);
}
END_TEST

START_TEST(spoiled_tables_are_refused)
{
	static const char *const spoiled[] = {
		"", "asyncinspect-layout 1\n",
		"asyncinspect-layout 2\npython 3.12.1 030c01f0\nbuild x86_64 release\nruntime 1\nend 4\n",
		"asyncinspect-layout 1\npython 3.12.1 30c01f0\nbuild x86_64 release\nruntime 1\nend 4\n",
		"asyncinspect-layout 1\npython 3.12.1 030C01F0\nbuild x86_64 release\nruntime 1\nend 4\n",
		"asyncinspect-layout 1\npython 3.12.1.3.4.5.6.7.8.9.10.11 030c01f0\nbuild x86_64 release\n"
		"runtime 1\nend 4\n",
		"asyncinspect-layout 1\npython 3.12.1 030c01f0\nbuild aarch64 release\nruntime 1\nend 4\n",
		"asyncinspect-layout 1\npython 3.12.1 030c01f0\nbuild x86_64 other\nruntime 1\nend 4\n",
		"asyncinspect-layout 1\npython 3.12.1 030c01f0\nbuild x86_64 release\nruntime -1\nend 4\n",
		"asyncinspect-layout 1\npython 3.12.1 030c01f0\nbuild x86_64 release\n"
		"runtime 99999999999\nend 4\n",
		HEAD,			/* no end */
		HEAD "end 3\n",		/* another number of lines */
		HEAD "end 4",		/* cut */
		HEAD "end\n",		/* */
		HEAD "\nend 5\n",	/* an empty line */
		HEAD " end 4\n",	/* a blank too many */
		HEAD "end  4\n",	/* */
		HEAD "end 4 \n",	/* */
		HEAD "end 04\n",	/* */
		HEAD "member\nend 5\n", /* */
		HEAD "member no_such_field 0 8\nend 5\n", HEAD "member interp_next 0\nend 5\n",
		HEAD "member interp_next 0 8 0\nend 5\n", HEAD "member interp_next -8 8\nend 5\n",
		HEAD "member interp_next 0x8 8\nend 5\n", HEAD "member interp_next 99999999999 8\nend 5\n",
		HEAD "member interp_next 184467440737095516160 8\nend 5\n",
		HEAD "member interp_next 0 8 0 65\nend 5\n", HEAD "member interp_next 0 8 63 2\nend 5\n",
		HEAD "member interp_next 0 8 0 0\nend 5\n",
		HEAD "sizeof interp_next 8\nend 5\n", /* another kind */
		HEAD "sizeof object 0\nend 5\n", HEAD "sizeof object 16 1\nend 5\n",
		HEAD "constant state_created 9999999999\nend 5\n", HEAD "constant state_created --2\nend 5\n",
		HEAD "constant state_created -\nend 5\n",
		HEAD "member interp_next 0 8\nmember interp_next 0 8\nend 6\n", /* twice */
		HEAD "sizeof object 16\nmember interp_next 0 8\nend 6\n",	/* out of order */
		HEAD "type PyNone_Type 48 0 dict\nend 5\n",			/* unknown */
		HEAD "type PyDict_Type 48 dict\nend 5\n",			/* a word missing */
		HEAD "type PyDict_Type x 0 dict\nend 5\n",			/* */
		HEAD
		"type PyDict_Type 48 0 a.name.that.is.longer.than.any.name.of.a.type.has.ever.been\nend 5\n",
		HEAD "member one two three four five six seven eight nine\nend 5\n", /* */
	};

	for (size_t i = 0; i < sizeof(spoiled) / sizeof(spoiled[0]); i++)
		ck_assert_msg(!parse(spoiled[i], NULL), "%zu: %s", i, spoiled[i]);
}
END_TEST

START_TEST(a_table_that_is_cut_anywhere_is_refused)
{
	struct error err = ERROR_INIT;

	for (size_t length = 0; length < strlen(small); length++) {
		char *copy = malloc(length + 1); /* of its own, so that a sanitizer sees its end */

		memcpy(copy, small, length);
		ck_assert(!layout_table_parse(copy, length, &table, NULL, &err));
		free(copy);
	}
}
END_TEST

START_TEST(a_long_line_and_a_nul_are_refused)
{
	char text[1024];

	strcpy(text, HEAD);
	memset(text + strlen(HEAD), 'a', 900);
	strcpy(text + strlen(HEAD) + 900, "\nend 5\n");
	ck_assert(!parse(text, NULL));
	memcpy(text, small, sizeof(small));
	text[strlen(HEAD) + 6] = '\0';
	ck_assert(!layout_table_parse(text, strlen(small), &table, NULL, NULL));
}
END_TEST

/* Symbols that lie anywhere. */
static bool find_anything(void *context, const char *name, struct symbol *symbol)
{
	uint64_t hash = *(uint64_t *)context;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
	*symbol = (struct symbol){RANDOM_BASE + hash % RANDOM_SIZE / 8 * 8, hash >> 60 ? 416 : 0};
	return hash >> 62 != 0;
}

/* Words of which many are addresses of each other. */
static void fill_random(uint8_t *memory, unsigned seed)
{
	srandom(seed);
	for (size_t at = 0; at < RANDOM_SIZE; at += 8) {
		uint64_t word = (uint64_t)random();

		if (word % 4)
			word = RANDOM_BASE + word % RANDOM_SIZE / 8 * 8;
		if (word % 7 == 0)
			word = UINT64_MAX << (word % 40);
		memcpy(memory + at, &word, sizeof(word));
	}
}

START_TEST(nothing_is_believed_of_memory_that_is_no_python)
{
	static const uint32_t versions[] = {0x030812f0, 0x030912f0, 0x030a0df0, 0x030b07f0, 0x030c01f0,
		0x030d00f0, 0x030e0af0, 0x030f02f0};
	uint32_t version = versions[_i % 8];
	uint8_t *memory = malloc(RANDOM_SIZE);
	const struct region region = {
		.start = RANDOM_BASE, .end = RANDOM_BASE + RANDOM_SIZE, .bytes = memory};
	uint64_t seed = (uint64_t)_i * 77 + 1;
	struct target *target;
	struct check_target where = {.find_symbol = find_anything,
		.context = &seed,
		.runtime = RANDOM_BASE,
		.hexversion = version};
	struct layout layout = {.notes = NULL};
	bool wanted[FIELD_COUNT];
	struct error err = ERROR_INIT;
	size_t length;
	const char *texts = layout_builtin_texts(&length);

	fill_random(memory, (unsigned)_i);
	target = target_open_memory(&region, 1);
	where.target = target;
	memset(wanted, true, sizeof(wanted));
	layout_clear(&layout);
	ck_assert(!layout_use_tables(&layout, &where, false, false, wanted, texts, length, &err));
	ck_assert_str_eq(error_kind_name(err.kind), error_kind_name(ERROR_MISMATCH));
	ck_assert_int_eq(layout_missing(&layout, false) == FIELD_COUNT, false);
	ck_assert_uint_gt(layout.note_count, 0);
	layout_deinit(&layout);
	target_close(target);
	free(memory);
}
END_TEST

START_TEST(a_version_without_a_table_says_so)
{
	struct check_target where = {.find_symbol = find_anything, .hexversion = 0x030701f0};
	struct layout layout = {.notes = NULL};
	bool wanted[FIELD_COUNT] = {true};
	struct error err = ERROR_INIT;

	layout_clear(&layout);
	ck_assert(!layout_use_tables(&layout, &where, false, false, wanted, small, strlen(small), &err));
	ck_assert_str_eq(error_kind_name(err.kind), error_kind_name(ERROR_NOT_FOUND));
	ck_assert(!layout_use_tables(&layout, &where, false, false, wanted, small, strlen(small) - 1, &err));
	ck_assert_str_eq(error_kind_name(err.kind), error_kind_name(ERROR_CORRUPT));
}
END_TEST

Suite *suite_layout_table(void)
{
	Suite *suite = suite_create("layout_table");
	TCase *tc = tcase_create("text");
	TCase *tried = tcase_create("tried");

	tcase_add_test(tc, a_table_is_read);
	tcase_add_test(tc, what_is_printed_is_read_again);
	tcase_add_test(tc, every_table_that_is_built_in_is_read);
	tcase_add_test(tc, spoiled_tables_are_refused);
	tcase_add_test(tc, a_table_that_is_cut_anywhere_is_refused);
	tcase_add_test(tc, a_long_line_and_a_nul_are_refused);
	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tried, nothing_is_believed_of_memory_that_is_no_python, 0, 32);
	tcase_add_test(tried, a_version_without_a_table_says_so);
	suite_add_tcase(suite, tried);
	return suite;
}
