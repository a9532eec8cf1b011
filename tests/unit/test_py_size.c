/* The memory of one object: what sys.getsizeof() of 3.11.7, 3.12.1 and 3.13.0 says. */
#include "inspector/python/size.h"
#include "tests/unit/fake_python.h"

#include <string.h>

Suite *suite_py_size(void);

static struct fake *f;

static void teardown(void)
{
	fake_destroy(f);
	f = NULL;
}

static void assert_size(uint64_t object, uint64_t expected)
{
	ck_assert_uint_eq(pyobject_size(f->py, object), expected);
}

START_TEST(size_of_strings_and_numbers)
{
	static const uint32_t latin[] = {0xe9, 0xe9, 0xe9}, two[] = {0x20ac, 0x20ac, 0x20ac},
			      four[] = {0x1f600};
	uint64_t ascii_header, header;

	f = fake_create(_i);
	ascii_header = _i == FAKE_311 ? 48 : 40;
	header = _i == FAKE_311 ? 72 : 56;
	assert_size(fake_str(f, "abc"), ascii_header + 4);
	assert_size(fake_str_wide(f, 1, latin, 3), header + 4);
	assert_size(fake_str_wide(f, 2, two, 3), header + 8);
	assert_size(fake_str_wide(f, 4, four, 1), header + 8);
	assert_size(fake_int(f, 0), 28);
	assert_size(fake_int(f, 1), 28);
	assert_size(fake_int(f, 1 << 30), 32);
	assert_size(fake_int(f, -(INT64_C(1) << 62)), 36);
	assert_size(fake_bool(f, true), 28);
	assert_size(fake_float(f, 1.5), 24);
	assert_size(fake_bytes(f, "abc", 3), 36);
	assert_size(f->py->none, 16);
}
END_TEST

START_TEST(size_of_containers)
{
	uint64_t items[65], one, pairs[2];

	f = fake_create(_i);
	one = fake_int(f, 1);
	for (size_t i = 0; i < 65; i++)
		items[i] = one;
	pairs[0] = pairs[1] = one;
	assert_size(fake_tuple_of(f, NULL, 0), 40);
	assert_size(fake_tuple_of(f, items, 2), 56);
	assert_size(fake_list_of(f, items, 2), 72);
	assert_size(fake_dict(f, fake_str(f, "a"), one), 184);
	assert_size(fake_dict_of(f, FAKE_GENERAL, pairs, 2), 224);
	assert_size(fake_set_of(f, "set", items, 10), 728);
	assert_size(fake_deque_of(f, 31, items, 1), 760);
	assert_size(fake_deque_of(f, 31, items, 65), 1288);
}
END_TEST

START_TEST(size_of_what_is_damaged_is_bounded)
{
	static const uint64_t wrong[] = {
		UINT64_MAX, INT64_MAX, (uint64_t)INT64_MIN, (uint64_t)INT64_MIN + 1, UINT64_C(1) << 60};
	uint64_t objects[7];

	f = fake_create(_i);
	objects[0] = fake_str(f, "a");
	objects[1] = fake_int(f, 7);
	objects[2] = fake_tuple(f, objects[0]);
	objects[3] = fake_list(f, objects[0]);
	objects[4] = fake_dict(f, objects[0], objects[1]);
	objects[5] = fake_set_object(f, objects[0]);
	objects[6] = fake_deque_of(f, 3, objects, 2);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		fake_set(f, objects[0], FIELD_str_length, wrong[i]);
		for (int k = 1; k < 7; k++)
			fake_set(f, objects[k], FIELD_var_size, wrong[i]);
		fake_set(f, objects[3], FIELD_list_allocated, wrong[i]);
		fake_set(f, objects[5], FIELD_set_mask, wrong[i]);
		fake_set(f, objects[6], FIELD_deque_leftindex, wrong[i]);
		fake_set(f, fake_get(f, objects[4], FIELD_dict_keys), FIELD_keys_log2_size, wrong[i] & 255);
		for (int k = 0; k < 7; k++)
			ck_assert_uint_lt(pyobject_size(f->py, objects[k]), UINT64_C(1) << 56);
	}
	assert_size(0, 0);
	assert_size(FAKE_LOST, 0);
}
END_TEST

Suite *suite_py_size(void)
{
	Suite *suite = suite_create("py_size");
	TCase *tc = tcase_create("py_size");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, size_of_strings_and_numbers, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, size_of_containers, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, size_of_what_is_damaged_is_bounded, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
