/* Dictionaries and the attributes of instances. */
#include "inspector/python/dict.h"
#include "inspector/python/instance.h"
#include "tests/unit/fake_python.h"

#include <stdio.h>
#include <string.h>

Suite *suite_py_dict(void);

static struct fake *f;

static void teardown(void)
{
	fake_destroy(f);
	f = NULL;
}

/* The entries are these pairs, and no others. */
static void assert_entries(struct dict_iter *iter, const uint64_t *pairs, size_t count)
{
	struct dict_entry entry;

	for (size_t i = 0; i < count; i += 2) {
		ck_assert(dict_next(iter, &entry));
		ck_assert_uint_eq(entry.key, pairs[i]);
		ck_assert_uint_eq(entry.value, pairs[i + 1]);
	}
	ck_assert(!dict_next(iter, &entry));
	ck_assert(!dict_next(iter, &entry));
}

static void assert_dict(uint64_t dict, const uint64_t *pairs, size_t count)
{
	struct error err = ERROR_INIT;
	struct dict_iter iter;

	ck_assert_msg(dict_open(f->py, dict, &iter, &err), "%s", err.text);
	assert_entries(&iter, pairs, count);
}

static void assert_no_dict(uint64_t dict, enum error_kind kind, uint64_t address)
{
	struct error err = ERROR_INIT;
	struct dict_iter iter;
	uint64_t value;

	ck_assert(!dict_open(f->py, dict, &iter, &err));
	fake_assert_error(err, kind, address);
	ck_assert(!pydict_get(f->py, dict, "a", &value, &err));
	ck_assert_int_eq(err.kind, kind);
}

static uint64_t keys_of(uint64_t dict)
{
	return fake_get(f, dict, FIELD_dict_keys);
}

START_TEST(dict_gives_its_entries_in_order)
{
	uint64_t a, b, one;

	f = fake_create(_i);
	a = fake_str(f, "a");
	b = fake_str(f, "b");
	one = fake_int(f, 1);
	assert_dict(fake_dict(f, b, one, a, b), FAKE_LIST(b, one, a, b));
	assert_dict(fake_dict_of(f, FAKE_GENERAL, FAKE_LIST(one, a, b, one)), FAKE_LIST(one, a, b, one));
	assert_dict(fake_dict_of(f, FAKE_UNICODE, NULL, 0), NULL, 0);
}
END_TEST

START_TEST(dict_skips_deleted_and_unset_entries)
{
	uint64_t a, b, one, keys;

	f = fake_create(_i);
	a = fake_str(f, "a");
	b = fake_str(f, "b");
	one = fake_int(f, 1);
	assert_dict(fake_dict(f, 0, 0, a, one, 0, 0, b, a, 0, 0), FAKE_LIST(a, one, b, a));
	assert_dict(fake_dict_of(f, FAKE_GENERAL, FAKE_LIST(one, 0, 0, 0, a, b)), FAKE_LIST(a, b));
	keys = fake_keys(f, FAKE_SPLIT, FAKE_LIST(a, 0, b, 0));
	assert_dict(fake_split_dict(f, keys, FAKE_LIST(0, one)), FAKE_LIST(b, one));
	assert_dict(fake_split_dict(f, keys, FAKE_LIST(a, one)), FAKE_LIST(a, a, b, one));
}
END_TEST

START_TEST(dict_of_many_entries_keeps_all)
{
	static uint64_t pairs[2 * 1000];
	uint64_t dict, value, length;

	f = fake_create(_i);
	for (size_t i = 0; i < 1000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "k%zu", i);
		pairs[2 * i] = fake_str(f, name);
		pairs[2 * i + 1] = pairs[2 * i];
	}
	dict = fake_dict_of(f, FAKE_UNICODE, pairs, 2000);
	assert_dict(dict, pairs, 2000);
	ck_assert(pydict_get(f->py, dict, "k997", &value, NULL) && value == pairs[2 * 997]);
	ck_assert(pydict_length(f->py, dict, &length, NULL) && length == 1000);
}
END_TEST

