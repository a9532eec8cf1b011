#include "inspector/python/code.h"

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

/* The bytes of a bytes object; NULL when it is none or longer than limit. */
static const uint8_t *open_bytes(struct python *py, uint64_t address, size_t limit, size_t *size)
{
	uint64_t length;

	if (!read_unsigned(py, address, FIELD_var_size, &length, NULL) || length > limit)
		return NULL;
	*size = length;
	return target_bytes(py->target, address + python_field(py, FIELD_bytes_value)->offset, length, NULL);
}

static struct pycode *read_code(struct python *py, uint64_t address, struct error *err)
{
	const struct pytype *type = pytype_of(py, address, err);
	struct pycode *code;
	struct body body;
	size_t size;

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
	code->filename = name_or_unknown(py, &body, FIELD_code_filename);
	code->name = name_or_unknown(py, &body, FIELD_code_name);
	code->qualname = name_or_unknown(py, &body, FIELD_code_qualname);
	code->flags = (uint32_t)body_unsigned(py, &body, FIELD_code_flags);
	code->firstlineno = (uint32_t)body_unsigned(py, &body, FIELD_code_firstlineno);
	code->argcount = (uint32_t)body_unsigned(py, &body, FIELD_code_argcount);
	code->kwonlyargcount = (uint32_t)body_unsigned(py, &body, FIELD_code_kwonlyargcount);
	code->stacksize = (uint32_t)body_unsigned(py, &body, FIELD_code_stacksize);
	code->nlocalsplus = (uint32_t)body_unsigned(py, &body, FIELD_code_nlocalsplus);
	code->names = body_pointer(py, &body, FIELD_code_localsplusnames);
	code->bytecode = address + python_field(py, FIELD_code_bytecode)->offset;
	code->bytecode_size = body_unsigned(py, &body, FIELD_var_size) * CODE_UNIT;
	code->firsttraceable = body_unsigned(py, &body, FIELD_code_firsttraceable) * CODE_UNIT;
	if (code->nlocalsplus > LOCALSPLUS_MAX || code->stacksize > LOCALSPLUS_MAX) {
		error_at(err, ERROR_CORRUPT, address, "the code of %s has an impossible number of locals",
			code->name);
		return NULL;
	}
	code->kinds =
		open_bytes(py, body_pointer(py, &body, FIELD_code_localspluskinds), LOCALSPLUS_MAX, &size);
	if (code->kinds && size < code->nlocalsplus)
		code->kinds = NULL;
	code->linetable = open_bytes(
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

struct table {
	const uint8_t *at, *end;
};

static uint32_t read_varint(struct table *t)
{
	uint32_t value = 0;
	unsigned shift = 0;

	while (t->at < t->end) {
		uint8_t byte = *t->at++;

		if (shift < 32)
			value |= (uint32_t)(byte & 63) << shift;
		if (!(byte & 64))
			break;
		shift += 6;
	}
	return value;
}

static int32_t read_signed_varint(struct table *t)
{
	uint32_t value = read_varint(t);

	return value & 1 ? -(int32_t)(value >> 1) : (int32_t)(value >> 1);
}

/* One entry: the change of the line, whether it has a line at all; the columns are left to be skipped. */
static int32_t entry_line_delta(struct table *t, uint8_t first, bool *has_line)
{
	unsigned code = first >> 3 & 15;

	*has_line = code != 15;
	if (code == 13 || code == 14)
		return read_signed_varint(t);
	if (code >= 10 && code <= 12)
		return (int32_t)code - 10;
	return 0;
}

uint32_t pycode_line(const struct pycode *code, int64_t lasti)
{
	struct table t = {code->linetable, code->linetable ? code->linetable + code->linetable_size : NULL};
	int64_t line = code->firstlineno, end = 0;

	if (lasti < 0)
		lasti = 0;
	while (t.at < t.end) {
		uint8_t first = *t.at++;
		bool has_line;

		line += entry_line_delta(&t, first, &has_line);
		end += ((first & 7) + 1) * CODE_UNIT;
		if (lasti < end)
			return has_line && line > 0 && line <= UINT32_MAX ? (uint32_t)line : 0;
		/* The first byte of an entry is the only one with the top bit. */
		while (t.at < t.end && !(*t.at & 0x80))
			t.at++;
	}
	return 0;
}

const char *pycode_local_name(struct python *py, const struct pycode *code, uint32_t i)
{
	uint64_t name;

	if (i >= code->nlocalsplus || !sequence_item(py, code->names, i, &name, NULL))
		return NULL;
	return pystr_arena(py, name, NAME_LIMIT, NULL);
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
