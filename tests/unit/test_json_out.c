#include "inspector/base/alloc.h"
#include "inspector/report/json_out.h"
#include "inspector/report/json_parts.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_json_out(void);

/* What the library makes of a text is what is written without it. */
static void check_text(const char *text)
{
	struct json_out fast = {.file = NULL}, slow = {.file = NULL};

	json_put_text(&fast, NULL, text);
	json_put(&slow, NULL, json_text(text));
	/* An assertion that holds is a message to the runner, too: of so many texts that takes minutes. */
	if (fast.length != slow.length || memcmp(fast.text, slow.text, slow.length) != 0)
		ck_abort_msg("'%s': %.*s, not %.*s", text ? text : "NULL", (int)fast.length, fast.text,
			(int)slow.length, slow.text);
	json_out_deinit(&fast);
	json_out_deinit(&slow);
}

START_TEST(a_text_is_escaped_wherever_it_has_to_be)
{
	char text[40];

	check_text(NULL);
	check_text("");
	check_text("caf\xc3\xa9 \xe2\x80\xae \xf0\x9f\x98\x80 \xc0\x80 \xff");
	for (size_t length = 1; length <= 33; length++)
		for (size_t at = 0; at < length; at++)
			for (int byte = 1; byte < 256; byte++) {
				memset(text, 'a', length);
				text[length] = '\0';
				text[at] = (char)byte;
				check_text(text);
			}
}
END_TEST

START_TEST(numbers_are_those_of_the_library)
{
	static const int64_t values[] = {0, 1, -1, 9, 10, -10, 123456789, INT64_MAX, INT64_MIN};
	static const uint64_t addresses[] = {0, 1, 0xf, 0x10, 0xabcdef, 0x7f00dead, UINT64_MAX};
	struct json_out out = {.file = NULL}, expected = {.file = NULL};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		json_put_integer(&out, "i", values[i]);
		json_put(&expected, "i", json_integer(values[i]));
	}
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		json_put_address(&out, "a", addresses[i]);
		json_put(&expected, "a", json_address(addresses[i]));
	}
	ck_assert_uint_eq(out.length, expected.length);
	ck_assert_mem_eq(out.text, expected.text, expected.length);
	json_out_deinit(&out);
	json_out_deinit(&expected);
}
END_TEST

static void put_everything(struct json_out *out, bool flushes)
{
	json_put_object(out, NULL);
	json_put_array(out, "empty");
	json_end_array(out);
	json_put_text(out, "text", "ends with {");
	json_out_flush(out, flushes);
	json_put_array(out, "array");
	for (int i = 0; i < 3; i++) {
		json_out_flush(out, flushes);
		json_put_object(out, NULL);
		json_out_flush(out, flushes);
		json_put_boolean(out, "yes", true);
		json_put_boolean(out, "no", false);
		json_put_null(out, "none");
		json_end_object(out);
	}
	json_end_array(out);
	json_put(out, "made", json_pack("{s:i}", "one", 1));
	json_end_object(out);
	json_out_flush(out, true);
}

START_TEST(commas_are_where_they_belong)
{
	char *text = NULL;
	size_t size = 0;
	struct json_out out = {.file = open_memstream(&text, &size)};

	put_everything(&out, _i);
	fclose(out.file);
	ck_assert(!out.has_failed);
	ck_assert_str_eq(text, "{\"empty\":[],\"text\":\"ends with {\",\"array\":["
			       "{\"yes\":true,\"no\":false,\"none\":null},"
			       "{\"yes\":true,\"no\":false,\"none\":null},"
			       "{\"yes\":true,\"no\":false,\"none\":null}],\"made\":{\"one\":1}}");
	free(text);
	json_out_deinit(&out);
}
END_TEST

START_TEST(a_file_that_takes_nothing_is_noticed)
{
	struct json_out out = {.file = fopen("/dev/full", "w")};

	ck_assert_ptr_nonnull(out.file);
	setvbuf(out.file, NULL, _IONBF, 0);
	put_everything(&out, false);
	ck_assert(out.has_failed);
	fclose(out.file);
	json_out_deinit(&out);
}
END_TEST

Suite *suite_json_out(void)
{
	Suite *suite = suite_create("json_out");
	TCase *tc = tcase_create("json_out");

	/* 140,000 texts: under the sanitizers on a busy machine it takes longer than a test has by default.
	 */
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_text_is_escaped_wherever_it_has_to_be);
	tcase_add_test(tc, numbers_are_those_of_the_library);
	tcase_add_loop_test(tc, commas_are_where_they_belong, 0, 2);
	tcase_add_test(tc, a_file_that_takes_nothing_is_noticed);
	suite_add_tcase(suite, tc);
	return suite;
}