START_TEST(dict_lookup_tells_missing_from_unreadable)
{
	struct error err = ERROR_INIT;
	uint64_t a, dict, value = 7;

	f = fake_create(_i);
	a = fake_str(f, "a");
	dict = fake_dict_of(f, FAKE_GENERAL, FAKE_LIST(FAKE_NOWHERE, a, fake_int(f, 1), a, a, a));
	ck_assert(pydict_get(f->py, dict, "a", &value, &err) && value == a);
	value = 7;
	ck_assert(!pydict_get(f->py, dict, "b", &value, &err));
	ck_assert_int_eq(err.kind, ERROR_NOT_FOUND);
	ck_assert_uint_eq(value, 7);
	ck_assert(!pydict_get(f->py, FAKE_LOST, "a", &value, &err));
	ck_assert_int_eq(err.kind, ERROR_NOT_SAVED);
	ck_assert(!pydict_length(f->py, FAKE_NOWHERE, &value, &err));
	ck_assert_int_eq(err.kind, ERROR_UNMAPPED);
}
END_TEST

START_TEST(dict_that_is_not_there_is_refused)
{
	uint64_t dict;

	f = fake_create(_i);
	assert_no_dict(0, ERROR_UNMAPPED, 0);
	assert_no_dict(FAKE_NOWHERE, ERROR_UNMAPPED, FAKE_NOWHERE);
	assert_no_dict(FAKE_LOST, ERROR_NOT_SAVED, FAKE_LOST);
	assert_no_dict(FAKE_UNMAPPED - 40, ERROR_UNMAPPED, FAKE_UNMAPPED);
	assert_no_dict(UINT64_MAX - 8, ERROR_UNMAPPED, UINT64_MAX - 8);
	dict = fake_dict_of(f, FAKE_UNICODE, NULL, 0);
	fake_set(f, dict, FIELD_dict_keys, 0);
	assert_no_dict(dict, ERROR_UNMAPPED, 0);
	fake_set(f, dict, FIELD_dict_keys, FAKE_LOST);
	assert_no_dict(dict, ERROR_NOT_SAVED, FAKE_LOST);
	fake_set(f, dict, FIELD_dict_keys, FAKE_UNMAPPED - 31);
	assert_no_dict(dict, ERROR_UNMAPPED, FAKE_UNMAPPED);
}
END_TEST

START_TEST(dict_table_is_read_to_the_last_entry_that_is_there)
{
	uint64_t a, one, dict, keys;

	f = fake_create(_i);
	a = fake_str(f, "a");
	one = fake_int(f, 1);
	dict = fake_dict_of(f, FAKE_UNICODE, NULL, 0);
	for (size_t cut = 0; cut <= 1; cut++) {
		fake_next_ends(f, FAKE_UNMAPPED, cut);
		keys = fake_keys(f, FAKE_UNICODE, FAKE_LIST(a, one, one, a));
		fake_set(f, dict, FIELD_dict_keys, keys);
		if (cut)
			assert_no_dict(dict, ERROR_UNMAPPED, FAKE_UNMAPPED);
		else
			assert_dict(dict, FAKE_LIST(a, one, one, a));
	}
	fake_next_ends(f, FAKE_LOST, 17);
	fake_set(f, dict, FIELD_dict_keys, fake_keys(f, FAKE_GENERAL, FAKE_LIST(a, one, one, a)));
	assert_no_dict(dict, ERROR_NOT_SAVED, FAKE_LOST);
}
END_TEST

START_TEST(dict_with_more_entries_than_its_table_is_corrupt)
{
	static const uint64_t counts[] = {9, 1 << 20, INT64_MAX, UINT64_MAX};
	uint64_t dict, keys;

	f = fake_create(_i);
	dict = fake_dict(f, fake_str(f, "a"), fake_none(f));
	keys = keys_of(dict);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		fake_set(f, keys, FIELD_keys_nentries, counts[i]);
		assert_no_dict(dict, ERROR_CORRUPT, keys);
	}
}
END_TEST

