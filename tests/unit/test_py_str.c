/* Strings and numbers. */
#include "inspector/python/int.h"
#include "inspector/python/str.h"
#include "tests/unit/fake_python.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

Suite *suite_py_str(void);

static struct fake *f;

static void teardown(void)
{
	fake_destroy(f);
	f = NULL;
}

static void assert_text(uint64_t str, size_t limit, const char *expected, bool expected_cut)
{
	struct strbuf s = STRBUF_INIT;
	struct error err = ERROR_INIT;
	bool is_cut = !expected_cut;

	ck_assert_msg(pystr_append(f->py, str, limit, &s, &is_cut, &err), "%s", err.text);
	ck_assert_str_eq(strbuf_text(&s), expected);
	ck_assert_int_eq(is_cut, expected_cut);
	strbuf_deinit(&s);
}

/* It fails, and leaves what was in the buffer. */
static void assert_no_text(uint64_t str, enum error_kind kind, uint64_t address)
{
	struct strbuf s = STRBUF_INIT;
	struct error err = ERROR_INIT;

	strbuf_append(&s, "before");
	ck_assert(!pystr_append(f->py, str, 100, &s, NULL, &err));
	fake_assert_error(err, kind, address);
	ck_assert_str_eq(strbuf_text(&s), "before");
	ck_assert_ptr_null(pystr_arena(f->py, str, 100, NULL));
	ck_assert(!pystr_equals(f->py, str, "abc"));
	strbuf_deinit(&s);
}

START_TEST(str_of_every_width_is_read)
{
	static const uint32_t latin[] = {'a', 0xe9}, two[] = {0x20ac, 'b'}, four[] = {0x1f600, 0xe9};

	f = fake_create(_i);
	assert_text(fake_str(f, "plain"), 100, "plain", false);
	assert_text(fake_str(f, ""), 100, "", false);
	assert_text(fake_str_wide(f, 1, latin, 2), 100, "a\xc3\xa9", false);
	assert_text(fake_str_wide(f, 2, two, 2), 100,
		"\xe2\x82\xac"
		"b",
		false);
	assert_text(fake_str_wide(f, 4, four, 2), 100, "\xf0\x9f\x98\x80\xc3\xa9", false);
	assert_text(fake_str_loose(f, "of a subclass"), 100, "of a subclass", false);
}
END_TEST

START_TEST(str_equals_compares_every_character)
{
	static const uint32_t wide[] = {'a', 'b', 'c'}, other[] = {'a', 'b', 0x163};

	f = fake_create(_i);
	ck_assert(pystr_equals(f->py, fake_str(f, "abc"), "abc"));
	ck_assert(pystr_equals(f->py, fake_str_wide(f, 2, wide, 3), "abc"));
	ck_assert(!pystr_equals(f->py, fake_str_wide(f, 2, other, 3), "abc"));
	ck_assert(!pystr_equals(f->py, fake_str(f, "abcd"), "abc"));
	ck_assert(!pystr_equals(f->py, fake_str(f, "ab"), "abc"));
	ck_assert(pystr_equals(f->py, fake_str(f, ""), ""));
}
END_TEST

START_TEST(str_surrogates_and_impossible_characters_stay_readable)
{
	static const uint32_t two[] = {0xd800, 'x', 0xdfff}, four[] = {0x110000, 0xffffffff};

	f = fake_create(_i);
	assert_text(fake_str_wide(f, 2, two, 3), 100, "\\ud800x\\udfff", false);
	assert_text(fake_str_wide(f, 4, four, 2), 100, "\\U00110000\\Uffffffff", false);
}
END_TEST

START_TEST(str_is_cut_at_the_limit_and_says_so)
{
	f = fake_create(_i);
	assert_text(fake_str(f, "abcdef"), 3, "abc", true);
	assert_text(fake_str(f, "abcdef"), 6, "abcdef", false);
	assert_text(fake_str(f, "abcdef"), 0, "", true);
	ck_assert_str_eq(pystr_arena(f->py, fake_str(f, "abcdef"), 3, NULL), "abc...");
}
END_TEST

