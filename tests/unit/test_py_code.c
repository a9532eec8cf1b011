/* Code objects, their line tables, and frames. */
#include "inspector/python/code.h"
#include "inspector/python/frame.h"
#include "tests/unit/fake_python.h"

#include <string.h>

Suite *suite_py_code(void);

static struct fake *f;

static void teardown(void)
{
	fake_destroy(f);
	f = NULL;
}

/* The first byte of an entry of the location table: its code and how many units it covers. */
#define ENTRY(code, units) (0x80 | (code) << 3 | ((units)-1))
#define SHORT(n)	   ENTRY(n, 1) /* 0 to 9: same line */
#define ONE_LINE(delta)	   ENTRY(10 + (delta), 1)
#define NO_COLUMNS	   ENTRY(13, 1)
#define LONG		   ENTRY(14, 1)
#define NO_LINE		   ENTRY(15, 1)

static const struct pycode *code_with(const uint8_t *table, size_t size)
{
	struct error err = ERROR_INIT;
	uint64_t object = fake_code(
		f, &(struct fake_code){
			   .name = "f", .firstlineno = 100, .linetable = table, .linetable_size = size});
	const struct pycode *code = pycode_at(f->py, object, &err);

	ck_assert_msg(code != NULL, "%s", err.text);
	return code;
}

START_TEST(lines_of_every_form_of_entry)
{
	static const uint8_t table[] = {
		SHORT(0), 0x12,		       /* 100 */
		SHORT(9), 0x7f,		       /* 100 */
		ONE_LINE(0), 5, 9,	       /* 100 */
		ONE_LINE(1), 0x7f, 0x7f,       /* 101 */
		ONE_LINE(2), 1, 2,	       /* 103 */
		NO_COLUMNS, 3,		       /* - 1: 102 */
		NO_COLUMNS, 2,		       /* + 1: 103 */
		LONG, 0x40 | 0x28, 1, 3, 2, 7, /* + (1 << 6 | 0x28) >> 1 = 52: 155 */
		NO_LINE,		       /* none */
		LONG, 0x40 | 0x29, 1, 0, 0, 0, /* - 52: 103 */
	};
	static const uint32_t lines[] = {100, 100, 100, 101, 103, 102, 103, 155, 0, 103};
	const struct pycode *code;

	f = fake_create(_i);
	code = code_with(table, sizeof(table));
	for (int unit = 0; unit < 10; unit++) {
		ck_assert_uint_eq(pycode_line(code, 2 * unit), lines[unit]);
		ck_assert_uint_eq(pycode_line(code, 2 * unit + 1), lines[unit]);
	}
	ck_assert_uint_eq(pycode_line(code, -2), 100); /* before the first */
	ck_assert_uint_eq(pycode_line(code, INT64_MIN), 100);
	ck_assert_uint_eq(pycode_line(code, 20), 0); /* behind the last */
	ck_assert_uint_eq(pycode_line(code, INT64_MAX), 0);
}
END_TEST

START_TEST(lines_of_entries_that_cover_several_units)
{
	static const uint8_t table[] = {
		ENTRY(13, 8), 0, ENTRY(11, 3), 0, 0, ENTRY(15, 2), ENTRY(12, 1), 0, 0};
	const struct pycode *code;

	f = fake_create(_i);
	code = code_with(table, sizeof(table));
	ck_assert_uint_eq(pycode_line(code, 0), 100);
	ck_assert_uint_eq(pycode_line(code, 15), 100);
	ck_assert_uint_eq(pycode_line(code, 16), 101);
	ck_assert_uint_eq(pycode_line(code, 21), 101);
	ck_assert_uint_eq(pycode_line(code, 22), 0);
	ck_assert_uint_eq(pycode_line(code, 26), 103);
}
END_TEST

START_TEST(lines_of_a_cut_table_do_not_harm)
{
	static const uint8_t table[] = {LONG, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f};

	f = fake_create(_i);
	for (size_t size = 0; size <= sizeof(table); size++) {
		const struct pycode *code = code_with(table, size);

		for (int64_t at = -2; at < 40; at++)
			pycode_line(code, at);
	}
	/* Without the byte that starts an entry: each is taken for one. */
	pycode_line(code_with((const uint8_t[]){0, 1, 2, 3}, 4), 30);
	ck_assert_uint_eq(pycode_line(code_with(table, 0), 0), 0);
}
END_TEST