START_TEST(dict_with_huge_log2_sizes_is_corrupt_or_beyond_the_memory)
{
	struct error err = ERROR_INIT;
	struct dict_iter iter;
	uint64_t dict, keys;

	f = fake_create(_i);
	dict = fake_dict(f, fake_str(f, "a"), fake_none(f));
	keys = keys_of(dict);
	for (unsigned log2 = 41; log2 < 256; log2++) {
		fake_set(f, keys, FIELD_keys_log2_size, log2);
		assert_no_dict(dict, ERROR_CORRUPT, keys);
	}
	fake_set(f, keys, FIELD_keys_log2_size, 40);
	fake_set(f, keys, FIELD_keys_nentries, UINT64_C(1) << 40);
	ck_assert(!dict_open(f->py, dict, &iter, &err));
	fake_assert_error(err, ERROR_UNMAPPED, FAKE_BASE + f->size);
	fake_set(f, keys, FIELD_keys_nentries, 1);
	for (unsigned log2 = 20; log2 < 256; log2++) {
		fake_set(f, keys, FIELD_keys_log2_index_bytes, log2);
		ck_assert(!dict_open(f->py, dict, &iter, &err));
	}
}
END_TEST

START_TEST(dict_values_of_a_split_table_are_checked)
{
	uint64_t a, dict, keys;

	f = fake_create(_i);
	a = fake_str(f, "a");
	keys = fake_keys(f, FAKE_SPLIT, FAKE_LIST(a, 0, a, 0));
	dict = fake_split_dict(f, keys, FAKE_LIST(a, a));
	fake_set(f, dict, FIELD_dict_values, FAKE_LOST);
	assert_no_dict(dict, ERROR_NOT_SAVED, FAKE_LOST + python_field(f->py, FIELD_values_array)->offset);
	fake_set(f, dict, FIELD_dict_values, FAKE_UNMAPPED - 16);
	if (_i == FAKE_313)
		assert_no_dict(dict, ERROR_UNMAPPED, FAKE_UNMAPPED);
	else
		assert_dict(dict, NULL, 0);
	fake_set(f, dict, FIELD_dict_values, 3);
	assert_no_dict(dict, ERROR_UNMAPPED, 3 + python_field(f->py, FIELD_values_array)->offset);
}
END_TEST

/* Instances -------------------------------------------------------------------------------------------- */

static uint64_t point_class(void)
{
	return fake_class(
		f, &(struct fake_class){.name = "Point", .has_dict = true, .attributes = {"x", "y", "z"}});
}

static void assert_attribute(uint64_t object, const char *name, uint64_t expected)
{
	struct error err = ERROR_INIT;
	uint64_t value = 0;

	if (!expected) {
		ck_assert(!instance_get(f->py, object, name, &value, &err));
		ck_assert_int_eq(err.kind, ERROR_NOT_FOUND);
		return;
	}
	ck_assert_msg(instance_get(f->py, object, name, &value, &err), "%s: %s", name, err.text);
	ck_assert_uint_eq(value, expected);
}

START_TEST(instance_attributes_are_found_inline)
{
	uint64_t object, one;

	f = fake_create(_i);
	one = fake_int(f, 1);
	object = fake_instance(f, point_class(), one, 0, f->py->none);
	assert_attribute(object, "x", one);
	assert_attribute(object, "y", 0);
	assert_attribute(object, "z", f->py->none);
	assert_attribute(object, "w", 0);
}
END_TEST

START_TEST(instance_attributes_are_found_in_a_dictionary_of_its_own)
{
	uint64_t object, one, class, dict;

	f = fake_create(_i);
	one = fake_int(f, 1);
	class = point_class();
	dict = fake_dict(f, fake_str(f, "late"), one);
	object = fake_instance_with_dict(f, class, dict);
	assert_attribute(object, "late", one);
	assert_attribute(object, "x", 0);
	object = fake_instance_with_dict(f, class, 0);
	assert_attribute(object, "x", 0);
}
END_TEST