START_TEST(str_stops_where_the_mapping_stops)
{
	size_t header;
	uint64_t str;

	f = fake_create(_i);
	header = python_sizeof(f->py, FIELD_sizeof_str_ascii);
	fake_next_ends(f, FAKE_UNMAPPED, 1); /* only the NUL is missing */
	assert_text(fake_str(f, "abc"), 100, "abc", false);
	fake_next_ends(f, FAKE_UNMAPPED, 2);
	assert_no_text(fake_str(f, "abc"), ERROR_UNMAPPED, FAKE_UNMAPPED);
	fake_next_ends(f, FAKE_UNMAPPED, 4 + header / 2);
	assert_no_text(fake_str(f, "abc"), ERROR_UNMAPPED, FAKE_UNMAPPED);
	fake_next_ends(f, FAKE_LOST, 2);
	assert_no_text(fake_str(f, "abc"), ERROR_NOT_SAVED, FAKE_LOST);
	/* What is there can still be read, as far as it is asked for. */
	fake_next_ends(f, FAKE_UNMAPPED, 2);
	str = fake_str(f, "abc");
	assert_text(str, 2, "ab", true);
}
END_TEST

START_TEST(str_that_is_none_is_refused)
{
	uint64_t list, str;

	f = fake_create(_i);
	list = fake_list(f, fake_none(f));
	assert_no_text(list, ERROR_CORRUPT, list);
	assert_no_text(0, ERROR_UNMAPPED, 8);
	assert_no_text(FAKE_NOWHERE, ERROR_UNMAPPED, FAKE_NOWHERE + 8);
	assert_no_text(FAKE_LOST, ERROR_NOT_SAVED, FAKE_LOST + 8);
	assert_no_text(UINT64_MAX, ERROR_UNMAPPED, 7);
	str = fake_str(f, "abc");
	fake_set(f, str, FIELD_object_type, str); /* its own type */
	assert_no_text(str, ERROR_CORRUPT, str);
}
END_TEST

START_TEST(str_of_an_impossible_kind_is_refused)
{
	uint64_t str;

	f = fake_create(_i);
	str = fake_str(f, "abc");
	for (unsigned kind = 0; kind < 8; kind++) {
		if (kind == 1 || kind == 2 || kind == 4)
			continue;
		fake_set(f, str, FIELD_str_kind, kind);
		assert_no_text(str, ERROR_CORRUPT, str);
	}
}
END_TEST

START_TEST(str_of_a_huge_or_negative_length_reads_no_further_than_asked)
{
	struct error err = ERROR_INIT;
	struct strbuf s = STRBUF_INIT;
	uint64_t str;

	f = fake_create(_i);
	str = fake_str(f, "abc");
	fake_set(f, str, FIELD_str_length, UINT64_MAX);
	assert_text(str, 3, "abc", true);
	ck_assert(!pystr_append(f->py, str, SIZE_MAX, &s, NULL, &err));
	fake_assert_error(err, ERROR_UNMAPPED, FAKE_BASE + f->size);
	ck_assert(!pystr_equals(f->py, str, "abc"));
	strbuf_deinit(&s);
}
END_TEST

START_TEST(str_data_of_a_subclass_is_checked)
{
	uint64_t str;

	f = fake_create(_i);
	str = fake_str_loose(f, "abc");
	fake_set(f, str, FIELD_str_data, FAKE_NOWHERE);
	assert_no_text(str, ERROR_UNMAPPED, FAKE_NOWHERE);
	fake_set(f, str, FIELD_str_data, FAKE_LOST);
	assert_no_text(str, ERROR_NOT_SAVED, FAKE_LOST);
	fake_set(f, str, FIELD_str_data, FAKE_UNMAPPED - 2);
	assert_no_text(str, ERROR_UNMAPPED, FAKE_UNMAPPED);
	fake_next_ends(f, FAKE_UNMAPPED, 1); /* the pointer itself is cut */
	assert_no_text(fake_str_loose(f, "abc"), ERROR_UNMAPPED, FAKE_UNMAPPED);
}
END_TEST