START_TEST(lines_out_of_range_are_unknown)
{
	static const uint8_t down[] = {NO_COLUMNS, 0x7f, 0x7f, 0x3f}; /* far below the first line of a file */
	static const uint8_t up[] = {NO_COLUMNS, 0x7e, 0x7f, 0x7f, 0x7f, 0x7f, 0x03};

	f = fake_create(_i);
	ck_assert_uint_eq(pycode_line(code_with(down, sizeof(down)), 0), 0);
	pycode_line(code_with(up, sizeof(up)), 0);
}
END_TEST

START_TEST(line_table_that_is_no_bytes_is_no_table)
{
	static const uint64_t wrong[] = {0, FAKE_LOST, FAKE_UNMAPPED - 40, FAKE_NOWHERE};
	uint64_t object;

	f = fake_create(_i);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		object = fake_code(f, &(struct fake_code){.name = "f", .locals = {"a"}});
		fake_set(f, object, FIELD_code_linetable, wrong[i]);
		fake_set(f, object, FIELD_code_localspluskinds, wrong[i]);
		ck_assert_uint_eq(pycode_line(pycode_at(f->py, object, NULL), 0), 0);
		ck_assert(!pycode_is_local(pycode_at(f->py, object, NULL), 0));
	}
	object = fake_code(f, &(struct fake_code){.name = "f"});
	fake_set(f, fake_get(f, object, FIELD_code_linetable), FIELD_var_size, UINT64_MAX);
	ck_assert_ptr_null(pycode_at(f->py, object, NULL)->linetable);
}
END_TEST

START_TEST(code_names_are_read_or_replaced)
{
	const struct pycode *code;
	uint64_t object;

	f = fake_create(_i);
	object = fake_code(
		f, &(struct fake_code){.name = "run", .qualname = "Job.run", .file = "/app/jobs.py"});
	code = pycode_at(f->py, object, NULL);
	ck_assert_str_eq(code->name, "run");
	ck_assert_str_eq(code->qualname, "Job.run");
	ck_assert_str_eq(code->filename, "/app/jobs.py");
	ck_assert_uint_eq(code->firstlineno, 10);
	ck_assert_uint_eq(code->bytecode_size, 2 * FAKE_UNITS);
	ck_assert_ptr_eq(code, pycode_at(f->py, object, NULL));
	object = fake_code(f, &(struct fake_code){.name = "run"});
	fake_set(f, object, FIELD_code_qualname, FAKE_LOST);
	fake_set(f, object, FIELD_code_filename, object);
	code = pycode_at(f->py, object, NULL);
	ck_assert_str_eq(code->qualname, "?");
	ck_assert_str_eq(code->filename, "?");
}
END_TEST

static void assert_no_code(uint64_t object, enum error_kind kind, uint64_t address)
{
	struct error err = ERROR_INIT;

	ck_assert_ptr_null(pycode_at(f->py, object, &err));
	fake_assert_error(err, kind, address);
}

START_TEST(code_that_is_none_is_refused)
{
	uint64_t object;

	f = fake_create(_i);
	assert_no_code(0, ERROR_UNMAPPED, 8);
	assert_no_code(FAKE_LOST, ERROR_NOT_SAVED, FAKE_LOST + 8);
	object = fake_str(f, "code");
	assert_no_code(object, ERROR_CORRUPT, object);
	object = fake_code(f, &(struct fake_code){.name = "f"});
	fake_set(f, object, FIELD_code_nlocalsplus, UINT32_MAX);
	assert_no_code(object, ERROR_CORRUPT, object);
	object = fake_code(f, &(struct fake_code){.name = "f"});
	fake_set(f, object, FIELD_code_stacksize, (uint32_t)INT32_MIN);
	assert_no_code(object, ERROR_CORRUPT, object);
	fake_next_ends(f, FAKE_UNMAPPED, 48);
	object = fake_code(f, &(struct fake_code){.name = "f"});
	assert_no_code(object, ERROR_UNMAPPED, FAKE_UNMAPPED);
}
END_TEST