START_TEST(instance_dictionary_has_priority_over_inline_values)
{
	struct instance_storage storage;
	uint64_t object, one, dict;

	f = fake_create(_i);
	one = fake_int(f, 1);
	dict = fake_dict(f, fake_str(f, "x"), one);
	object = fake_instance(f, point_class(), f->py->none);
	fake_word(f, object - 24, dict);
	assert_attribute(object, "x", one);
	ck_assert(instance_find_storage(f->py, object, pytype_of(f->py, object, NULL), &storage, NULL));
	ck_assert_uint_eq(storage.dict, dict);
	/* 3.13: the dictionary may share them, so they are told as well while they are valid. */
	ck_assert_int_eq(storage.values != 0, _i == FAKE_313);
}
END_TEST

START_TEST(instance_values_that_are_not_valid_are_not_used)
{
	uint64_t object;

	f = fake_create(FAKE_313);
	object = fake_instance(f, point_class(), f->py->none);
	fake_set(f, object + 16, FIELD_values_valid, 0);
	assert_attribute(object, "x", 0);
	fake_set(f, object + 16, FIELD_values_valid, 1);
	fake_set(f, object + 16, FIELD_values_capacity, 0);
	assert_attribute(object, "x", 0);
	fake_set(f, object + 16, FIELD_values_capacity, 255);
	assert_attribute(object, "x", f->py->none);
}
END_TEST

START_TEST(instance_values_that_are_cut_are_an_error)
{
	struct error err = ERROR_INIT;
	uint64_t object, class, value;

	f = fake_create(_i);
	class = point_class();
	object = fake_instance(f, class, f->py->none, f->py->none, f->py->none);
	fake_word(f, object - 32, _i == FAKE_311 ? FAKE_UNMAPPED - 8 : 0);
	if (_i == FAKE_312)
		fake_word(f, object - 24, FAKE_UNMAPPED - 9);
	if (_i == FAKE_313) {
		fake_next_ends(f, FAKE_UNMAPPED, 16);
		object = fake_instance(f, class, f->py->none, f->py->none, f->py->none);
	}
	ck_assert(!instance_get(f->py, object, "x", &value, &err));
	fake_assert_error(err, ERROR_UNMAPPED, FAKE_UNMAPPED);
	/* The words before the object are in no mapping. */
	object = FAKE_UNMAPPED - FAKE_PAGE;
	fake_set(f, object, FIELD_object_type, class);
	ck_assert(!instance_get(f->py, object, "x", &value, &err));
	fake_assert_error(err, ERROR_UNMAPPED, FAKE_UNMAPPED - FAKE_PAGE - 32);
}
END_TEST

START_TEST(instance_whose_class_has_no_names_is_an_error)
{
	static const uint64_t wrong[] = {0, 8, FAKE_NOWHERE, FAKE_LOST, UINT64_MAX};
	struct error err = ERROR_INIT;
	uint64_t object, class, value;

	f = fake_create(_i);
	class = point_class();
	object = fake_instance(f, class, f->py->none);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		fake_set(f, class, FIELD_heaptype_cached_keys, wrong[i]);
		fake_forget(f);
		ck_assert(!instance_get(f->py, object, "x", &value, &err));
		ck_assert_int_eq(err.kind, wrong[i] == FAKE_LOST ? ERROR_NOT_SAVED : ERROR_UNMAPPED);
	}
}
END_TEST

START_TEST(instance_slots_are_attributes)
{
	uint64_t object, class, one;

	f = fake_create(_i);
	one = fake_int(f, 1);
	class = fake_class(f, &(struct fake_class){.name = "Pair", .slots = {"left", "right"}});
	object = fake_object(f, class, 32);
	fake_word(f, object + 24, one);
	assert_attribute(object, "right", one);
	assert_attribute(object, "left", 0); /* not set */
	assert_attribute(object, "other", 0);
	class = fake_class(f, &(struct fake_class){.name = "Triple", .base = class, .slots = {"third"}});
	object = fake_object(f, class, 40);
	fake_word(f, object + 16, one);
	fake_word(f, object + 32, f->py->none);
	assert_attribute(object, "left", one);
	assert_attribute(object, "third", f->py->none);
}
END_TEST

