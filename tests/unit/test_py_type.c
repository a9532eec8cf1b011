/* Type objects. */
#include "inspector/python/memory.h"
#include "inspector/python/type.h"
#include "tests/unit/fake_python.h"

#include <stdio.h>
#include <string.h>

Suite *suite_py_type(void);

static struct fake *f;

static void teardown(void)
{
	fake_destroy(f);
	f = NULL;
}

static const struct pytype *type_at(uint64_t address)
{
	struct error err = ERROR_INIT;
	const struct pytype *type = pytype_at(f->py, address, &err);

	ck_assert_msg(type != NULL, "%s", err.text);
	return type;
}

static void assert_no_type(uint64_t address, enum error_kind kind, uint64_t at)
{
	struct error err = ERROR_INIT;

	ck_assert_ptr_null(pytype_at(f->py, address, &err));
	fake_assert_error(err, kind, at);
	/* The answer is kept: it is no type the second time either. */
	ck_assert_ptr_null(pytype_at(f->py, address, NULL));
}

START_TEST(type_of_a_builtin_has_its_kind)
{
	const struct pytype *type;

	f = fake_create(_i);
	type = type_at(fake_type(f, "collections.deque"));
	ck_assert_str_eq(type->name, "deque");
	ck_assert_str_eq(type->full_name, "collections.deque");
	ck_assert_int_eq(type->kind, KIND_DEQUE);
	ck_assert(type->is_exact && !type->is_python && !type->is_heap && type->has_gc);
	ck_assert_ptr_eq(type->base, type_at(fake_type(f, "object")));
	ck_assert_ptr_eq(type, type_at(fake_type(f, "collections.deque")));
	type = pytype_of(f->py, fake_type(f, "list"), NULL);
	ck_assert_int_eq(type->kind, KIND_TYPE);
	ck_assert(pytype_is_type(type) && !pytype_is_str(type));
}
END_TEST

START_TEST(type_of_a_class_is_told_from_a_c_type_of_the_same_name)
{
	const struct pytype *class, *spec;

	f = fake_create(_i);
	class = type_at(fake_class(f, &(struct fake_class){.name = "_asyncio.Task", .module = "app"}));
	ck_assert(class->is_python && class->is_heap && !class->is_exact);
	ck_assert_int_eq(class->kind, KIND_OBJECT);
	class = type_at(fake_class(f, &(struct fake_class){.name = "deque", .module = "app"}));
	ck_assert_int_eq(class->kind, KIND_OBJECT);
	ck_assert_str_eq(class->full_name, "app.deque");
	spec = type_at(fake_spec_type(f, "collections.deque", fake_type(f, "object"), 216));
	ck_assert(!spec->is_python && spec->is_heap && spec->is_exact);
	ck_assert_int_eq(spec->kind, KIND_DEQUE);
}
END_TEST

START_TEST(type_of_a_class_has_the_kind_of_its_c_base)
{
	uint64_t base, class;
	const struct pytype *type;

	f = fake_create(_i);
	base = fake_class(
		f, &(struct fake_class){
			   .name = "MyTask", .module = "app", .base = fake_type(f, "_asyncio.Task")});
	class = fake_class(
		f, &(struct fake_class){
			   .name = "Inner", .qualname = "Outer.Inner", .module = "app", .base = base});
	type = type_at(class);
	ck_assert_int_eq(type->kind, KIND_TASK);
	ck_assert(!type->is_exact);
	ck_assert_str_eq(type->name, "Inner");
	ck_assert_str_eq(type->full_name, "app.Outer.Inner");
	ck_assert(pytype_is_subtype(f->py, type, base));
	ck_assert(pytype_is_subtype(f->py, type, class));
	ck_assert(pytype_is_subtype(f->py, type, fake_type(f, "object")));
	ck_assert(!pytype_is_subtype(f->py, type, fake_type(f, "list")));
	ck_assert(!pytype_is_subtype(f->py, type, 0));
	ck_assert(!pytype_is_subtype(f->py, NULL, base));
}
END_TEST

