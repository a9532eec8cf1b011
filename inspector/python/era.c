#include "inspector/python/era.h"

#include "inspector/python/generator.h"
#include "inspector/python/instance.h"
#include "inspector/python/memory.h"

#include <stdio.h>
#include <string.h>

/* The words before an object that has a managed dictionary (Include/internal/pycore_object.h), counted from
 * the head of the collector, which a free-threaded build does not have. */
#define WORD_DICT   8  /* the dictionary; in 3.12 the word that may hold values instead */
#define WORD_VALUES 16 /* 3.11: _PyObject_ValuesPointer */

static uint64_t managed_word(const struct python *py, const struct body *object, uint64_t word)
{
	return load_unsigned(object->bytes - python_gc_head_size(py) - word, 8);
}

/* 3.11: two words, one for inline values, one for a dictionary. */
static void storage_two_words(const struct python *py, const struct body *object, const struct pytype *type,
	struct instance_storage *storage)
{
	uint64_t values = managed_word(py, object, WORD_VALUES);

	storage->dict = managed_word(py, object, WORD_DICT);
	if (values && !storage->dict) {
		storage->values = values + python_field(py, FIELD_values_array)->offset;
		storage->capacity = UINT64_MAX;
		storage->keys = type->cached_keys;
	}
}

/* 3.12: one word, whose lowest bit tells values from a dictionary; the values start one byte after it. */
static void storage_tagged_word(const struct python *py, const struct body *object, const struct pytype *type,
	struct instance_storage *storage)
{
	uint64_t word = managed_word(py, object, WORD_DICT);

	if (word & 1) {
		storage->values = word + 1 + python_field(py, FIELD_values_array)->offset;
		storage->capacity = UINT64_MAX;
		storage->keys = type->cached_keys;
	} else {
		storage->dict = word;
	}
}

/* 3.13: a dictionary pointer before the object, and values behind it while their valid flag is set; a
 * dictionary that was made while it was set uses the same values. */
static void storage_embedded_values(const struct python *py, const struct body *object,
	const struct pytype *type, struct instance_storage *storage)
{
	struct body values = {object->address + type->basicsize, object->bytes + type->basicsize,
		object->size - type->basicsize};

	storage->dict = managed_word(py, object, WORD_DICT);
	if (!type->has_inline_values || !body_unsigned(py, &values, FIELD_values_valid))
		return;
	storage->values = values.address + python_field(py, FIELD_values_array)->offset;
	storage->capacity = body_unsigned(py, &values, FIELD_values_capacity);
	storage->keys = type->cached_keys;
}

/* 3.13: the state of the frame tells. */
static bool awaiting_by_state(struct python *py, const struct pygen *gen, bool *awaiting, struct error *err)
{
	(void)err;
	*awaiting = gen->raw_state == python_field(py, FIELD_state_suspended_await)->value;
	return true;
}

/* 3.11 and 3.12: a suspended generator goes on at a RESUME, whose argument tells what it was suspended in: 0
 * the start of a function, 1 a yield, 2 a yield from, 3 an await (Objects/genobject.c, _PyGen_yf). */
static bool awaiting_by_resume(struct python *py, const struct pygen *gen, const uint8_t *resume_opcodes,
	bool *awaiting, struct error *err)
{
	uint64_t instruction;
	uint8_t unit[2];

	if (!read_pointer(py, gen->frame, FIELD_frame_instruction, &instruction, err) ||
		!target_read(py->target, instruction + sizeof(unit), unit, sizeof(unit), err))
		return false;
	*awaiting = unit[0] && strchr((const char *)resume_opcodes, unit[0]) && unit[1] >= 2;
	return true;
}

/* Opcodes are macros, which no debug information has: from Include/opcode.h of each version. */
static bool awaiting_311(struct python *py, const struct pygen *gen, bool *awaiting, struct error *err)
{
	static const uint8_t opcodes[] = {151 /* RESUME */, 150 /* RESUME_QUICK */, 0};

	return awaiting_by_resume(py, gen, opcodes, awaiting, err);
}

static bool awaiting_312(struct python *py, const struct pygen *gen, bool *awaiting, struct error *err)
{
	/* Under a tracer RESUME is overlaid by INSTRUMENTED_RESUME, _LINE or _INSTRUCTION; its argument
	 * stays. */
	static const uint8_t opcodes[] = {151, 240, 253, 254, 0};

	return awaiting_by_resume(py, gen, opcodes, awaiting, err);
}

/* Up to 3.10 the instruction after the suspended one is YIELD_FROM (Objects/genobject.c, _PyGen_yf). */
#define YIELD_FROM 72

static bool awaiting_by_yield_from(
	struct python *py, const struct pygen *gen, bool *awaiting, struct error *err)
{
	struct pyframe frame;
	uint8_t opcode;