START_TEST(instance_dictionary_lies_where_a_positive_offset_says)
{
	uint64_t object, class, one;

	f = fake_create(_i);
	one = fake_int(f, 1);
	class = fake_class(
		f, &(struct fake_class){
			   .name = "Error", .base = fake_type(f, "BaseException"), .dictoffset = 16});
	object = fake_object(f, class, 72);
	assert_attribute(object, "a", 0);
	fake_word(f, object + 16, fake_dict(f, fake_str(f, "a"), one));
	assert_attribute(object, "a", one);
	fake_word(f, object + 16, FAKE_LOST);
	ck_assert(!instance_get(f->py, object, "a", &one, NULL));
}
END_TEST

START_TEST(instance_dictionary_of_a_tuple_is_behind_its_items)
{
	static const int64_t sizes[] = {INT64_MAX, INT64_MIN, INT64_MIN + 1, -1, INT64_C(1) << 60};
	struct error err = ERROR_INIT;
	uint64_t object, class, one, dict;

	f = fake_create(_i);
	one = fake_int(f, 1);
	class = fake_class(
		f, &(struct fake_class){.name = "Row", .base = fake_type(f, "tuple"), .dictoffset = -8});
	fake_set(f, class, FIELD_type_basicsize, 32);
	dict = fake_dict(f, fake_str(f, "a"), one);
	object = fake_object(f, class, 32 + 8 * 3);
	fake_set(f, object, FIELD_var_size, 3);
	fake_word(f, object + 48, dict);
	assert_attribute(object, "a", one);
	fake_set(f, object, FIELD_var_size, (uint64_t)-3); /* an int of 3.11 has a sign there */
	assert_attribute(object, "a", one);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		fake_set(f, object, FIELD_var_size, (uint64_t)sizes[i]);
		err.kind = ERROR_NONE;
		ck_assert(!instance_get(f->py, object, "a", &one, &err));
		ck_assert_int_ne(err.kind, ERROR_NONE);
	}
}
END_TEST

START_TEST(instance_without_storage_has_no_attributes)
{
	struct instance_storage storage;
	uint64_t object;

	f = fake_create(_i);
	object = fake_object(f, fake_type(f, "object"), 16);
	ck_assert(instance_find_storage(f->py, object, pytype_of(f->py, object, NULL), &storage, NULL));
	ck_assert(!storage.dict && !storage.values);
	assert_attribute(object, "a", 0);
}
END_TEST

Suite *suite_py_dict(void)
{
	Suite *suite = suite_create("py_dict");
	TCase *tc = tcase_create("py_dict");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, dict_gives_its_entries_in_order, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, dict_skips_deleted_and_unset_entries, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, dict_of_many_entries_keeps_all, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, dict_lookup_tells_missing_from_unreadable, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, dict_that_is_not_there_is_refused, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, dict_table_is_read_to_the_last_entry_that_is_there, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, dict_with_more_entries_than_its_table_is_corrupt, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, dict_with_huge_log2_sizes_is_corrupt_or_beyond_the_memory, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, dict_values_of_a_split_table_are_checked, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, instance_attributes_are_found_inline, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, instance_attributes_are_found_in_a_dictionary_of_its_own, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, instance_dictionary_has_priority_over_inline_values, 0, FAKE_VERSIONS);
	tcase_add_test(tc, instance_values_that_are_not_valid_are_not_used);
	tcase_add_loop_test(tc, instance_values_that_are_cut_are_an_error, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, instance_whose_class_has_no_names_is_an_error, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, instance_slots_are_attributes, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, instance_dictionary_lies_where_a_positive_offset_says, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, instance_dictionary_of_a_tuple_is_behind_its_items, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, instance_without_storage_has_no_attributes, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