START_TEST(type_name_without_a_module_is_bare)
{
	f = fake_create(_i);
	ck_assert_str_eq(type_at(fake_class(f, &(struct fake_class){.name = "Local"}))->full_name, "Local");
	ck_assert_str_eq(
		type_at(fake_class(f, &(struct fake_class){.name = "X", .module = "builtins"}))->full_name,
		"X");
}
END_TEST

START_TEST(type_of_unknown_c_code_is_scanned_where_it_adds_something)
{
	const struct pytype *type, *class;
	uint64_t unknown;

	f = fake_create(_i);
	unknown = fake_spec_type(f, "ext.Blob", fake_type(f, "object"), 64);
	type = type_at(unknown);
	ck_assert_int_eq(type->kind, KIND_UNKNOWN);
	ck_assert_uint_eq(type->scan_from, 16);
	ck_assert_uint_eq(type->scan_to, 64);
	class = type_at(fake_class(f, &(struct fake_class){.name = "Sub", .base = unknown, .slots = {"a"}}));
	ck_assert_uint_eq(class->scan_to, 64);
	type = type_at(fake_spec_type(f, "ext.List", fake_type(f, "list"), 72));
	ck_assert_int_eq(type->kind, KIND_LIST);
	ck_assert(!type->is_exact);
	ck_assert_uint_eq(type->scan_from, 40);
	ck_assert_uint_eq(type->scan_to, 72);
	type = type_at(fake_spec_type(f, "ext.Huge", fake_type(f, "object"), 256512));
	ck_assert_uint_le(type->scan_to, 16 + 4096);
	type = type_at(fake_spec_type(f, "ext.Smaller", fake_type(f, "list"), 24));
	ck_assert_uint_ge(type->scan_to, type->scan_from);
}
END_TEST

START_TEST(type_whose_own_type_is_no_type_is_refused)
{
	uint64_t type;

	f = fake_create(_i);
	type = fake_class(f, &(struct fake_class){.name = "A"});
	fake_set(f, type, FIELD_object_type, fake_type(f, "list"));
	assert_no_type(type, ERROR_CORRUPT, type);
	type = fake_int(f, 1);
	assert_no_type(type, ERROR_CORRUPT, type);
	type = fake_class(f, &(struct fake_class){.name = "A"});
	fake_set(f, type, FIELD_object_type, 0);
	assert_no_type(type, ERROR_UNMAPPED, 168);
	type = fake_class(f, &(struct fake_class){.name = "A"});
	fake_set(f, type, FIELD_object_type, FAKE_LOST);
	assert_no_type(type, ERROR_NOT_SAVED, FAKE_LOST + 168);
}
END_TEST

START_TEST(type_of_a_metaclass_is_a_type)
{
	uint64_t meta, class;
	const struct pytype *type;

	f = fake_create(_i);
	meta = fake_class(
		f, &(struct fake_class){.name = "ABCMeta", .module = "abc", .base = fake_type(f, "type")});
	class = fake_class(f, &(struct fake_class){.name = "A", .metatype = meta});
	type = type_at(class);
	ck_assert(type->is_python);
	type = pytype_of(f->py, class, NULL);
	ck_assert_int_eq(type->kind, KIND_TYPE);
	ck_assert_str_eq(type->full_name, "abc.ABCMeta");
}
END_TEST

START_TEST(type_that_is_not_there_is_refused)
{
	struct error err = ERROR_INIT;

	f = fake_create(_i);
	assert_no_type(0, ERROR_UNMAPPED, 8);
	assert_no_type(FAKE_NOWHERE, ERROR_UNMAPPED, FAKE_NOWHERE + 8);
	assert_no_type(FAKE_LOST, ERROR_NOT_SAVED, FAKE_LOST + 8);
	assert_no_type(UINT64_MAX - 7, ERROR_UNMAPPED, 0);
	ck_assert_ptr_null(pytype_of(f->py, FAKE_LOST - 8, &err)); /* its header is cut */
	fake_assert_error(err, ERROR_NOT_SAVED, FAKE_LOST);
	fake_next_ends(f, FAKE_UNMAPPED, 8);
	fake_object(f, fake_type(f, "type"), python_sizeof(f->py, FIELD_sizeof_type));
	assert_no_type(
		FAKE_UNMAPPED + 8 - python_sizeof(f->py, FIELD_sizeof_type), ERROR_UNMAPPED, FAKE_UNMAPPED);
}
END_TEST

