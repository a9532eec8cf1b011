#include "tests/unit/fake_python.h"

#include <check.h>
#include <string.h>

#define STACKSIZE 8

/* The unit that is executed, or was, at each place where a generator can stand. In 3.11 and 3.12 the frame
 * points at the YIELD_VALUE and the RESUME follows; in 3.13 it points at the RESUME. */
#define UNIT_AWAIT 4
#define UNIT_YIELD 8

static uint64_t make_linetable(struct fake *f, const struct fake_code *code)
{
	/* Twice 8 units, no columns, line + 0. */
	static const uint8_t plain[] = {0x80 | 13 << 3 | 7, 0, 0x80 | 13 << 3 | 7, 0};

	if (code->linetable)
		return fake_bytes(f, code->linetable, code->linetable_size);
	return fake_bytes(f, plain, sizeof(plain));
}

static void write_bytecode(struct fake *f, uint64_t at)
{
	uint8_t units[FAKE_UNITS][2] = {{0}};

	units[0][0] = 151; /* RESUME, at the start of a function */
	units[UNIT_AWAIT + 1][0] = f->version == FAKE_311 ? 150 : 151;
	units[UNIT_AWAIT + 1][1] = 3;
	units[UNIT_YIELD + 1][0] = 151;
	units[UNIT_YIELD + 1][1] = 1;
	fake_write(f, at, units, sizeof(units));
}

uint64_t fake_code(struct fake *f, const struct fake_code *code)
{
	size_t start = python_field(f->py, FIELD_code_bytecode)->offset, count = 0;
	uint64_t object = fake_object(f, fake_type(f, "code"), start + 2 * FAKE_UNITS), names[8];
	static const uint8_t plain[8] = {0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20};

	for (; count < 8 && code->locals[count]; count++)
		names[count] = fake_str(f, code->locals[count]);
	fake_set(f, object, FIELD_var_size, FAKE_UNITS);
	fake_set(f, object, FIELD_code_name, fake_str(f, code->name));
	fake_set(f, object, FIELD_code_qualname, fake_str(f, code->qualname ? code->qualname : code->name));
	fake_set(f, object, FIELD_code_filename, fake_str(f, code->file ? code->file : "/app/main.py"));
	fake_set(f, object, FIELD_code_flags, CODE_COROUTINE);
	fake_set(f, object, FIELD_code_firstlineno, code->firstlineno ? code->firstlineno : 10);
	fake_set(f, object, FIELD_code_stacksize, STACKSIZE);
	fake_set(f, object, FIELD_code_nlocalsplus, count);
	fake_set(f, object, FIELD_code_firsttraceable, code->firsttraceable);
	fake_set(f, object, FIELD_code_localsplusnames, fake_tuple_of(f, names, count));
	fake_set(f, object, FIELD_code_localspluskinds,
		fake_bytes(f, code->kinds ? code->kinds : plain, count));
	fake_set(f, object, FIELD_code_linetable, make_linetable(f, code));
	write_bytecode(f, object + start);
	return object;
}

void fake_fill_frame(struct fake *f, uint64_t address, const struct fake_frame *frame)
{
	uint64_t bytecode = frame->code + python_field(f->py, FIELD_code_bytecode)->offset;

	fake_set(f, address, FIELD_frame_code, frame->code);
	fake_set(f, address, FIELD_frame_previous, frame->previous);
	fake_set(f, address, FIELD_frame_function, frame->function);
	fake_set(f, address, FIELD_frame_object, frame->frame_object);
	fake_set(f, address, FIELD_frame_locals, frame->locals_dict);
	fake_set(f, address, FIELD_frame_instruction, bytecode + (uint64_t)(int64_t)frame->lasti);
	fake_set(f, address, FIELD_frame_owner, (uint64_t)frame->owner);
	fake_set(f, address, FIELD_frame_stacktop, (uint64_t)(int64_t)frame->stacktop);
	fake_write(f, address + python_field(f->py, FIELD_frame_localsplus)->offset, frame->slots,
		8 * (size_t)frame->slot_count);
}

