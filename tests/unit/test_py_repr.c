/* What objects are printed as. */
#include "inspector/python/repr.h"
#include "tests/unit/fake_python.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_py_repr(void);

static struct fake *f;

static void teardown(void)
{
	fake_destroy(f);
	f = NULL;
}

static void assert_repr(uint64_t object, const char *expected)
{
	ck_assert_str_eq(pyrepr(f->py, object, 1000), expected);
}

/* With the object's address in the place of %llx. */
static void assert_plain(uint64_t object, const char *format)
{
	char expected[256];
	char *percent = strstr(format, "%");

	snprintf(expected, sizeof(expected), "%.*s%llx%s", (int)(percent - format), format,
		(unsigned long long)object, percent + 1);
	assert_repr(object, expected);
}

START_TEST(repr_of_strings_quotes_as_python_does)
{
	static const uint32_t latin[] = {0xe9, 0xa0}, lone[] = {'a', 0xd800}, nul[] = {'a', 0, 'b'};

	f = fake_create(_i);
	assert_repr(fake_str(f, "plain"), "'plain'");
	assert_repr(fake_str(f, ""), "''");
	assert_repr(fake_str(f, "it's"), "\"it's\"");
	assert_repr(fake_str(f, "\"x\""), "'\"x\"'");
	assert_repr(fake_str(f, "'\""), "'\\'\"'");
	assert_repr(fake_str(f, "a\\b"), "'a\\\\b'");
	assert_repr(fake_str(f, "\n\t\r\x1b\x7f"), "'\\n\\t\\r\\x1b\\x7f'");
	assert_repr(fake_str_wide(f, 1, latin, 1), "'\xc3\xa9'");
	assert_repr(fake_str_wide(f, 1, nul, 3), "'a\\x00b'");
	assert_repr(fake_str_wide(f, 2, lone, 2), "'a\\ud800'");
}
END_TEST

START_TEST(repr_of_bytes_quotes_as_python_does)
{
	f = fake_create(_i);
	assert_repr(fake_bytes(f, "a\0'\\\n\xff", 6), "b\"a\\x00'\\\\\\n\\xff\"");
	assert_repr(fake_bytes(f, "", 0), "b''");
	assert_repr(fake_bytearray(f, "xy", 2), "bytearray(b'xy')");
}
END_TEST

START_TEST(repr_of_floats_is_the_shortest_that_reads_back)
{
	static const struct {
		double value;
		const char *text;
	} all[] = {{0.1, "0.1"}, {0.0, "0.0"}, {-0.0, "-0.0"}, {1.0, "1.0"}, {1e16, "1e+16"},
		{1e15, "1000000000000000.0"}, {9007199254740993.0, "9007199254740992.0"}, {1e-5, "1e-05"},
		{1e-4, "0.0001"}, {123456.789, "123456.789"}, {1.5e300, "1.5e+300"}, {5e-324, "5e-324"},
		{1.7976931348623157e308, "1.7976931348623157e+308"},
		{0.30000000000000004, "0.30000000000000004"}, {1e22, "1e+22"}, {-2.5e-10, "-2.5e-10"},
		{100.0, "100.0"}};

	f = fake_create(_i);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_repr(fake_float(f, all[i].value), all[i].text);
	assert_repr(fake_float(f, (double)NAN), "nan");
	assert_repr(fake_float(f, -(double)NAN), "nan");
	assert_repr(fake_float(f, (double)INFINITY), "inf");
	assert_repr(fake_float(f, -(double)INFINITY), "-inf");
}
END_TEST

START_TEST(repr_of_other_numbers_and_constants)
{
	f = fake_create(_i);
	assert_repr(fake_int(f, -1234567890123), "-1234567890123");
	assert_repr(fake_bool(f, true), "True");
	assert_repr(fake_bool(f, false), "False");
	assert_repr(fake_none(f), "None");
	assert_repr(fake_object(f, fake_type(f, "ellipsis"), 16), "Ellipsis");
	assert_repr(fake_object(f, fake_type(f, "NotImplementedType"), 16), "NotImplemented");
	assert_repr(fake_complex(f, 0, 1), "1j");
	assert_repr(fake_complex(f, 1.5, -2), "(1.5-2j)");
	assert_repr(fake_complex(f, -0.0, 0), "(-0+0j)");
	assert_repr(fake_complex(f, 1, (double)NAN), "(1+nanj)");
}
END_TEST