START_TEST(type_of_impossible_size_is_refused)
{
	static const uint64_t sizes[] = {0, 15, (1 << 24) + 1, UINT64_MAX, (uint64_t)INT64_MIN};
	uint64_t type;

	f = fake_create(_i);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		type = fake_class(f, &(struct fake_class){.name = "A"});
		fake_set(f, type, FIELD_type_basicsize, sizes[i]);
		assert_no_type(type, ERROR_CORRUPT, type);
	}
	type = fake_class(f, &(struct fake_class){.name = "A"});
	fake_set(f, type, FIELD_type_itemsize, UINT64_MAX);
	assert_no_type(type, ERROR_CORRUPT, type);
}
END_TEST

START_TEST(type_whose_name_has_no_end_is_refused)
{
	uint64_t type, name;

	f = fake_create(_i);
	type = fake_class(f, &(struct fake_class){.name = "A"});
	fake_next_ends(f, FAKE_UNMAPPED, 0);
	name = fake_place(f, 8);
	fake_write(f, name, "AAAAAAAA", 8);
	fake_set(f, type, FIELD_type_name, name);
	assert_no_type(type, ERROR_CORRUPT, name);
	type = fake_class(f, &(struct fake_class){.name = "A"});
	fake_set(f, type, FIELD_type_name, FAKE_LOST);
	assert_no_type(type, ERROR_NOT_SAVED, FAKE_LOST);
	type = fake_class(f, &(struct fake_class){.name = "A"});
	fake_set(f, type, FIELD_type_name, 0);
	assert_no_type(type, ERROR_UNMAPPED, 0);
}
END_TEST

START_TEST(type_bases_that_form_a_circle_end)
{
	uint64_t a, b;

	f = fake_create(_i);
	a = fake_class(f, &(struct fake_class){.name = "A"});
	b = fake_class(f, &(struct fake_class){.name = "B", .base = a});
	fake_set(f, a, FIELD_type_base, b);
	ck_assert_ptr_eq(type_at(b)->base, type_at(a));
	ck_assert_ptr_null(type_at(a)->base);
	a = fake_class(f, &(struct fake_class){.name = "Own"});
	fake_set(f, a, FIELD_type_base, a);
	ck_assert_ptr_null(type_at(a)->base);
}
END_TEST

START_TEST(type_with_very_many_bases_is_read_without_them)
{
	uint64_t type;

	f = fake_create_large(_i, 8 << 20);
	type = fake_type(f, "object");
	for (int i = 0; i < 3000; i++) {
		uint64_t next = fake_spec_type(f, "ext.Link", fake_type(f, "object"), 16);

		fake_set(f, next, FIELD_type_base, type);
		type = next;
	}
	ck_assert_str_eq(type_at(type)->name, "Link");
}
END_TEST

/* The names of a class are strings; a string of a class of its own leads to another class, and so on. */
START_TEST(type_whose_names_lead_to_ever_more_types_is_read)
{
	uint64_t type, previous = 0;

	f = fake_create_large(_i, 16 << 20);
	for (int i = 0; i < 5000; i++) {
		type = fake_class(f, &(struct fake_class){.name = "A", .base = fake_type(f, "str")});
		if (previous) {
			uint64_t name = fake_str(f, "A");

			fake_set(f, name, FIELD_object_type, previous);
			fake_set(f, type, FIELD_heaptype_qualname, name);
		}
		previous = type;
	}
	ck_assert_str_eq(type_at(previous)->name, "A");
}
END_TEST