START_TEST(code_locals_have_names_and_kinds)
{
	static const uint8_t kinds[] = {0x20, 0x60, 0x40, 0x80, 0x30, 0x80};
	const struct pycode *code;

	f = fake_create(_i);
	code = pycode_at(f->py,
		fake_code(f, &(struct fake_code){.name = "f",
				     .locals = {"plain", "argument", "cell", "free", "hidden", "other"},
				     .kinds = kinds}),
		NULL);
	ck_assert_uint_eq(code->nlocalsplus, 6);
	ck_assert_str_eq(pycode_local_name(f->py, code, 2), "cell");
	ck_assert_ptr_null(pycode_local_name(f->py, code, 6));
	ck_assert(pycode_is_local(code, 0) && !pycode_is_cell(code, 0));
	ck_assert(pycode_is_local(code, 1) && pycode_is_cell(code, 1));
	ck_assert(pycode_is_free(code, 3) && pycode_is_hidden(code, 4));
	ck_assert(!pycode_is_free(code, 6) && !pycode_is_free(code, UINT32_MAX));
	ck_assert_str_eq(pycode_free_name(f->py, code, 1), "other");
	ck_assert_ptr_null(pycode_free_name(f->py, code, 2));
}
END_TEST

/* Frames ----------------------------------------------------------------------------------------------- */

static uint64_t code_of_two(void)
{
	return fake_code(f, &(struct fake_code){.name = "f",
				    .locals = {"a", "b"},
				    .kinds = (const uint8_t[]){0x20, 0x40},
				    .firsttraceable = 2});
}

static bool read_frame(uint64_t address, struct pyframe *frame, struct error *err)
{
	*err = (struct error)ERROR_INIT;
	return pyframe_read(f->py, address, frame, err);
}

START_TEST(frame_gives_its_slots_and_variables)
{
	uint64_t one, slots[3];
	struct pyframe frame;
	struct error err;

	f = fake_create(_i);
	one = fake_int(f, 1);
	slots[0] = f->py->none;
	slots[1] = fake_cell(f, one);
	slots[2] = one;
	ck_assert(read_frame(fake_frame(f, &(struct fake_frame){.code = code_of_two(),
						   .lasti = 8,
						   .slots = slots,
						   .slot_count = 3,
						   .stacktop = 3,
						   .previous = FAKE_NOWHERE,
						   .function = one}),
		&frame, &err));
	ck_assert_uint_eq(frame.slots, 3);
	ck_assert_int_eq(frame.lasti, 8);
	ck_assert_uint_eq(frame.previous, FAKE_NOWHERE);
	ck_assert_uint_eq(frame.function, one);
	ck_assert_int_eq(frame.owner, FRAME_BY_THREAD);
	ck_assert_uint_eq(pyframe_line(&frame), 10);
	ck_assert_uint_eq(pyframe_slot(f->py, &frame, 1), slots[1]);
	ck_assert_uint_eq(pyframe_slot(f->py, &frame, 2), one);
	ck_assert_uint_eq(pyframe_slot(f->py, &frame, 3), 0);
	ck_assert_uint_eq(pyframe_variable(f->py, &frame, 1), one); /* through the cell */
	ck_assert_uint_eq(pyframe_local(f->py, &frame, "a"), f->py->none);
	ck_assert_uint_eq(pyframe_local(f->py, &frame, "b"), one);
	ck_assert_uint_eq(pyframe_local(f->py, &frame, "c"), 0);
}
END_TEST

/* What one by one gives, of a frame that is made by hand. */
static void assert_variables(const struct pyframe *frame)
{
	uint32_t locals = frame->code ? frame->code->nlocalsplus : 0;
	struct variable_iter iter;
	uint64_t value;

	variable_open(f->py, frame, &iter);
	for (uint32_t i = 0; i < locals; i++) {
		uint64_t expected = pyframe_variable(f->py, frame, i);

		if (!expected)
			continue;
		ck_assert(variable_next(&iter, &value));
		ck_assert_uint_eq(iter.slot, i);
		ck_assert_uint_eq(value, expected);
	}
	ck_assert(!variable_next(&iter, &value));
}