static void assert_digits(uint64_t object, const char *expected)
{
	struct strbuf s = STRBUF_INIT;

	ck_assert(pyint_append(f->py, object, &s, NULL));
	ck_assert_str_eq(strbuf_text(&s), expected);
	strbuf_deinit(&s);
}

START_TEST(int_of_every_size_is_read)
{
	static const int64_t values[] = {0, 1, -1, 255, (1 << 30) - 1, 1 << 30, -(1 << 30), INT64_C(1) << 60,
		INT64_MAX, INT64_MIN + 1, INT64_MIN};
	uint64_t object, size;
	int64_t value;
	char text[32];

	f = fake_create(_i);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		object = fake_int(f, values[i]);
		ck_assert(pyint_signed(f->py, object, &value, NULL));
		ck_assert_int_eq(value, values[i]);
		ck_assert_int_eq(pyint_unsigned(f->py, object, &size, NULL), values[i] >= 0);
		snprintf(text, sizeof(text), "%lld", (long long)values[i]);
		assert_digits(object, text);
	}
	ck_assert(pyint_signed(f->py, fake_bool(f, true), &value, NULL) && value == 1);
}
END_TEST

START_TEST(int_that_does_not_fit_is_an_error_of_its_own)
{
	static const uint32_t max[] = {0x3fffffff, 0x3fffffff, 15}, over[] = {0, 0, 16},
			      long_one[] = {7, 0, 0, 1};
	static const uint32_t half[] = {0, 0, 8}, beyond[] = {1, 0, 8};
	struct error err = ERROR_INIT;
	uint64_t size, object;
	int64_t value;

	f = fake_create(_i);
	object = fake_int_digits(f, false, max, 3);
	ck_assert(pyint_unsigned(f->py, object, &size, NULL) && size == UINT64_MAX);
	ck_assert(!pyint_signed(f->py, object, &value, &err));
	fake_assert_error(err, ERROR_LIMIT, object);
	assert_digits(object, "18446744073709551615");
	ck_assert(!pyint_unsigned(f->py, fake_int_digits(f, false, over, 3), &size, &err));
	ck_assert_int_eq(err.kind, ERROR_LIMIT);
	ck_assert(!pyint_unsigned(f->py, fake_int_digits(f, false, long_one, 4), &size, NULL));
	ck_assert(!pyint_signed(f->py, fake_int_digits(f, false, half, 3), &value, NULL)); /* 2**63 */
	ck_assert(pyint_signed(f->py, fake_int_digits(f, true, half, 3), &value, NULL) && value == INT64_MIN);
	ck_assert(!pyint_signed(f->py, fake_int_digits(f, true, beyond, 3), &value, NULL));
	assert_digits(fake_int_digits(f, true, long_one, 4), "-1237940039285380274899124231");
}
END_TEST

static void set_digit_count(uint64_t object, uint64_t count)
{
	if (python_has(f->py, FIELD_int_tag))
		fake_set(f, object, FIELD_int_tag, count << 3);
	else
		fake_set(f, object, FIELD_var_size, count);
}

START_TEST(int_of_a_thousand_digits_is_printed_and_more_are_counted)
{
	uint32_t digits[1001] = {0};
	struct strbuf s = STRBUF_INIT;
	uint64_t object;

	f = fake_create(_i);
	for (int i = 0; i < 1001; i++)
		digits[i] = 0x3fffffff;
	ck_assert(pyint_append(f->py, fake_int_digits(f, true, digits, 1000), &s, NULL));
	ck_assert_uint_eq(s.length, 9032); /* -(2**30000 - 1) */
	ck_assert_str_eq(strbuf_text(&s) + s.length - 9, "215909375");
	strbuf_reset(&s);
	object = fake_int_digits(f, false, digits, 1001);
	ck_assert(pyint_append(f->py, object, &s, NULL));
	ck_assert_str_eq(strbuf_text(&s), "<int of about 30030 bits>");
	strbuf_deinit(&s);
}
END_TEST