static size_t frame_size(struct fake *f, int slots)
{
	return python_field(f->py, FIELD_frame_localsplus)->offset + 8 * (size_t)slots;
}

uint64_t fake_frame(struct fake *f, const struct fake_frame *frame)
{
	uint64_t address = fake_place(f, frame_size(f, frame->slot_count));

	fake_fill_frame(f, address, frame);
	return address;
}

static int64_t raw_state(struct fake *f, const struct fake_generator *g)
{
	switch (g->state) {
	case GEN_CREATED:
		return f->version == FAKE_313 ? -3 : -2;
	case GEN_RUNNING:
		return 0;
	case GEN_CLOSED:
		return 4;
	default:
		return f->version != FAKE_313 ? -1 : g->awaits ? -1 : -2;
	}
}

static void fill_generator_frame(struct fake *f, uint64_t at, const struct fake_generator *g)
{
	int unit = g->state == GEN_CREATED ? 0 : g->awaits ? UNIT_AWAIT : UNIT_YIELD;
	struct fake_frame frame = {.code = g->code, .previous = g->previous, .owner = 1};
	uint64_t slots[9] = {0};

	memcpy(slots, g->locals, sizeof(g->locals));
	frame.slots = slots;
	frame.slot_count = frame.stacktop = g->local_count;
	if (f->version == FAKE_313 && g->state == GEN_SUSPENDED)
		unit++;
	frame.lasti = 2 * unit;
	if (g->state == GEN_SUSPENDED && g->awaits) {
		slots[g->local_count] = g->awaits;
		frame.stacktop = ++frame.slot_count;
	}
	if (g->state == GEN_RUNNING)
		frame.stacktop = -1;
	fake_fill_frame(f, at, &frame);
}

uint64_t fake_generator(struct fake *f, const struct fake_generator *g)
{
	const char *type = g->type ? g->type : "coroutine";
	size_t start = python_field(f->py, FIELD_gen_frame)->offset;
	uint64_t object = fake_object(f, fake_type(f, type), start + frame_size(f, 9)), name;

	name = fake_get(f, g->code, FIELD_code_qualname);
	fake_set(f, object, FIELD_gen_name, name);
	fake_set(f, object, FIELD_gen_qualname, name);
	fake_set(f, object, FIELD_gen_origin, g->origin);
	fake_set(f, object, FIELD_gen_state, (uint64_t)raw_state(f, g));
	fill_generator_frame(f, object + start, g);
	return object;
}

static void set_if(struct fake *f, uint64_t object, enum field_id id, uint64_t value)
{
	if (value)
		fake_set(f, object, id, value);
}

uint64_t fake_future(struct fake *f, const struct fake_future *future)
{
	bool is_task = future->coroutine || future->name;
	const char *name = future->type ? future->type : is_task ? "_asyncio.Task" : "_asyncio.Future";
	uint64_t type = future->of_class ? future->of_class : fake_type(f, name);
	uint64_t object = fake_object(f, type, python_sizeof(f->py, FIELD_sizeof_task) + 16);

	fake_set(f, object, FIELD_future_state, (uint64_t)future->state);
	fake_set(f, object, FIELD_future_loop, future->loop);
	set_if(f, object, FIELD_future_callback0, future->callback0);
	set_if(f, object, FIELD_future_callbacks, future->callbacks);
	set_if(f, object, FIELD_future_exception, future->exception);
	set_if(f, object, FIELD_future_result, future->result);
	set_if(f, object, FIELD_future_log_traceback, future->log_traceback);
	if (!is_task)
		return object;
	fake_set(f, object, FIELD_task_coroutine, future->coroutine);
	fake_set(f, object, FIELD_task_waiter, future->waiter);
	fake_set(f, object, FIELD_task_name, future->name);
	set_if(f, object, FIELD_task_context, future->context);
	set_if(f, object, FIELD_task_must_cancel, future->must_cancel);
	set_if(f, object, FIELD_task_cancel_requests, (uint64_t)future->cancel_requests);
	return object;
}
