#include "inspector/python/code.h"

#include "inspector/python/era.h"
#include "inspector/python/memory.h"
#include "inspector/python/sequence.h"
#include "inspector/python/str.h"
#include "inspector/python/type.h"

/* Include/internal/pycore_code.h */
#define FAST_HIDDEN 0x10
#define FAST_LOCAL  0x20
#define FAST_CELL   0x40
#define FAST_FREE   0x80

#define NAME_LIMIT     4096
#define LOCALSPLUS_MAX 65536
#define LINETABLE_MAX  ((size_t)1 << 26)
#define CODE_UNIT      2 /* sizeof(_Py_CODEUNIT) */

static const char *name_or_unknown(struct python *py, const struct body *body, enum field_id id)
{
	const char *name = pystr_arena(py, body_pointer(py, body, id), NAME_LIMIT, NULL);

	return name ? name : "?";
}

/* The bytes of a bytes object, in the arena; NULL when it is none or longer than limit. */
static const uint8_t *copy_bytes(struct python *py, uint64_t address, size_t limit, size_t *size)
{
	uint64_t length;
	uint8_t *copy;

	if (!read_unsigned(py, address, FIELD_var_size, &length, NULL) || length > limit)
		return NULL;
	if (!target_extent(py->target, address + python_field(py, FIELD_bytes_value)->offset, length) &&
		length)
		return NULL;
	*size = length;
	copy = arena_alloc(py->arena, length);
	return target_read(
		       py->target, address + python_field(py, FIELD_bytes_value)->offset, copy, length, NULL)
		       ? copy
		       : NULL;
}

static uint32_t tuple_length(struct python *py, uint64_t tuple)
{
	uint64_t length;

	return read_unsigned(py, tuple, FIELD_var_size, &length, NULL) && length <= LOCALSPLUS_MAX
		       ? (uint32_t)length
		       : 0;
}

/* From 3.11 on: one tuple of names, and bytes that tell the kind of each. */
static void read_variables(struct python *py, const struct body *body, struct pycode *code)
{
	size_t size;

	code->nlocalsplus = (uint32_t)body_unsigned(py, body, FIELD_code_nlocalsplus);
	code->names[0] = body_pointer(py, body, FIELD_code_localsplusnames);
	code->name_counts[0] = code->nlocalsplus;
	code->kinds =
		copy_bytes(py, body_pointer(py, body, FIELD_code_localspluskinds), LOCALSPLUS_MAX, &size);
	if (code->kinds && size < code->nlocalsplus)
		code->kinds = NULL;
}

/* Up to 3.10: three tuples. The kinds are those that later versions store. */
static void read_old_variables(struct python *py, const struct body *body, struct pycode *code)
{
	static const enum field_id tuples[3] = {
		FIELD_code_varnames, FIELD_code_cellvars, FIELD_code_freevars};
	static const uint8_t kinds[3] = {FAST_LOCAL, FAST_CELL, FAST_FREE};
	uint8_t *all;
	uint32_t at = 0;

	for (int i = 0; i < 3; i++) {
		code->names[i] = body_pointer(py, body, tuples[i]);
		code->name_counts[i] = tuple_length(py, code->names[i]);
		code->nlocalsplus += code->name_counts[i];
	}
	all = arena_alloc(py->arena, code->nlocalsplus);
	for (int i = 0; i < 3; i++)
		for (uint32_t k = 0; k < code->name_counts[i]; k++)
			all[at++] = kinds[i];
	code->kinds = all;
}

static void read_bytecode(struct python *py, const struct body *body, struct pycode *code)
{
	uint64_t bytes;

	if (python_has(py, FIELD_code_bytecode)) {
		code->bytecode = code->address + python_field(py, FIELD_code_bytecode)->offset;
		code->bytecode_size = body_unsigned(py, body, FIELD_var_size) * CODE_UNIT;
		code->firsttraceable = body_unsigned(py, body, FIELD_code_firsttraceable) * CODE_UNIT;
		return;
	}
	bytes = body_pointer(py, body, FIELD_code_code);
	code->bytecode = bytes + python_field(py, FIELD_bytes_value)->offset;
	if (!read_unsigned(py, bytes, FIELD_var_size, &code->bytecode_size, NULL))
		code->bytecode_size = 0;
}