START_TEST(repr_of_containers_is_nested)
{
	uint64_t one, a, tuple;

	f = fake_create(_i);
	one = fake_int(f, 1);
	a = fake_str(f, "a");
	tuple = fake_tuple(f, one);
	assert_repr(fake_list(f, one, a, fake_none(f)), "[1, 'a', None]");
	assert_repr(tuple, "(1,)");
	assert_repr(fake_tuple_of(f, NULL, 0), "()");
	assert_repr(fake_list_of(f, NULL, 0), "[]");
	assert_repr(fake_dict(f, a, fake_list(f, tuple), a, one), "{'a': [(1,)], 'a': 1}");
	assert_repr(fake_dict_of(f, FAKE_UNICODE, NULL, 0), "{}");
	assert_repr(fake_set_object(f, one, FAKE_DELETED, a), "{1, 'a'}");
	assert_repr(fake_set_of(f, "set", NULL, 0), "set()");
	assert_repr(fake_set_of(f, "frozenset", FAKE_LIST(one)), "frozenset({1})");
	assert_repr(fake_set_of(f, "frozenset", NULL, 0), "frozenset()");
	assert_repr(fake_deque_of(f, 63, (uint64_t[]){one, a}, 2), "deque([1, 'a'])");
	assert_repr(fake_deque_of(f, 0, NULL, 0), "deque([])");
}
END_TEST

START_TEST(repr_of_a_cycle_ends_as_python_ends_it)
{
	uint64_t list, dict, items, a;

	f = fake_create(_i);
	a = fake_str(f, "a");
	list = fake_list(f, a, a);
	items = fake_get(f, list, FIELD_list_items);
	fake_word(f, items + 8, list);
	assert_repr(list, "['a', [...]]");
	dict = fake_dict(f, a, list);
	fake_word(f, items, dict);
	assert_repr(list, "[{'a': [...]}, [...]]");
	assert_repr(dict, "{'a': [{...}, [...]]}");
	/* Twice the same, not inside of itself, is no cycle. */
	dict = fake_tuple(f, a);
	assert_repr(fake_list(f, dict, dict), "[('a',), ('a',)]");
}
END_TEST

START_TEST(repr_of_deep_nesting_is_cut)
{
	uint64_t list;

	f = fake_create(_i);
	list = fake_list_of(f, NULL, 0);
	for (int i = 0; i < 100; i++)
		list = fake_list(f, list);
	assert_repr(list, "[[[[[[[...]]]]]]]");
}
END_TEST

START_TEST(repr_is_cut_at_the_limit_and_says_what_is_missing)
{
	uint64_t items[100], list;
	const char *text;

	f = fake_create(_i);
	for (size_t i = 0; i < 100; i++)
		items[i] = fake_int(f, (int64_t)i);
	list = fake_list_of(f, items, 100);
	ck_assert_str_eq(pyrepr(f->py, list, 10), "[0, 1, 2, ... +97]");
	text = pyrepr(f->py, fake_str(f, "abcdefghijklmnopqrstuvwxyz"), 20);
	ck_assert_str_eq(text, "'abcdefghijklmnopqrst'... (26 characters)");
	ck_assert_str_eq(pyrepr(f->py, fake_bytes(f, "abcdefghijklmnopqrstuvwxyz", 26), 20),
		"b'abcdefghijklmnopqrst'... (26 bytes)");
	list = fake_dict(f, items[1], items[2], items[3], items[4], items[5], items[6]);
	ck_assert_str_eq(pyrepr(f->py, list, 4), "{1: 2, ... +2}");
}
END_TEST

START_TEST(repr_of_a_wrong_length_never_tells_of_less_than_nothing)
{
	uint64_t items[50], object;

	f = fake_create(_i);
	for (size_t i = 0; i < 50; i++)
		items[i] = fake_int(f, (int64_t)i);
	object = fake_set_of(f, "frozenset", items, 50);
	fake_set(f, object, FIELD_set_used, 1);
	ck_assert_ptr_null(strstr(pyrepr(f->py, object, 30), "1844"));
	object = fake_dict(f, items[0], items[1], items[2], items[3], items[4], items[5]);
	fake_set(f, object, FIELD_dict_used, 0);
	ck_assert_ptr_null(strstr(pyrepr(f->py, object, 4), "1844"));
}
END_TEST

START_TEST(repr_of_what_cannot_be_read_says_so)
{
	uint64_t list;

	f = fake_create(_i);
	assert_repr(0, "<unreadable object at 0x0: unmapped>");
	assert_repr(FAKE_LOST, "<unreadable object at 0x7f2000001000: not saved>");
	list = fake_list(f, fake_int(f, 1), FAKE_NOWHERE, fake_int(f, 2));
	assert_repr(list, "[1, <unreadable object at 0x123456000: unmapped>, 2]");
	fake_set(f, list, FIELD_list_items, FAKE_LOST);
	assert_plain(list, "<list at 0x%>");
	list = fake_int(f, 7);
	fake_set(f, list, FIELD_object_type, list);
	assert_plain(list, "<unreadable object at 0x%: corrupt>");
}
END_TEST

