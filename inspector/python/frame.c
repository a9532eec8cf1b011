#include "inspector/python/frame.h"

#include "inspector/python/era.h"
#include "inspector/python/memory.h"
#include "inspector/python/type.h"

#include <string.h>

static enum frame_owner owner_of(struct python *py, uint64_t raw)
{
	int64_t owner = (int64_t)raw;

	if (owner == python_field(py, FIELD_owned_by_thread)->value)
		return FRAME_BY_THREAD;
	if (owner == python_field(py, FIELD_owned_by_generator)->value)
		return FRAME_BY_GENERATOR;
	if (owner == python_field(py, FIELD_owned_by_frame_object)->value)
		return FRAME_BY_FRAME_OBJECT;
	return FRAME_BY_C;
}

/* Slots in use from localsplus on; negative: unknown. Include/internal/pycore_frame.h: up to 3.13 stacktop,
 * which is -1 while the frame executes; from 3.14 on a pointer, which is NULL then. */
static int64_t stack_top(struct python *py, const struct body *body, const struct pyframe *frame)
{
	uint64_t pointer;

	if (!python_has(py, FIELD_frame_stackpointer))
		return body_signed(py, body, FIELD_frame_stacktop);
	pointer = body_pointer(py, body, FIELD_frame_stackpointer);
	return pointer ? (int64_t)(pointer - frame->localsplus) / 8 : -1;
}

/* Where the instructions of the frame start. In free-threaded builds from 3.14 on each thread has its own
 * copy of the bytecode; copy 0 is the one in the code object. Include/internal/pycore_interpframe.h,
 * _PyFrame_GetBytecode. */
static bool find_bytecode(struct python *py, const struct body *body, const struct pyframe *frame,
	uint64_t *bytecode, struct error *err)
{
	uint64_t copies, count;
	int64_t copy;

	*bytecode = frame->code->bytecode;
	if (!python_has(py, FIELD_frame_copy) || !python_has(py, FIELD_code_copies))
		return true;
	copy = body_signed(py, body, FIELD_frame_copy);
	if (copy == 0)
		return true;
	if (!read_pointer(py, frame->code->address, FIELD_code_copies, &copies, err) ||
		!read_unsigned(py, copies, FIELD_copies_size, &count, err))
		return false;
	if (copy < 0 || (uint64_t)copy >= count)
		return error_at(err, ERROR_CORRUPT, frame->address,
			"a frame of %s executes a copy of its code that is not there", frame->code->qualname);
	return read_pointer(py, copies + 8 * (uint64_t)copy, FIELD_copies_entries, bytecode, err);
}

static bool read_parts(struct python *py, const struct body *body, struct pyframe *frame, struct error *err)
{
	int64_t stacktop;
	uint64_t bytecode, code = py->era->untag(body_pointer(py, body, FIELD_frame_code));

	frame->owner = owner_of(py, body_unsigned(py, body, FIELD_frame_owner));
	frame->previous = body_pointer(py, body, FIELD_frame_previous);
	if (frame->owner == FRAME_BY_C)
		return true;
	frame->code = pycode_at(py, code, err);
	if (!frame->code)
		return false;
	if (!find_bytecode(py, body, frame, &bytecode, err))
		return false;
	frame->lasti = (int64_t)(body_pointer(py, body, FIELD_frame_instruction) - bytecode);
	if (frame->lasti < -16 || frame->lasti > (int64_t)frame->code->bytecode_size)
		return error_at(err, ERROR_CORRUPT, frame->address,
			"a frame of %s points outside of its code", frame->code->qualname);
	frame->frame_object = body_pointer(py, body, FIELD_frame_object);
	frame->function = py->era->untag(body_pointer(py, body, FIELD_frame_function));
	frame->locals_dict = body_pointer(py, body, FIELD_frame_locals);
	frame->localsplus = frame->address + python_field(py, FIELD_frame_localsplus)->offset;
	if (frame->owner == FRAME_BY_GENERATOR)
		frame->generator = frame->address - python_field(py, FIELD_gen_frame)->offset;
	/* Only the locals are known to be whole while the frame executes. */
	frame->slots = frame->code->nlocalsplus;
	stacktop = stack_top(py, body, frame);
	if (stacktop >= 0) {
		if (stacktop > (int64_t)frame->code->nlocalsplus + frame->code->stacksize)
			return error_at(err, ERROR_CORRUPT, frame->address,
				"a frame of %s has an impossible stack", frame->code->qualname);
		frame->slots = (uint32_t)stacktop;
	}
	return true;
}

bool frame_read_struct(struct python *py, uint64_t address, struct pyframe *frame, struct error *err)
{
	struct body body;

	*frame = (struct pyframe){.address = address};
	return body_open(py, address, python_field(py, FIELD_frame_localsplus)->offset, &body, err) &&
	       read_parts(py, &body, frame, err);
}

/* Where the value stack ends, in slots from localsplus: Objects/frameobject.c. 3.8 and 3.9 have a pointer
 * that is NULL while the frame executes, 3.10 a depth that is -1 then. */
static uint32_t object_slots(struct python *py, const struct body *body, const struct pyframe *frame)
{
	uint64_t top = 0, locals = frame->code->nlocalsplus;

	if (python_has(py, FIELD_frameobject_stackdepth)) {
		int64_t depth = body_signed(py, body, FIELD_frameobject_stackdepth);

		if (depth > 0)
			top = body_pointer(py, body, FIELD_frameobject_valuestack) + 8 * (uint64_t)depth;
	} else {
		top = body_pointer(py, body, FIELD_frameobject_stacktop);
	}
	if (top < frame->localsplus + 8 * locals ||
		top > frame->localsplus + 8 * (locals + frame->code->stacksize))
		return (uint32_t)locals;
	return (uint32_t)((top - frame->localsplus) / 8);
}