START_TEST(frame_variables_come_one_after_another)
{
	struct pycode code = {.nlocalsplus = 70};
	struct pyframe frame = {.code = &code, .slots = 75};
	uint64_t values[75], slots[3];
	struct error err;

	f = fake_create(_i);
	for (uint64_t i = 0; i < 75; i++)
		values[i] = i % 3 == 1 || (i > 30 && i < 66) ? 0 : fake_int(f, i);
	frame.localsplus = fake_tuple_of(f, values, 75) + python_field(f->py, FIELD_tuple_items)->offset;
	assert_variables(&frame);
	for (uint32_t i = 0; i < 75; i++) {
		frame.slots = i;
		assert_variables(&frame);
		frame.slots = 75;
		code.nlocalsplus = i;
		assert_variables(&frame);
	}
	code.nlocalsplus = 70;
	frame.localsplus = FAKE_NOWHERE;
	assert_variables(&frame);
	frame.code = NULL;
	assert_variables(&frame);
	slots[0] = f->py->none;
	slots[1] = fake_cell(f, values[0]);
	slots[2] = values[0];
	ck_assert(read_frame(
		fake_frame(f,
			&(struct fake_frame){
				.code = code_of_two(), .slots = slots, .slot_count = 3, .stacktop = 3}),
		&frame, &err));
	assert_variables(&frame);
}
END_TEST

START_TEST(frame_variable_of_a_cell_that_is_not_made_yet_is_the_value)
{
	uint64_t one, slots[2];
	struct pyframe frame;
	struct error err;

	f = fake_create(_i);
	one = fake_int(f, 1);
	slots[0] = 0;
	slots[1] = one;
	ck_assert(read_frame(
		fake_frame(f,
			&(struct fake_frame){
				.code = code_of_two(), .slots = slots, .slot_count = 2, .stacktop = 2}),
		&frame, &err));
	ck_assert_uint_eq(pyframe_variable(f->py, &frame, 1), one);
	ck_assert_uint_eq(pyframe_variable(f->py, &frame, 0), 0);
	fake_word(f, frame.localsplus + 8, FAKE_LOST);
	ck_assert_uint_eq(pyframe_variable(f->py, &frame, 1), FAKE_LOST);
	fake_word(f, frame.localsplus + 8, fake_cell(f, 0)); /* an empty cell */
	ck_assert_uint_eq(pyframe_variable(f->py, &frame, 1), 0);
}
END_TEST

START_TEST(frame_that_executes_shows_its_locals_only)
{
	uint64_t slots[3];
	struct pyframe frame;
	struct error err;

	f = fake_create(_i);
	slots[0] = slots[1] = slots[2] = f->py->none;
	ck_assert(read_frame(
		fake_frame(f,
			&(struct fake_frame){
				.code = code_of_two(), .slots = slots, .slot_count = 3, .stacktop = -1}),
		&frame, &err));
	ck_assert_uint_eq(frame.slots, 2);
	ck_assert_uint_eq(pyframe_slot(f->py, &frame, 2), 0);
}
END_TEST

START_TEST(frame_with_an_impossible_stack_is_refused)
{
	static const int tops[] = {11, 1000, INT32_MAX};
	struct pyframe frame;
	struct error err;
	uint64_t at;

	f = fake_create(_i);
	at = fake_frame(f, &(struct fake_frame){.code = code_of_two(), .stacktop = 10});
	ck_assert(read_frame(at, &frame, &err)); /* 2 locals and a stack of 8 */
	for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++) {
		at = fake_frame(f, &(struct fake_frame){.code = code_of_two(), .stacktop = tops[i]});
		ck_assert(!read_frame(at, &frame, &err));
		fake_assert_error(err, ERROR_CORRUPT, at);
	}
	at = fake_frame(f, &(struct fake_frame){.code = code_of_two(), .stacktop = INT32_MIN});
	ck_assert(read_frame(at, &frame, &err) && frame.slots == 2);
}
END_TEST

START_TEST(frame_whose_instruction_is_outside_of_its_code_is_refused)
{
	static const int outside[] = {-18, 2 * FAKE_UNITS + 2, 1 << 20, INT32_MIN, INT32_MAX};
	struct pyframe frame;
	struct error err;
	uint64_t at;

	f = fake_create(_i);
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		at = fake_frame(f, &(struct fake_frame){.code = code_of_two(), .lasti = outside[i]});
		ck_assert(!read_frame(at, &frame, &err));
		fake_assert_error(err, ERROR_CORRUPT, at);
	}
	at = fake_frame(f, &(struct fake_frame){.code = code_of_two(), .lasti = -2});
	ck_assert(read_frame(at, &frame, &err));
	ck_assert(!pyframe_is_complete(&frame));
	fake_set(f, at, FIELD_frame_instruction, 0);
	ck_assert(!read_frame(at, &frame, &err));
}
END_TEST

