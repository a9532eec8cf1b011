/* Generators, coroutines and async generators, their states and what they await. */
#include "inspector/python/generator.h"
#include "tests/unit/fake_python.h"

#include <string.h>

Suite *suite_py_generator(void);

static struct fake *f;

static void teardown(void)
{
	fake_destroy(f);
	f = NULL;
}

static uint64_t make(const char *type, enum gen_state state, uint64_t awaits)
{
	uint64_t code = fake_code(f, &(struct fake_code){.name = "f", .locals = {"x"}});

	return fake_generator(f, &(struct fake_generator){.type = type,
					 .state = state,
					 .code = code,
					 .awaits = awaits,
					 .locals = {f->py->none},
					 .local_count = 1,
					 .origin = FAKE_NOWHERE});
}

static struct pygen read_generator(uint64_t object)
{
	struct error err = ERROR_INIT;
	struct pygen gen;

	ck_assert_msg(pygen_read(f->py, object, &gen, &err), "%s", err.text);
	return gen;
}

START_TEST(generator_state_is_told)
{
	static const char *const types[] = {"generator", "coroutine", "async_generator"};
	static const enum type_kind kinds[] = {KIND_GENERATOR, KIND_COROUTINE, KIND_ASYNCGEN};

	f = fake_create(_i);
	for (int t = 0; t < 3; t++) {
		for (int state = GEN_CREATED; state <= GEN_CLOSED; state++) {
			struct pygen gen = read_generator(make(types[t], state, 0));

			ck_assert_int_eq(gen.state, state);
			ck_assert_int_eq(gen.kind, kinds[t]);
			ck_assert_uint_eq(gen.origin, t == 1 ? FAKE_NOWHERE : 0);
			ck_assert_str_eq(pygen_qualname(f->py, &gen), "f");
		}
	}
	ck_assert_int_eq(read_generator(make("coroutine", GEN_SUSPENDED, f->py->none)).state, GEN_SUSPENDED);
}
END_TEST

START_TEST(generator_of_an_impossible_state_is_refused)
{
	struct error err = ERROR_INIT;
	struct pygen gen;
	uint64_t object;

	f = fake_create(_i);
	object = make("coroutine", GEN_CREATED, 0);
	for (int raw = -128; raw < 128; raw++) {
		bool is_possible = raw >= (_i == FAKE_313 ? -3 : -2) && raw <= 4;

		fake_set(f, object, FIELD_gen_state, (uint64_t)(int64_t)raw);
		err = (struct error)ERROR_INIT;
		ck_assert_int_eq(pygen_read(f->py, object, &gen, &err), is_possible);
		if (!is_possible)
			fake_assert_error(err, ERROR_CORRUPT, object);
	}
}
END_TEST

START_TEST(generator_that_is_none_is_refused)
{
	struct error err = ERROR_INIT;
	struct pygen gen;
	uint64_t object;

	f = fake_create(_i);
	ck_assert(!pygen_read(f->py, 0, &gen, &err));
	fake_assert_error(err, ERROR_UNMAPPED, 8);
	ck_assert(!pygen_read(f->py, FAKE_LOST, &gen, &err));
	fake_assert_error(err, ERROR_NOT_SAVED, FAKE_LOST + 8);
	object = fake_list_of(f, NULL, 0);
	ck_assert(!pygen_read(f->py, object, &gen, &err));
	fake_assert_error(err, ERROR_CORRUPT, object);
	object = FAKE_UNMAPPED - 40;
	fake_set(f, object, FIELD_object_type, fake_type(f, "coroutine"));
	ck_assert(!pygen_read(f->py, object, &gen, &err));
	ck_assert_int_eq(err.kind, ERROR_UNMAPPED);
	ck_assert_uint_ge(err.address, FAKE_UNMAPPED);
	object = make("coroutine", GEN_CREATED, 0);
	fake_set(f, object, FIELD_gen_qualname, FAKE_LOST);
	gen = read_generator(object);
	ck_assert_ptr_null(pygen_qualname(f->py, &gen));
}
END_TEST

START_TEST(generator_frame_is_inside_until_it_is_closed)
{
	struct error err = ERROR_INIT;
	struct pyframe frame;
	struct pygen gen;
	uint64_t object;

	f = fake_create(_i);
	object = make("coroutine", GEN_SUSPENDED, 0);
	gen = read_generator(object);
	ck_assert(pygen_frame(f->py, &gen, &frame, NULL));
	ck_assert_uint_eq(pyframe_local(f->py, &frame, "x"), f->py->none);
	ck_assert_uint_eq(pygen_of_frame(f->py, &frame), object);
	fake_set(f, gen.frame, FIELD_frame_owner, 0); /* the thread's */
	ck_assert(pygen_frame(f->py, &gen, &frame, NULL));
	ck_assert_uint_eq(pygen_of_frame(f->py, &frame), 0);
	fake_set(f, gen.frame, FIELD_frame_owner,
		3 + (_i == FAKE_311)); /* the interpreter's own, without code */
	ck_assert(!pygen_frame(f->py, &gen, &frame, &err));
	fake_assert_error(err, ERROR_CORRUPT, object);
	gen = read_generator(make("coroutine", GEN_CLOSED, 0));
	ck_assert(!pygen_frame(f->py, &gen, &frame, &err));
	ck_assert_int_eq(err.kind, ERROR_NOT_FOUND);
}
END_TEST