START_TEST(type_members_are_those_of_all_bases_by_offset)
{
	uint64_t base, class;
	const struct pytype *type;

	f = fake_create(_i);
	base = fake_class(f, &(struct fake_class){.name = "A", .slots = {"x", "_A__hidden"}});
	class = fake_class(f, &(struct fake_class){.name = "B", .base = base, .slots = {"z"}});
	type = type_at(class);
	ck_assert_uint_eq(type->member_count, 3);
	ck_assert_str_eq(type->members[0].name, "x");
	ck_assert_uint_eq(type->members[0].offset, 16);
	ck_assert_str_eq(type->members[1].name, "_A__hidden");
	ck_assert_str_eq(type->members[2].name, "z");
	ck_assert_uint_eq(type->members[2].offset, 32);
}
END_TEST

/* The table of a class with one slot, to be spoiled. */
static uint64_t member_table(uint64_t class)
{
	return fake_get(f, class, FIELD_type_members);
}

/* What a fork has learned outlives it, and what was known before stays what it was. */
START_TEST(type_that_a_fork_knows_is_taken_over)
{
	const struct pytype *type, *object;
	struct python *fork;
	uint64_t base, class;

	f = fake_create(_i);
	object = type_at(fake_type(f, "object"));
	base = fake_class(f, &(struct fake_class){.name = "A", .module = "app", .slots = {"x"}});
	class = fake_class(
		f, &(struct fake_class){.name = "B", .module = "app", .base = base, .slots = {"z"}});
	fork = python_fork(f->py);
	ck_assert_ptr_nonnull(pytype_at(fork, class, NULL));
	ck_assert_ptr_null(pytype_at(fork, class + 8, NULL));
	python_join(f->py, fork);
	/* It is not read again. */
	fake_set(f, class, FIELD_type_basicsize, 1);
	fake_set(f, base, FIELD_type_basicsize, 1);
	type = type_at(class);
	ck_assert_str_eq(type->full_name, "app.B");
	ck_assert_str_eq(type->name, "B");
	ck_assert_uint_eq(type->member_count, 2);
	ck_assert_str_eq(type->members[0].name, "x");
	ck_assert_str_eq(type->members[1].name, "z");
	ck_assert_ptr_eq(type->base, type_at(base));
	ck_assert_uint_eq(type->base->member_count, 1);
	ck_assert_ptr_eq(type->base->base, object);
	ck_assert_ptr_null(pytype_at(f->py, class + 8, NULL));
}
END_TEST

START_TEST(type_members_outside_of_the_instance_do_not_count)
{
	static const uint64_t offsets[] = {0, 8, 17, 24, 32, UINT32_MAX - 7, UINT64_C(1) << 32, INT64_MAX - 7,
		(uint64_t)INT64_MIN, (uint64_t)-8, (uint64_t)-16, UINT64_MAX};
	uint64_t class;

	f = fake_create(_i);
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		class = fake_class(f, &(struct fake_class){.name = "A", .slots = {"x"}});
		fake_set(f, member_table(class), FIELD_memberdef_offset, offsets[i]);
		ck_assert_msg(
			type_at(class)->member_count == 0, "offset 0x%llx", (unsigned long long)offsets[i]);
	}
}
END_TEST

START_TEST(type_members_of_other_types_do_not_count)
{
	uint64_t class;

	f = fake_create(_i);
	class = fake_class(f, &(struct fake_class){.name = "A", .slots = {"number", "object"}});
	fake_set(f, member_table(class), FIELD_memberdef_type, 1); /* T_INT */
	ck_assert_uint_eq(type_at(class)->member_count, 1);
	ck_assert_str_eq(type_at(class)->members[0].name, "object");
	class = fake_class(f, &(struct fake_class){.name = "B", .slots = {"x"}});
	fake_set(f, member_table(class), FIELD_memberdef_name, FAKE_LOST);
	ck_assert_str_eq(type_at(class)->members[0].name, "<member at +16>");
	class = fake_class(f, &(struct fake_class){.name = "C", .slots = {"x"}});
	fake_set(f, class, FIELD_type_members, FAKE_LOST);
	ck_assert_uint_eq(type_at(class)->member_count, 0);
}
END_TEST

