#include "inspector/base/addrmap.h"
#include "inspector/base/strbuf.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

Suite *suite_strbuf(void);

START_TEST(safe_text_escapes_what_moves_the_cursor)
{
	struct strbuf s = STRBUF_INIT;

	strbuf_append_safe(&s, "a\x1b[2J\n\xc2\x9b"
			       "b\xff\xe2\x80\xae\xc3\xa9");
	ck_assert_str_eq(strbuf_text(&s), "a\\x1b[2J\\n\\x9bb\\xff\\u202e\xc3\xa9");
	strbuf_deinit(&s);
}
END_TEST

/* Bidi_Control of Unicode: what makes text look like another. */
START_TEST(safe_text_escapes_every_mark_of_direction)
{
	static const uint32_t marks[] = {0x061c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e,
		0x2066, 0x2067, 0x2068, 0x2069};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		struct strbuf mark = STRBUF_INIT, s = STRBUF_INIT;
		char expected[8];

		strbuf_append_codepoint(&mark, marks[i]);
		strbuf_append_safe(&s, strbuf_text(&mark));
		snprintf(expected, sizeof(expected), "\\u%04x", marks[i]);
		ck_assert_str_eq(strbuf_text(&s), expected);
		strbuf_deinit(&mark);
		strbuf_deinit(&s);
	}
}
END_TEST

START_TEST(a_safe_span_ends_where_text_would_be_escaped)
{
	uint32_t c = 0;

	ck_assert_uint_eq(utf8_safe_span("", 0, &c), 0);
	ck_assert_uint_eq(utf8_safe_span("caf\xc3\xa9", 5, &c), 5);
	ck_assert_uint_eq(utf8_safe_span("a\x7f", 2, &c), 1);
	ck_assert_uint_eq(c, 0x7f);
	ck_assert_uint_eq(utf8_safe_span("\xc3\xa9\xc2\x9b"
					 "x",
				  5, &c),
		2);
	ck_assert_uint_eq(c, 0x9b);
	ck_assert_uint_eq(utf8_safe_span("\xe2\x80\xae", 3, &c), 0);
	ck_assert_uint_eq(c, 0x202e);
	ck_assert_uint_eq(utf8_safe_span("\xf3\xa0\x80\x81", 4, &c), 0);
	ck_assert_uint_eq(c, 0xe0001);
}
END_TEST

START_TEST(codepoints_become_utf8_and_surrogates_do_not)
{
	struct strbuf s = STRBUF_INIT;

	strbuf_append_codepoint(&s, 'a');
	strbuf_append_codepoint(&s, 0xe9);
	strbuf_append_codepoint(&s, 0x20ac);
	strbuf_append_codepoint(&s, 0x1f600);
	strbuf_append_codepoint(&s, 0xd800);
	strbuf_append_codepoint(&s, 0x110000);
	ck_assert_str_eq(strbuf_text(&s), "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\\ud800\\U00110000");
	ck_assert(utf8_valid(strbuf_text(&s), s.length));
	strbuf_deinit(&s);
}
END_TEST

START_TEST(utf8_rejects_overlong_cut_and_surrogates)
{
	ck_assert(!utf8_valid("\xc0\x80", 2));
	ck_assert(!utf8_valid("\xe0\x80\x80", 3));
	ck_assert(!utf8_valid("\xe2\x82", 2));
	ck_assert(!utf8_valid("\xed\xa0\x80", 3));
	ck_assert(!utf8_valid("\xf4\x90\x80\x80", 4));
	ck_assert(utf8_valid("", 0));
}
END_TEST

START_TEST(addrmap_keeps_every_key)
{
	struct addrmap map = ADDRMAP_INIT;
	uint64_t value;

	ck_assert(!addrmap_get(&map, 0, NULL));
	for (uint64_t i = 0; i < 100000; i++)
		ck_assert(addrmap_put(&map, i * 16, i));
	ck_assert(!addrmap_put(&map, 0, 7));
	ck_assert(addrmap_get(&map, 0, &value) && value == 7);
	for (uint64_t i = 1; i < 100000; i++)
		ck_assert(addrmap_get(&map, i * 16, &value) && value == i);
	ck_assert(!addrmap_get(&map, 8, NULL));
	addrmap_deinit(&map);
}
END_TEST

Suite *suite_strbuf(void)
{
	Suite *suite = suite_create("strbuf");
	TCase *tc = tcase_create("strbuf");

	tcase_add_test(tc, safe_text_escapes_what_moves_the_cursor);
	tcase_add_test(tc, safe_text_escapes_every_mark_of_direction);

	tcase_add_test(tc, a_safe_span_ends_where_text_would_be_escaped);
	tcase_add_test(tc, codepoints_become_utf8_and_surrogates_do_not);
	tcase_add_test(tc, utf8_rejects_overlong_cut_and_surrogates);
	tcase_add_test(tc, addrmap_keeps_every_key);
	suite_add_tcase(suite, tc);
	return suite;
}