static struct pycode *read_code(struct python *py, uint64_t address, struct error *err)
{
	const struct pytype *type = pytype_of(py, address, err);
	struct pycode *code;
	struct body body;

	if (!type)
		return NULL;
	if (type->kind != KIND_CODE) {
		error_at(err, ERROR_CORRUPT, address, "the object at 0x%llx is a %s, not code",
			(unsigned long long)address, type->name);
		return NULL;
	}
	if (!body_open(py, address, python_sizeof(py, FIELD_sizeof_code), &body, err))
		return NULL;
	code = arena_alloc(py->arena, sizeof(*code));
	code->address = address;
	code->line = py->era->line;
	code->last = arena_alloc(py->arena, sizeof(*code->last));
	code->filename = name_or_unknown(py, &body, FIELD_code_filename);
	code->name = name_or_unknown(py, &body, FIELD_code_name);
	code->qualname = python_has(py, FIELD_code_qualname) ? name_or_unknown(py, &body, FIELD_code_qualname)
							     : code->name;
	code->flags = (uint32_t)body_unsigned(py, &body, FIELD_code_flags);
	code->firstlineno = (uint32_t)body_unsigned(py, &body, FIELD_code_firstlineno);
	code->argcount = (uint32_t)body_unsigned(py, &body, FIELD_code_argcount);
	code->kwonlyargcount = (uint32_t)body_unsigned(py, &body, FIELD_code_kwonlyargcount);
	code->stacksize = (uint32_t)body_unsigned(py, &body, FIELD_code_stacksize);
	if (python_has(py, FIELD_code_nlocalsplus))
		read_variables(py, &body, code);
	else
		read_old_variables(py, &body, code);
	read_bytecode(py, &body, code);
	if (code->nlocalsplus > LOCALSPLUS_MAX || code->stacksize > LOCALSPLUS_MAX) {
		error_at(err, ERROR_CORRUPT, address, "the code of %s has an impossible number of locals",
			code->name);
		return NULL;
	}
	code->linetable = copy_bytes(
		py, body_pointer(py, &body, FIELD_code_linetable), LINETABLE_MAX, &code->linetable_size);
	return code;
}

const struct pycode *pycode_at(struct python *py, uint64_t address, struct error *err)
{
	uint64_t known;
	struct pycode *code;

	if (addrmap_get(&py->codes, address, &known))
		return (const struct pycode *)(uintptr_t)known;
	code = read_code(py, address, err);
	if (code)
		addrmap_put(&py->codes, address, (uint64_t)(uintptr_t)code);
	return code;
}

uint32_t pycode_line(const struct pycode *code, int64_t lasti)
{
	struct code_line *last = code->last;

	if (!last->is_known || last->lasti != lasti)
		*last = (struct code_line){.lasti = lasti, .line = code->line(code, lasti), .is_known = true};
	return last->line;
}

const char *pycode_local_name(struct python *py, const struct pycode *code, uint32_t i)
{
	uint64_t name;

	for (int k = 0; k < 3; k++) {
		if (i < code->name_counts[k])
			return sequence_item(py, code->names[k], i, &name, NULL)
				       ? pystr_arena(py, name, NAME_LIMIT, NULL)
				       : NULL;
		i -= code->name_counts[k];
	}
	return NULL;
}

static bool has_kind(const struct pycode *code, uint32_t i, uint8_t bit)
{
	return code->kinds && i < code->nlocalsplus && code->kinds[i] & bit;
}

bool pycode_is_local(const struct pycode *code, uint32_t i)
{
	return has_kind(code, i, FAST_LOCAL);
}

bool pycode_is_cell(const struct pycode *code, uint32_t i)
{
	return has_kind(code, i, FAST_CELL);
}

bool pycode_is_free(const struct pycode *code, uint32_t i)
{
	return has_kind(code, i, FAST_FREE);
}

bool pycode_is_hidden(const struct pycode *code, uint32_t i)
{
	return has_kind(code, i, FAST_HIDDEN);
}

const char *pycode_free_name(struct python *py, const struct pycode *code, uint32_t wanted)
{
	for (uint32_t i = 0; i < code->nlocalsplus; i++)
		if (pycode_is_free(code, i) && wanted-- == 0)
			return pycode_local_name(py, code, i);
	return NULL;
}