START_TEST(type_members_without_an_end_are_bounded)
{
	size_t size, count = 10000;
	uint64_t class, table, name;

	f = fake_create_large(_i, 1 << 20);
	size = python_sizeof(f->py, FIELD_sizeof_memberdef);
	class = fake_class(f, &(struct fake_class){.name = "A", .slots = {"x"}});
	name = fake_cstring(f, "x");
	table = fake_place(f, count * size);
	for (size_t i = 0; i < count; i++) {
		fake_set(f, table + i * size, FIELD_memberdef_name, name);
		fake_set(f, table + i * size, FIELD_memberdef_type, 6);
		fake_set(f, table + i * size, FIELD_memberdef_offset, 16);
	}
	fake_set(f, class, FIELD_type_members, table);
	ck_assert_uint_le(type_at(class)->member_count, 4096);
}
END_TEST

START_TEST(type_mro_that_is_damaged_has_no_ancestors)
{
	static const uint64_t wrong[] = {0, FAKE_NOWHERE, FAKE_LOST, FAKE_LOST - 24, UINT64_MAX};
	uint64_t base, class, mro;

	f = fake_create(_i);
	base = fake_class(f, &(struct fake_class){.name = "A"});
	class = fake_class(f, &(struct fake_class){.name = "B", .base = base});
	ck_assert(pytype_is_subtype(f->py, type_at(class), base));
	mro = fake_get(f, class, FIELD_type_mro);
	fake_set(f, mro, FIELD_var_size, UINT64_MAX);
	ck_assert(!pytype_is_subtype(f->py, type_at(class), base));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		fake_set(f, class, FIELD_type_mro, wrong[i]);
		fake_forget(f);
		ck_assert(!pytype_is_subtype(f->py, type_at(class), base));
		ck_assert(pytype_is_subtype(f->py, type_at(class), class));
	}
}
END_TEST

START_TEST(type_whose_heap_part_is_cut_is_read_as_far_as_it_goes)
{
	const struct pytype *type;
	uint64_t address;

	f = fake_create(_i);
	fake_next_ends(f, FAKE_UNMAPPED, 100);
	address = fake_class(f, &(struct fake_class){.name = "A", .module = "app"});
	type = type_at(address);
	ck_assert_str_eq(type->name, "A");
	ck_assert_uint_eq(type->cached_keys, 0);
}
END_TEST

Suite *suite_py_type(void)
{
	Suite *suite = suite_create("py_type");
	TCase *tc = tcase_create("py_type");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, type_of_a_builtin_has_its_kind, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, type_of_a_class_is_told_from_a_c_type_of_the_same_name, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, type_of_a_class_has_the_kind_of_its_c_base, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, type_name_without_a_module_is_bare, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, type_of_unknown_c_code_is_scanned_where_it_adds_something, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, type_whose_own_type_is_no_type_is_refused, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, type_of_a_metaclass_is_a_type, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, type_that_is_not_there_is_refused, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, type_of_impossible_size_is_refused, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, type_whose_name_has_no_end_is_refused, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, type_bases_that_form_a_circle_end, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, type_with_very_many_bases_is_read_without_them, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, type_whose_names_lead_to_ever_more_types_is_read, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, type_members_are_those_of_all_bases_by_offset, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, type_that_a_fork_knows_is_taken_over, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, type_members_outside_of_the_instance_do_not_count, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, type_members_of_other_types_do_not_count, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, type_members_without_an_end_are_bounded, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, type_mro_that_is_damaged_has_no_ancestors, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, type_whose_heap_part_is_cut_is_read_as_far_as_it_goes, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