START_TEST(repr_of_instances_is_plain)
{
	uint64_t class, object;

	f = fake_create(_i);
	class = fake_class(f, &(struct fake_class){.name = "Thing", .module = "app", .has_dict = true});
	assert_plain(fake_instance_of(f, class, NULL, 0), "<app.Thing at 0x%>");
	class = fake_class(
		f, &(struct fake_class){.name = "MyList", .module = "app", .base = fake_type(f, "list")});
	object = fake_list_of(f, NULL, 0);
	fake_set(f, object, FIELD_object_type, class);
	assert_plain(object, "<app.MyList at 0x%>");
	assert_plain(fake_object(f, fake_type(f, "ext.Blob"), 48), "<ext.Blob at 0x%>");
	class = fake_class(f, &(struct fake_class){.name = "Evil\x1b[2J", .module = "a\nb"});
	assert_plain(fake_object(f, class, 16), "<a\\nb.Evil\\x1b[2J at 0x%>");
}
END_TEST

START_TEST(repr_of_exceptions_is_the_call)
{
	uint64_t one, object;

	f = fake_create(_i);
	one = fake_int(f, 1);
	assert_repr(fake_exception(f, "ValueError", fake_tuple(f, fake_str(f, "bad"))), "ValueError('bad')");
	assert_repr(fake_exception(f, "KeyError", fake_tuple(f, one, one)), "KeyError(1, 1)");
	assert_repr(fake_exception(f, "CancelledError", fake_tuple_of(f, NULL, 0)), "CancelledError()");
	assert_repr(fake_exception(f, "OSError", 0), "OSError(?)");
	assert_repr(fake_exception(f, "OSError", FAKE_LOST), "OSError(?)");
	object = fake_exception(f, "Own", fake_tuple(f, one));
	fake_set(f, object, FIELD_exception_args, fake_tuple(f, object));
	assert_repr(object, "Own(Own(...))");
}
END_TEST

START_TEST(repr_of_functions_and_their_like)
{
	uint64_t code, function, gen, class;

	f = fake_create(_i);
	code = fake_code(f, &(struct fake_code){.name = "run", .qualname = "Job.run"});
	function = fake_function(f, "Job.run", code, 0);
	assert_plain(function, "<function Job.run at 0x%>");
	gen = fake_generator(f, &(struct fake_generator){.code = code, .state = GEN_CREATED});
	assert_plain(gen, "<coroutine Job.run at 0x%>");
	fake_set(f, gen, FIELD_gen_qualname, FAKE_LOST);
	assert_plain(gen, "<coroutine ? at 0x%>");
	assert_repr(fake_method(f, function, fake_none(f)), "<bound method Job.run of None>");
	assert_repr(fake_cfunction(f, "task_wakeup", 0), "<built-in function task_wakeup>");
	class = fake_class(f, &(struct fake_class){.name = "Job", .module = "app"});
	assert_repr(class, "<class 'app.Job'>");
	assert_repr(fake_type(f, "list"), "<class 'list'>");
	assert_repr(fake_module(f, fake_dict(f, fake_str(f, "__name__"), fake_str(f, "app.jobs"))),
		"<module 'app.jobs'>");
	assert_repr(fake_holder(f, "ContextVar", FIELD_contextvar_name, fake_str(f, "user")),
		"<ContextVar name='user'>");
}
END_TEST

START_TEST(repr_of_damaged_functions_is_plain)
{
	uint64_t object;

	f = fake_create(_i);
	object = fake_method(f, FAKE_LOST, fake_none(f));
	assert_plain(object, "<method at 0x%>");
	object = fake_cfunction(f, "x", 0);
	fake_set(f, object, FIELD_cfunction_def, 0);
	assert_plain(object, "<builtin_function_or_method at 0x%>");
	object = fake_module(f, FAKE_LOST);
	assert_plain(object, "<module at 0x%>");
	object = fake_function(f, "a", 0, 0);
	fake_set(f, object, FIELD_function_qualname, 0);
	assert_plain(object, "<function ? at 0x%>");
	object = fake_method(f, fake_function(f, "a", 0, 0), 0);
	fake_set(f, object, FIELD_method_self, object); /* bound to itself */
	assert_repr(object, "<bound method a of <bound method>>");
}
END_TEST

Suite *suite_py_repr(void)
{
	Suite *suite = suite_create("py_repr");
	TCase *tc = tcase_create("py_repr");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, repr_of_strings_quotes_as_python_does, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, repr_of_bytes_quotes_as_python_does, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, repr_of_floats_is_the_shortest_that_reads_back, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, repr_of_other_numbers_and_constants, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, repr_of_containers_is_nested, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, repr_of_a_cycle_ends_as_python_ends_it, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, repr_of_deep_nesting_is_cut, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, repr_is_cut_at_the_limit_and_says_what_is_missing, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, repr_of_a_wrong_length_never_tells_of_less_than_nothing, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, repr_of_what_cannot_be_read_says_so, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, repr_of_instances_is_plain, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, repr_of_exceptions_is_the_call, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, repr_of_functions_and_their_like, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, repr_of_damaged_functions_is_plain, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
