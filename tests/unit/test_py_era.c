#include "inspector/python/era.h"

#include <check.h>

Suite *suite_py_era(void);

START_TEST(era_has_a_row_for_each_minor_version)
{
	for (uint32_t minor = 8; minor <= 15; minor++) {
		const struct era *era = era_find(3u << 24 | minor << 16 | 0x01f0);

		ck_assert_ptr_nonnull(era);
		ck_assert_uint_eq(era->minor, minor);
		ck_assert_ptr_nonnull(era->read_frame);
		ck_assert_ptr_nonnull(era->read_state);
		ck_assert_ptr_nonnull(era->line);
		ck_assert_ptr_nonnull(era->is_awaiting);
		ck_assert_ptr_nonnull(era->untag);
	}
}
END_TEST

START_TEST(era_of_a_newer_version_is_the_newest_and_of_an_older_one_none)
{
	ck_assert_ptr_eq(era_find(0x031000a1), era_find(0x030f00f0));
	ck_assert_ptr_null(era_find(0x030710f0));
	ck_assert_ptr_null(era_find(0x020712f0));
	ck_assert_ptr_null(era_find(0x040000f0));
	ck_assert_ptr_null(era_find(0));
}
END_TEST

START_TEST(era_says_what_was_not_tested)
{
	ck_assert(era_is_tested(0x030c01f0));
	ck_assert(era_is_tested(0x03090000)); /* of which only the minor is known */
	ck_assert(!era_is_tested(0x030f00a3));
	ck_assert(!era_is_tested(0x030e00b1));
	ck_assert(!era_is_tested(0x030d00c2));
	ck_assert(!era_is_tested(0x031000f0));
}
END_TEST

START_TEST(era_reads_the_version_in_a_file_name)
{
	uint32_t version = 1;

	ck_assert(era_version_of_file("libpython3.9.so.1.0", &version) && version == 0x03090000);
	ck_assert(era_version_of_file("python3.10", &version) && version == 0x030a0000);
	ck_assert(!era_version_of_file("python", &version));
	ck_assert(!era_version_of_file("python3", &version));
	ck_assert(!era_version_of_file("python3.4096", &version));
	ck_assert(!era_version_of_file("", &version));
}
END_TEST

Suite *suite_py_era(void)
{
	Suite *suite = suite_create("py_era");
	TCase *tc = tcase_create("py_era");

	tcase_add_test(tc, era_has_a_row_for_each_minor_version);
	tcase_add_test(tc, era_of_a_newer_version_is_the_newest_and_of_an_older_one_none);
	tcase_add_test(tc, era_says_what_was_not_tested);
	tcase_add_test(tc, era_reads_the_version_in_a_file_name);
	suite_add_tcase(suite, tc);
	return suite;
}