/* Up to 3.10: Include/cpython/frameobject.h. f_lasti counts bytes, in 3.10 code units. */
bool frame_read_object(struct python *py, uint64_t address, struct pyframe *frame, struct error *err)
{
	const struct pytype *type = pytype_of(py, address, err);
	struct body body;

	*frame =
		(struct pyframe){.address = address, .frame_object = address, .owner = FRAME_BY_FRAME_OBJECT};
	if (!type)
		return false;
	if (type->kind != KIND_FRAME)
		return error_at(err, ERROR_CORRUPT, address, "the object at 0x%llx is a %s, not a frame",
			(unsigned long long)address, type->name);
	if (!body_open(py, address, python_field(py, FIELD_frameobject_localsplus)->offset, &body, err))
		return false;
	frame->code = pycode_at(py, body_pointer(py, &body, FIELD_frameobject_code), err);
	if (!frame->code)
		return false;
	frame->previous = body_pointer(py, &body, FIELD_frameobject_back);
	frame->locals_dict = body_pointer(py, &body, FIELD_frameobject_locals);
	frame->generator = body_pointer(py, &body, FIELD_frameobject_generator);
	if (frame->generator)
		frame->owner = FRAME_BY_GENERATOR;
	frame->lasti = body_signed(py, &body, FIELD_frameobject_lasti) * (int64_t)py->era->lasti_unit;
	frame->localsplus = address + python_field(py, FIELD_frameobject_localsplus)->offset;
	frame->slots = object_slots(py, &body, frame);
	return true;
}

bool pyframe_read(struct python *py, uint64_t address, struct pyframe *frame, struct error *err)
{
	return py->era->read_frame(py, address, frame, err);
}

bool pyframe_is_complete(const struct pyframe *frame)
{
	if (!frame->code || frame->owner == FRAME_BY_C)
		return false;
	return frame->owner != FRAME_BY_THREAD || frame->lasti >= (int64_t)frame->code->firsttraceable;
}

uint32_t pyframe_line(const struct pyframe *frame)
{
	return frame->code ? pycode_line(frame->code, frame->lasti) : 0;
}

uint64_t pyframe_slot(struct python *py, const struct pyframe *frame, uint32_t i)
{
	uint64_t value;

	if (i >= frame->slots || !read_word(py, frame->localsplus + 8 * (uint64_t)i, &value, NULL))
		return 0;
	return py->era->untag(value);
}

bool pyframe_slot_is_borrowed(struct python *py, const struct pyframe *frame, uint32_t i)
{
	uint64_t value;

	return i < frame->slots && read_word(py, frame->localsplus + 8 * (uint64_t)i, &value, NULL) &&
	       py->era->untag(value) != value;
}

uint64_t pyframe_variable(struct python *py, const struct pyframe *frame, uint32_t i)
{
	uint64_t value = pyframe_slot(py, frame, i);
	const struct pytype *type;

	if (!value || (!pycode_is_cell(frame->code, i) && !pycode_is_free(frame->code, i)))
		return value;
	type = pytype_of(py, value, NULL);
	if (!type || type->kind != KIND_CELL)
		return value;
	return read_pointer(py, value, FIELD_cell_contents, &value, NULL) ? value : 0;
}

void variable_open(struct python *py, const struct pyframe *frame, struct variable_iter *iter)
{
	iter->py = py;
	iter->frame = frame;
	iter->slot = iter->next = iter->first = iter->count = 0;
}

/* As pyframe_variable of as many slots as there is room for. */
static void read_variables(struct variable_iter *iter, uint32_t end)
{
	struct python *py = iter->py;
	const struct pyframe *frame = iter->frame;
	bool is_whole;

	iter->first = iter->next;
	iter->count = end - iter->first < VARIABLES_AT_ONCE ? end - iter->first : VARIABLES_AT_ONCE;
	is_whole = target_read(py->target, frame->localsplus + 8 * (uint64_t)iter->first, iter->values,
		iter->count * sizeof(*iter->values), NULL);
	for (uint32_t i = 0; i < iter->count; i++) {
		uint32_t slot = iter->first + i;

		if (!is_whole || pycode_is_cell(frame->code, slot) || pycode_is_free(frame->code, slot))
			iter->values[i] = pyframe_variable(py, frame, slot);
		else
			iter->values[i] = py->era->untag(iter->values[i]);
	}
}

bool variable_next(struct variable_iter *iter, uint64_t *value)
{
	const struct pyframe *frame = iter->frame;
	uint32_t locals = frame->code ? frame->code->nlocalsplus : 0,
		 end = locals < frame->slots ? locals : frame->slots;

	while (iter->next < end) {
		if (iter->next == iter->first + iter->count)
			read_variables(iter, end);
		iter->slot = iter->next++;
		*value = iter->values[iter->slot - iter->first];
		if (*value)
			return true;
	}
	return false;
}

uint64_t pyframe_local(struct python *py, const struct pyframe *frame, const char *name)
{
	uint64_t value;

	for (uint32_t i = 0; frame->code && i < frame->code->nlocalsplus; i++) {
		const char *local = pycode_local_name(py, frame->code, i);

		/* Up to 3.10 an argument that closures share has two slots: its own is emptied when its value
		 * moves into the cell. */
		if (local && strcmp(local, name) == 0 && (value = pyframe_variable(py, frame, i)) != 0)
			return value;
	}
	return 0;
}
