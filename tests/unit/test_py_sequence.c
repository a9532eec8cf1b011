/* Lists, tuples, sets and deques. */
#include "inspector/python/sequence.h"
#include "tests/unit/fake_python.h"

#include <string.h>

Suite *suite_py_sequence(void);

static struct fake *f;

static void teardown(void)
{
	fake_destroy(f);
	f = NULL;
}

static enum type_kind kind_of(uint64_t object)
{
	const struct pytype *type = pytype_of(f->py, object, NULL);

	ck_assert_ptr_nonnull(type);
	return type->kind;
}

static void assert_items(uint64_t object, const uint64_t *items, size_t count)
{
	struct error err = ERROR_INIT;
	struct sequence_iter iter;
	uint64_t item;

	ck_assert_msg(sequence_open(f->py, object, kind_of(object), &iter, &err), "%s", err.text);
	for (size_t i = 0; i < count; i++) {
		ck_assert(sequence_next(&iter, &item));
		ck_assert_uint_eq(item, items[i]);
	}
	ck_assert(!sequence_next(&iter, &item));
	ck_assert(!iter.is_cut);
}

static void assert_closed(uint64_t object, enum type_kind kind, enum error_kind expected, uint64_t address)
{
	struct error err = ERROR_INIT;
	struct sequence_iter iter;

	ck_assert(!sequence_open(f->py, object, kind, &iter, &err));
	fake_assert_error(err, expected, address);
}

START_TEST(sequence_gives_all_items_in_order)
{
	uint64_t a, b;

	f = fake_create(_i);
	a = fake_str(f, "a");
	b = fake_int(f, 2);
	assert_items(fake_list(f, a, b, a), FAKE_LIST(a, b, a));
	assert_items(fake_tuple(f, b, a), FAKE_LIST(b, a));
	assert_items(fake_tuple_of(f, NULL, 0), NULL, 0);
	assert_items(fake_list_of(f, NULL, 0), NULL, 0);
	assert_items(fake_list(f, 0, a, 0, b, 0), FAKE_LIST(a, b)); /* under construction */
}
END_TEST

START_TEST(sequence_item_by_number)
{
	struct error err = ERROR_INIT;
	uint64_t a, b, list, item, length;

	f = fake_create(_i);
	a = fake_str(f, "a");
	b = fake_int(f, 2);
	list = fake_list(f, a, b);
	ck_assert(sequence_item(f->py, list, 1, &item, NULL) && item == b);
	ck_assert(sequence_item(f->py, fake_tuple(f, a), 0, &item, NULL) && item == a);
	ck_assert(!sequence_item(f->py, list, 2, &item, &err));
	ck_assert_int_eq(err.kind, ERROR_NOT_FOUND);
	ck_assert(!sequence_item(f->py, list, UINT64_MAX, &item, &err));
	ck_assert(!sequence_item(f->py, fake_set_object(f, a), 0, &item, &err));
	ck_assert(!sequence_item(f->py, a, 0, &item, &err));
	ck_assert_int_eq(err.kind, ERROR_CORRUPT);
	ck_assert(!sequence_item(f->py, 0, 0, &item, &err));
	ck_assert_int_eq(err.kind, ERROR_UNMAPPED);
	ck_assert(sequence_length(f->py, list, KIND_LIST, &length, NULL) && length == 2);
}
END_TEST

START_TEST(sequence_of_impossible_length_is_refused)
{
	static const uint64_t lengths[] = {
		UINT64_MAX, (uint64_t)INT64_MIN, INT64_MAX, (UINT64_C(1) << 61) + 1, (UINT64_C(1) << 48) + 1};
	uint64_t a, list, tuple, items;

	f = fake_create(_i);
	a = fake_str(f, "a");
	list = fake_list(f, a);
	tuple = fake_tuple(f, a);
	items = fake_get(f, list, FIELD_list_items);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		fake_set(f, list, FIELD_var_size, lengths[i]);
		assert_closed(list, KIND_LIST, ERROR_CORRUPT, items);
		fake_set(f, tuple, FIELD_var_size, lengths[i]);
		assert_closed(tuple, KIND_TUPLE, ERROR_CORRUPT, tuple + 24);
	}
	fake_set(f, list, FIELD_var_size, 1 << 20);
	assert_closed(list, KIND_LIST, ERROR_UNMAPPED, FAKE_BASE + f->size);
}
END_TEST