START_TEST(int_whose_digits_are_not_there_is_refused)
{
	struct strbuf s = STRBUF_INIT;
	struct error err = ERROR_INIT;
	uint64_t object, size;
	int64_t value;

	f = fake_create(_i);
	fake_next_ends(f, FAKE_UNMAPPED, 4);
	object = fake_int(f, INT64_C(1) << 40);
	ck_assert(!pyint_signed(f->py, object, &value, &err));
	fake_assert_error(err, ERROR_UNMAPPED, FAKE_UNMAPPED);
	fake_next_ends(f, FAKE_LOST, 8);
	object = fake_int(f, INT64_C(1) << 40);
	ck_assert(!pyint_unsigned(f->py, object, &size, &err));
	fake_assert_error(err, ERROR_NOT_SAVED, FAKE_LOST);
	ck_assert(!pyint_append(f->py, object, &s, &err));
	ck_assert_uint_eq(s.length, 0);
	set_digit_count(object, 500);
	ck_assert(!pyint_append(f->py, object, &s, NULL));
	object = fake_str(f, "1");
	ck_assert(!pyint_signed(f->py, object, &value, &err));
	fake_assert_error(err, ERROR_CORRUPT, object);
	ck_assert(!pyint_signed(f->py, 0, &value, &err));
	ck_assert_int_eq(err.kind, ERROR_UNMAPPED);
	strbuf_deinit(&s);
}
END_TEST

START_TEST(int_of_impossible_size_or_digits_does_not_harm)
{
	static const uint64_t counts[] = {1000, 1001, UINT32_MAX, INT64_MAX, (uint64_t)INT64_MIN, UINT64_MAX};
	uint32_t digits[1000];
	struct strbuf s = STRBUF_INIT;
	uint64_t object, size;
	int64_t value;

	f = fake_create(_i);
	memset(digits, 0xff, sizeof(digits)); /* more than 30 bits each */
	object = fake_int_digits(f, false, digits, 1000);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		set_digit_count(object, counts[i]);
		pyint_append(f->py, object, &s, NULL);
		pyint_signed(f->py, object, &value, NULL);
		pyint_unsigned(f->py, object, &size, NULL);
	}
	strbuf_deinit(&s);
}
END_TEST

START_TEST(float_is_read_or_refused)
{
	struct error err = ERROR_INIT;
	double value;
	uint64_t object;

	f = fake_create(_i);
	ck_assert(pyfloat_value(f->py, fake_float(f, -0.0), &value, NULL) && value == 0 && signbit(value));
	ck_assert(pyfloat_value(f->py, fake_float(f, 1e308), &value, NULL) && value == 1e308);
	object = fake_int(f, 3);
	ck_assert(!pyfloat_value(f->py, object, &value, &err));
	fake_assert_error(err, ERROR_CORRUPT, object);
	fake_next_ends(f, FAKE_UNMAPPED, 3);
	ck_assert(!pyfloat_value(f->py, fake_float(f, 1), &value, &err));
	fake_assert_error(err, ERROR_UNMAPPED, FAKE_UNMAPPED);
}
END_TEST

Suite *suite_py_str(void)
{
	Suite *suite = suite_create("py_str");
	TCase *tc = tcase_create("py_str");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, str_of_every_width_is_read, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, str_equals_compares_every_character, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, str_surrogates_and_impossible_characters_stay_readable, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, str_is_cut_at_the_limit_and_says_so, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, str_stops_where_the_mapping_stops, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, str_that_is_none_is_refused, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, str_of_an_impossible_kind_is_refused, 0, FAKE_VERSIONS);
	tcase_add_loop_test(
		tc, str_of_a_huge_or_negative_length_reads_no_further_than_asked, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, str_data_of_a_subclass_is_checked, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, int_of_every_size_is_read, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, int_that_does_not_fit_is_an_error_of_its_own, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, int_of_a_thousand_digits_is_printed_and_more_are_counted, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, int_whose_digits_are_not_there_is_refused, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, int_of_impossible_size_or_digits_does_not_harm, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, float_is_read_or_refused, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