static uint64_t awaited_by(uint64_t object)
{
	struct pygen gen = read_generator(object);
	struct error err = ERROR_INIT;
	uint64_t awaited = 7;

	ck_assert_msg(pygen_awaited(f->py, &gen, &awaited, &err), "%s", err.text);
	return awaited;
}

START_TEST(generator_awaits_what_lies_on_its_stack)
{
	uint64_t inner;

	f = fake_create(_i);
	inner = make("coroutine", GEN_CREATED, 0);
	ck_assert_uint_eq(awaited_by(make("coroutine", GEN_SUSPENDED, inner)), inner);
	ck_assert_uint_eq(awaited_by(make("generator", GEN_SUSPENDED, inner)), inner);
	ck_assert_uint_eq(awaited_by(make("async_generator", GEN_SUSPENDED, inner)), inner);
}
END_TEST

START_TEST(generator_in_a_yield_or_another_state_awaits_nothing)
{
	f = fake_create(_i);
	ck_assert_uint_eq(awaited_by(make("generator", GEN_SUSPENDED, 0)), 0);
	ck_assert_uint_eq(awaited_by(make("coroutine", GEN_CREATED, 0)), 0);
	ck_assert_uint_eq(awaited_by(make("coroutine", GEN_RUNNING, 0)), 0);
	ck_assert_uint_eq(awaited_by(make("coroutine", GEN_CLOSED, 0)), 0);
}
END_TEST

/* 3.11 and 3.12: the argument of the RESUME behind the frame's instruction tells. */
START_TEST(generator_awaits_by_the_argument_of_resume)
{
	static const uint8_t opcodes[2][5] = {{151, 150}, {151, 240, 253, 254}};
	uint64_t object, code, unit;

	f = fake_create(_i);
	object = make("coroutine", GEN_SUSPENDED, f->py->none);
	code = fake_get(f, read_generator(object).frame, FIELD_frame_code);
	unit = code + python_field(f->py, FIELD_code_bytecode)->offset + 10;
	for (int opcode = 0; opcode < 256; opcode++) {
		for (int argument = 0; argument < 5; argument++) {
			const uint8_t bytes[2] = {(uint8_t)opcode, (uint8_t)argument};
			bool is_resume = opcode && memchr(opcodes[_i], opcode, sizeof(opcodes[_i]));

			fake_write(f, unit, bytes, 2);
			ck_assert_uint_eq(awaited_by(object), is_resume && argument >= 2 ? f->py->none : 0);
		}
	}
}
END_TEST

START_TEST(generator_that_awaits_with_an_empty_stack_is_corrupt)
{
	struct error err = ERROR_INIT;
	struct pygen gen;
	uint64_t object, awaited;

	f = fake_create(_i);
	object = make("coroutine", GEN_SUSPENDED, f->py->none);
	gen = read_generator(object);
	fake_set(f, gen.frame, FIELD_frame_stacktop, 1); /* its local only */
	ck_assert(!pygen_awaited(f->py, &gen, &awaited, &err));
	fake_assert_error(err, ERROR_CORRUPT, object);
	fake_set(f, gen.frame, FIELD_frame_stacktop, UINT32_MAX);
	ck_assert(!pygen_awaited(f->py, &gen, &awaited, &err));
	fake_assert_error(err, ERROR_CORRUPT, object);
}
END_TEST

START_TEST(generator_whose_frame_is_damaged_awaits_nothing_known)
{
	static const uint64_t wrong[] = {0, FAKE_LOST, FAKE_NOWHERE, UINT64_MAX};
	struct error err;
	struct pygen gen;
	uint64_t awaited;

	f = fake_create(_i);
	gen = read_generator(make("coroutine", GEN_SUSPENDED, f->py->none));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		fake_set(f, gen.frame, FIELD_frame_instruction, wrong[i]);
		err = (struct error)ERROR_INIT;
		ck_assert(!pygen_awaited(f->py, &gen, &awaited, &err));
		ck_assert_int_ne(err.kind, ERROR_NONE);
	}
	gen = read_generator(make("coroutine", GEN_SUSPENDED, f->py->none));
	fake_set(f, gen.frame, FIELD_frame_code, FAKE_LOST);
	ck_assert(!pygen_awaited(f->py, &gen, &awaited, &err));
	ck_assert_int_eq(err.kind, ERROR_NOT_SAVED);
}
END_TEST

Suite *suite_py_generator(void)
{
	Suite *suite = suite_create("py_generator");
	TCase *tc = tcase_create("py_generator");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, generator_state_is_told, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, generator_of_an_impossible_state_is_refused, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, generator_that_is_none_is_refused, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, generator_frame_is_inside_until_it_is_closed, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, generator_awaits_what_lies_on_its_stack, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, generator_in_a_yield_or_another_state_awaits_nothing, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, generator_awaits_by_the_argument_of_resume, 0, FAKE_313);
	tcase_add_loop_test(tc, generator_that_awaits_with_an_empty_stack_is_corrupt, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, generator_whose_frame_is_damaged_awaits_nothing_known, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