START_TEST(sequence_items_stop_where_the_mapping_stops)
{
	uint64_t a, list, tuple;

	f = fake_create(_i);
	a = fake_str(f, "a");
	fake_next_ends(f, FAKE_UNMAPPED, 0);
	tuple = fake_tuple(f, a, a);
	assert_items(tuple, FAKE_LIST(a, a));
	fake_set(f, tuple, FIELD_var_size, 3);
	assert_closed(tuple, KIND_TUPLE, ERROR_UNMAPPED, FAKE_UNMAPPED);
	fake_next_ends(f, FAKE_LOST, 1);
	assert_closed(fake_tuple(f, a, a), KIND_TUPLE, ERROR_NOT_SAVED, FAKE_LOST);
	list = fake_list(f, a);
	fake_set(f, list, FIELD_list_items, FAKE_LOST);
	assert_closed(list, KIND_LIST, ERROR_NOT_SAVED, FAKE_LOST);
	fake_set(f, list, FIELD_list_items, 0);
	assert_closed(list, KIND_LIST, ERROR_UNMAPPED, 0);
	fake_set(f, list, FIELD_list_items, FAKE_UNMAPPED - 7); /* misaligned and cut */
	assert_closed(list, KIND_LIST, ERROR_UNMAPPED, FAKE_UNMAPPED);
	fake_next_ends(f, FAKE_UNMAPPED, 1);
	assert_closed(fake_list(f, a), KIND_LIST, ERROR_UNMAPPED, FAKE_UNMAPPED);
	assert_closed(FAKE_NOWHERE, KIND_TUPLE, ERROR_UNMAPPED, FAKE_NOWHERE + 16);
	assert_closed(list, KIND_CELL, ERROR_CORRUPT, list);
}
END_TEST

START_TEST(set_gives_what_was_not_deleted)
{
	uint64_t a, b, set, length;

	f = fake_create(_i);
	a = fake_str(f, "a");
	b = fake_int(f, 2);
	set = fake_set_object(f, FAKE_DELETED, a, FAKE_DELETED, b);
	assert_items(set, FAKE_LIST(a, b));
	ck_assert(sequence_length(f->py, set, KIND_SET, &length, NULL) && length == 2);
	assert_items(fake_set_of(f, "frozenset", FAKE_LIST(b)), FAKE_LIST(b));
	assert_items(fake_set_of(f, "set", NULL, 0), NULL, 0);
}
END_TEST

START_TEST(set_whose_mask_is_none_is_refused)
{
	static const uint64_t masks[] = {
		2, 5, 8, UINT64_MAX - 1, (UINT64_C(1) << 44) - 2, (UINT64_C(1) << 45) - 1, UINT64_MAX};
	uint64_t set;

	f = fake_create(_i);
	set = fake_set_object(f, fake_none(f));
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		fake_set(f, set, FIELD_set_mask, masks[i]);
		assert_closed(set, KIND_SET, ERROR_CORRUPT, set);
	}
	fake_set(f, set, FIELD_set_mask, (UINT64_C(1) << 43) - 1);
	assert_closed(set, KIND_SET, ERROR_UNMAPPED, FAKE_BASE + f->size);
}
END_TEST

START_TEST(set_table_is_checked)
{
	uint64_t set;

	f = fake_create(_i);
	set = fake_set_object(f, fake_none(f));
	fake_set(f, set, FIELD_set_table, 0);
	assert_closed(set, KIND_SET, ERROR_UNMAPPED, 0);
	fake_set(f, set, FIELD_set_table, FAKE_LOST);
	assert_closed(set, KIND_SET, ERROR_NOT_SAVED, FAKE_LOST);
	fake_set(f, set, FIELD_set_table, FAKE_UNMAPPED - 8 * 16 + 1);
	assert_closed(set, KIND_SET, ERROR_UNMAPPED, FAKE_UNMAPPED);
	fake_set(f, set, FIELD_set_table, FAKE_UNMAPPED - 8 * 16);
	assert_items(set, NULL, 0);
}
END_TEST

START_TEST(deque_crosses_its_blocks)
{
	uint64_t items[150];

	f = fake_create(_i);
	for (size_t i = 0; i < 150; i++)
		items[i] = fake_int(f, (int64_t)i);
	assert_items(fake_deque_of(f, 31, items, 1), items, 1);
	assert_items(fake_deque_of(f, 63, items, 1), items, 1);
	assert_items(fake_deque_of(f, 0, items, 64), items, 64);
	assert_items(fake_deque_of(f, 0, items, 65), items, 65);
	assert_items(fake_deque_of(f, 60, items, 150), items, 150);
	assert_items(fake_deque_of(f, 32, NULL, 0), NULL, 0);
}
END_TEST

/* Counts the items of a deque and tells whether it was cut. */
static size_t count_items(uint64_t deque, bool *is_cut)
{
	struct sequence_iter iter;
	size_t count = 0;
	uint64_t item;

	ck_assert(sequence_open(f->py, deque, KIND_DEQUE, &iter, NULL));
	while (sequence_next(&iter, &item))
		count++;
	*is_cut = iter.is_cut;
	return count;
}

