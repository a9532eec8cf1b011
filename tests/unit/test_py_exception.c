/* What an exception says, and a function's closure. */
#include "inspector/python/closure.h"
#include "inspector/python/exception.h"
#include "tests/unit/fake_python.h"

Suite *suite_py_exception(void);

static struct fake *f;

static void teardown(void)
{
	fake_destroy(f);
	f = NULL;
}

static uint64_t exception_of(const char *class, const char *text)
{
	return fake_exception(f, class, fake_tuple(f, fake_str(f, text)));
}

START_TEST(text_is_the_only_argument)
{
	f = fake_create(_i);
	ck_assert_str_eq(pyexception_text(f->py, exception_of("KeyError", "user"), 10), "user");
	ck_assert_str_eq(pyexception_text(f->py, exception_of("KeyError", "user"), 2), "us...");
	ck_assert_ptr_null(pyexception_text(
		f->py, fake_exception(f, "OSError", fake_tuple(f, fake_int(f, 2), fake_str(f, "none"))), 10));
	ck_assert_ptr_null(
		pyexception_text(f->py, fake_exception(f, "OSError", fake_tuple(f, fake_int(f, 2))), 10));
	ck_assert_ptr_null(pyexception_text(f->py, fake_exception(f, "OSError", FAKE_LOST), 10));
	ck_assert_ptr_null(pyexception_text(f->py, FAKE_NOWHERE, 10));
}
END_TEST

START_TEST(origin_is_the_cause_before_the_context)
{
	uint64_t first, second, third;

	f = fake_create(_i);
	first = exception_of("KeyError", "first");
	second = exception_of("ValueError", "second");
	third = exception_of("OSError", "third");
	fake_set(f, second, FIELD_ref_exception_context, first);
	ck_assert_uint_eq(pyexception_origin(f->py, second), first);
	ck_assert_uint_eq(pyexception_origin(f->py, first), 0);
	fake_set(f, third, FIELD_ref_exception_context, first);
	fake_set(f, third, FIELD_ref_exception_cause, second);
	ck_assert_uint_eq(pyexception_origin(f->py, third), second);
	ck_assert(pyexception_has(f->py, third, "KeyError"));
	ck_assert(pyexception_has(f->py, third, "OSError"));
	ck_assert(!pyexception_has(f->py, first, "OSError"));
	ck_assert(!pyexception_has(f->py, first, "BaseException2"));
	ck_assert(!pyexception_has(f->py, 0, "OSError"));
	ck_assert(!pyexception_has(f->py, fake_str(f, "no exception"), "str"));
}
END_TEST

START_TEST(exceptions_in_a_circle_end)
{
	uint64_t first, second;

	f = fake_create(_i);
	first = exception_of("KeyError", "first");
	second = exception_of("ValueError", "second");
	fake_set(f, second, FIELD_ref_exception_context, first);
	fake_set(f, first, FIELD_ref_exception_context, second);
	ck_assert(!pyexception_has(f->py, first, "OSError"));
	fake_set(f, first, FIELD_ref_exception_context, FAKE_LOST);
	ck_assert(!pyexception_has(f->py, first, "OSError"));
}
END_TEST

static uint64_t function_with(const char *qualname, const char *variable, uint64_t cell)
{
	uint64_t code = fake_code(f, &(struct fake_code){.name = "inner",
					     .qualname = qualname,
					     .locals = {"argument", variable},
					     .kinds = (const uint8_t[]){0x20, 0x80}});

	return fake_function(f, qualname, code, cell ? fake_tuple(f, cell) : 0);
}

START_TEST(closure_variable_is_found_by_function_and_name)
{
	uint64_t value, function;

	f = fake_create(_i);
	value = fake_str(f, "value");
	function = function_with("outer.<locals>.inner", "kept", fake_cell(f, value));
	ck_assert_uint_eq(pyclosure_variable(f->py, function, "outer.<locals>.inner", "kept"), value);
	ck_assert_uint_eq(pyclosure_variable(f->py, function, "outer.<locals>.inner", "argument"), 0);
	ck_assert_uint_eq(pyclosure_variable(f->py, function, "other.<locals>.inner", "kept"), 0);
	ck_assert_uint_eq(pyclosure_variable(f->py, value, "outer.<locals>.inner", "kept"), 0);
	function = function_with("outer.<locals>.inner", "kept", 0);
	ck_assert_uint_eq(pyclosure_variable(f->py, function, "outer.<locals>.inner", "kept"), 0);
	function = function_with("outer.<locals>.inner", "kept", FAKE_LOST);
	ck_assert_uint_eq(pyclosure_variable(f->py, function, "outer.<locals>.inner", "kept"), 0);
}
END_TEST

Suite *suite_py_exception(void)
{
	Suite *suite = suite_create("py_exception");
	TCase *tc = tcase_create("py_exception");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, text_is_the_only_argument, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, origin_is_the_cause_before_the_context, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, exceptions_in_a_circle_end, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, closure_variable_is_found_by_function_and_name, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