START_TEST(frame_is_complete_from_its_first_traceable_instruction_on)
{
	struct pyframe frame;
	struct error err;

	f = fake_create(_i);
	ck_assert(read_frame(
		fake_frame(f, &(struct fake_frame){.code = code_of_two(), .lasti = 2}), &frame, &err));
	ck_assert(!pyframe_is_complete(&frame)); /* firsttraceable is in units */
	ck_assert(read_frame(
		fake_frame(f, &(struct fake_frame){.code = code_of_two(), .lasti = 4}), &frame, &err));
	ck_assert(pyframe_is_complete(&frame));
	ck_assert(
		read_frame(fake_frame(f, &(struct fake_frame){.code = code_of_two(), .lasti = 2, .owner = 1}),
			&frame, &err));
	ck_assert(pyframe_is_complete(&frame));
	ck_assert_int_eq(frame.owner, FRAME_BY_GENERATOR);
}
END_TEST

START_TEST(frame_of_the_interpreter_itself_has_no_code)
{
	struct pyframe frame;
	struct error err;

	f = fake_create(_i);
	for (int owner = 3; owner < 256; owner += 63) {
		ck_assert(read_frame(
			fake_frame(f, &(struct fake_frame){.owner = owner, .previous = 8}), &frame, &err));
		ck_assert_int_eq(frame.owner, FRAME_BY_C);
		ck_assert_ptr_null(frame.code);
		ck_assert_uint_eq(frame.previous, 8);
		ck_assert(!pyframe_is_complete(&frame));
		ck_assert_uint_eq(pyframe_line(&frame), 0);
		ck_assert_uint_eq(pyframe_local(f->py, &frame, "a"), 0);
	}
}
END_TEST

START_TEST(frame_that_is_not_there_is_refused)
{
	struct pyframe frame;
	struct error err;
	uint64_t at, code;

	f = fake_create(_i);
	ck_assert(!read_frame(0, &frame, &err));
	fake_assert_error(err, ERROR_UNMAPPED, 0);
	ck_assert(!read_frame(FAKE_LOST, &frame, &err));
	fake_assert_error(err, ERROR_NOT_SAVED, FAKE_LOST);
	ck_assert(!read_frame(FAKE_UNMAPPED - 71, &frame, &err));
	fake_assert_error(err, ERROR_UNMAPPED, FAKE_UNMAPPED);
	at = fake_frame(f, &(struct fake_frame){.code = f->py->none});
	ck_assert(!read_frame(at, &frame, &err));
	fake_assert_error(err, ERROR_CORRUPT, f->py->none);
	/* Its slots are cut: those that are there are given. */
	code = code_of_two();
	fake_next_ends(f, FAKE_UNMAPPED, 8);
	at = fake_frame(
		f, &(struct fake_frame){
			   .code = code, .slots = FAKE_LIST(f->py->none, f->py->none), .stacktop = 2});
	ck_assert(read_frame(at, &frame, &err));
	ck_assert_uint_eq(pyframe_slot(f->py, &frame, 0), f->py->none);
	ck_assert_uint_eq(pyframe_slot(f->py, &frame, 1), 0);
}
END_TEST

Suite *suite_py_code(void)
{
	Suite *suite = suite_create("py_code");
	TCase *tc = tcase_create("py_code");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, lines_of_every_form_of_entry, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, lines_of_entries_that_cover_several_units, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, lines_of_a_cut_table_do_not_harm, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, lines_out_of_range_are_unknown, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, line_table_that_is_no_bytes_is_no_table, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, code_names_are_read_or_replaced, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, code_that_is_none_is_refused, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, code_locals_have_names_and_kinds, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, frame_gives_its_slots_and_variables, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, frame_variables_come_one_after_another, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, frame_variable_of_a_cell_that_is_not_made_yet_is_the_value, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, frame_that_executes_shows_its_locals_only, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, frame_with_an_impossible_stack_is_refused, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, frame_whose_instruction_is_outside_of_its_code_is_refused, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, frame_is_complete_from_its_first_traceable_instruction_on, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, frame_of_the_interpreter_itself_has_no_code, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, frame_that_is_not_there_is_refused, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