START_TEST(deque_with_a_missing_block_is_cut_and_says_so)
{
	static const uint64_t wrong[] = {0, 8, FAKE_NOWHERE, FAKE_LOST, UINT64_MAX, FAKE_UNMAPPED - 8};
	uint64_t items[100], deque, block;
	bool is_cut;

	f = fake_create(_i);
	for (size_t i = 0; i < 100; i++)
		items[i] = f->py->none;
	deque = fake_deque_of(f, 60, items, 100);
	block = fake_deque_block(f, deque);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		fake_set(f, block, FIELD_block_right, wrong[i]);
		ck_assert_uint_eq(count_items(deque, &is_cut), 4);
		ck_assert(is_cut);
		fake_set(f, deque, FIELD_deque_leftblock, wrong[i]);
		assert_closed(deque, KIND_DEQUE, wrong[i] == FAKE_LOST ? ERROR_NOT_SAVED : ERROR_UNMAPPED,
			wrong[i] == FAKE_UNMAPPED - 8 ? FAKE_UNMAPPED : wrong[i] + 8);
		fake_set(f, deque, FIELD_deque_leftblock, block);
	}
}
END_TEST

/* A chain of blocks whose last leads back to the block number `to`. */
static uint64_t circular_deque(size_t blocks, size_t to, uint64_t length)
{
	uint64_t deque = fake_deque_of(f, 0, NULL, 0), all[16];

	for (size_t i = 0; i < blocks; i++) {
		all[i] = i ? fake_place(f, python_sizeof(f->py, FIELD_sizeof_block))
			   : fake_deque_block(f, deque);
		for (size_t k = 0; k < 64; k++)
			fake_word(f, all[i] + python_field(f->py, FIELD_block_data)->offset + 8 * k,
				f->py->none);
		if (i)
			fake_set(f, all[i - 1], FIELD_block_right, all[i]);
	}
	fake_set(f, all[blocks - 1], FIELD_block_right, all[to]);
	fake_set(f, deque, FIELD_var_size, length);
	return deque;
}

START_TEST(deque_whose_blocks_form_a_circle_ends)
{
	static const uint64_t lengths[] = {UINT64_C(1) << 30, INT64_MAX, UINT64_MAX};
	bool is_cut;

	f = fake_create_large(_i, 2 << 20);
	for (size_t blocks = 1; blocks <= 16; blocks++) {
		for (size_t to = 0; to < blocks; to++) {
			size_t count = count_items(circular_deque(blocks, to, lengths[blocks % 3]), &is_cut);

			ck_assert(is_cut);
			ck_assert_uint_ge(count, 64 * blocks);
			ck_assert_uint_le(count, 4 * 64 * blocks);
		}
	}
}
END_TEST

START_TEST(deque_with_an_impossible_start_does_not_harm)
{
	static const uint64_t lefts[] = {64, 65, UINT32_MAX, INT64_MAX, UINT64_MAX};
	uint64_t items[70], deque;
	bool is_cut;

	f = fake_create(_i);
	for (size_t i = 0; i < 70; i++)
		items[i] = f->py->none;
	deque = fake_deque_of(f, 0, items, 70);
	for (size_t i = 0; i < sizeof(lefts) / sizeof(lefts[0]); i++) {
		fake_set(f, deque, FIELD_deque_leftindex, lefts[i]);
		ck_assert_uint_le(count_items(deque, &is_cut), 70);
	}
}
END_TEST

START_TEST(deque_needs_its_layout)
{
	struct error err = ERROR_INIT;
	struct sequence_iter iter;
	uint64_t deque;

	f = fake_create(_i);
	deque = fake_deque_of(f, 0, NULL, 0);
	f->py->layout.fields[FIELD_block_data].offset = NO_OFFSET;
	ck_assert(!sequence_open(f->py, deque, KIND_DEQUE, &iter, &err));
	ck_assert_int_eq(err.kind, ERROR_NO_FIELD);
}
END_TEST

Suite *suite_py_sequence(void)
{
	Suite *suite = suite_create("py_sequence");
	TCase *tc = tcase_create("py_sequence");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, sequence_gives_all_items_in_order, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, sequence_item_by_number, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, sequence_of_impossible_length_is_refused, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, sequence_items_stop_where_the_mapping_stops, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, set_gives_what_was_not_deleted, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, set_whose_mask_is_none_is_refused, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, set_table_is_checked, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, deque_crosses_its_blocks, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, deque_with_a_missing_block_is_cut_and_says_so, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, deque_whose_blocks_form_a_circle_ends, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, deque_with_an_impossible_start_does_not_harm, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, deque_needs_its_layout, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