	if (!pyframe_read(py, gen->frame, &frame, err))
		return false;
	*awaiting = false;
	if (frame.lasti < 0 || (uint64_t)frame.lasti + 3 >= frame.code->bytecode_size)
		return true;
	if (!target_read(py->target, frame.code->bytecode + (uint64_t)frame.lasti + 2, &opcode, 1, err))
		return false;
	*awaiting = opcode == YIELD_FROM;
	return true;
}

static uint64_t untag_nothing(uint64_t slot)
{
	return slot;
}

/* Include/internal/pycore_stackref.h: the low bits of a _PyStackRef tell a borrowed reference (1, which alone
 * is NULL), a wrapped pointer that is no object (2, from 3.15 on) and a small int (3). */
static uint64_t untag_stackref(uint64_t slot)
{
	return (slot & 3) >= 2 ? 0 : slot & ~UINT64_C(3);
}

static const struct era eras[] = {
	{
		.major = 3,
		.minor = 8,
		.read_frame = frame_read_object,
		.untag = untag_nothing,
		.read_state = generator_state_by_flags,
		.line = code_line_by_lnotab,
		.is_awaiting = awaiting_by_yield_from,
		.lasti_unit = 1,
	},
	{
		.major = 3,
		.minor = 9,
		.read_frame = frame_read_object,
		.untag = untag_nothing,
		.read_state = generator_state_by_flags,
		.line = code_line_by_lnotab,
		.is_awaiting = awaiting_by_yield_from,
		.lasti_unit = 1,
	},
	{
		.major = 3,
		.minor = 10,
		.read_frame = frame_read_object,
		.untag = untag_nothing,
		.read_state = generator_state_of_frame_object,
		.line = code_line_by_ranges,
		.is_awaiting = awaiting_by_yield_from,
		.lasti_unit = 2,
	},
	{
		.major = 3,
		.minor = 11,
		.read_frame = frame_read_struct,
		.untag = untag_nothing,
		.read_state = generator_state_inside,
		.line = code_line_by_locations,
		.managed_storage = storage_two_words,
		.is_awaiting = awaiting_311,
		.task_groups_leave_requests = true,
		.managed_words = 2,
	},
	{
		.major = 3,
		.minor = 12,
		.read_frame = frame_read_struct,
		.untag = untag_nothing,
		.read_state = generator_state_inside,
		.line = code_line_by_locations,
		.managed_storage = storage_tagged_word,
		.is_awaiting = awaiting_312,
		.has_immortals = true,
		.task_groups_leave_requests = true,
		.managed_words = 2,
	},
	{
		.major = 3,
		.minor = 13,
		.read_frame = frame_read_struct,
		.untag = untag_nothing,
		.read_state = generator_state_inside,
		.line = code_line_by_locations,
		.managed_storage = storage_embedded_values,
		.has_embedded_values = true,
		.is_awaiting = awaiting_by_state,
		.has_immortals = true,
		.managed_words = 2,
	},
	{
		.major = 3,
		.minor = 14,
		.read_frame = frame_read_struct,
		.untag = untag_stackref,
		.read_state = generator_state_inside,
		.line = code_line_by_locations,
		.managed_storage = storage_embedded_values,
		.has_embedded_values = true,
		.is_awaiting = awaiting_by_state,
		.has_immortals = true,
		.managed_words = 2,
	},
	{
		.major = 3,
		.minor = 15,
		.read_frame = frame_read_struct,
		.untag = untag_stackref,
		.read_state = generator_state_inside,
		.line = code_line_by_locations,
		.managed_storage = storage_embedded_values,
		.has_embedded_values = true,
		.is_awaiting = awaiting_by_state,
		/* An index of the iteration, or NULL, is above what is awaited. */
		.slots_above_awaited = 1,
		.has_immortals = true,
		.managed_words = 2,
	},
};

#define ERA_COUNT (sizeof(eras) / sizeof(eras[0]))

const struct era *era_find(uint32_t hexversion)
{
	const struct era *newest = &eras[ERA_COUNT - 1];
	uint32_t major = hexversion >> 24, minor = hexversion >> 16 & 255;

	for (size_t i = 0; i < ERA_COUNT; i++)
		if (eras[i].major == major && eras[i].minor == minor)
			return &eras[i];
	return major == newest->major && minor > newest->minor ? newest : NULL;
}

/* PY_RELEASE_LEVEL_FINAL. A version of which only the minor is known has the level 0. */
#define LEVEL_FINAL 15

bool era_is_tested(uint32_t hexversion)
{
	uint32_t level = hexversion >> 4 & 15;

	return (hexversion >> 16 & 255) <= eras[ERA_COUNT - 1].minor && (level == LEVEL_FINAL || level == 0);
}

bool era_version_of_file(const char *name, uint32_t *hexversion)
{
	const char *at = strstr(name, "python");
	unsigned major, minor;

	if (!at || sscanf(at, "python%u.%u", &major, &minor) != 2 || major > 255 || minor > 255)
		return false;
	*hexversion = major << 24 | minor << 16;
	return true;
}

const char *era_known_versions(void)
{
	return "3.8 to 3.15";
}
