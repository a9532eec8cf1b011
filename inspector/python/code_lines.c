#include "inspector/python/code.h"

#define CODE_UNIT 2 /* sizeof(_Py_CODEUNIT) */

/* Pairs: bytes of code, lines (signed). The line of an instruction is the sum of all up to it. */
uint32_t code_line_by_lnotab(const struct pycode *code, int64_t lasti)
{
	int64_t line = code->firstlineno, address = 0;

	for (size_t i = 0; code->linetable && i + 1 < code->linetable_size; i += 2) {
		address += code->linetable[i];
		if (address > lasti)
			break;
		line += (int8_t)code->linetable[i + 1];
	}
	return line > 0 && line <= UINT32_MAX ? (uint32_t)line : 0;
}

#define NO_LINE (-128)

/* Pairs: the length of a range in bytes, and how its line differs from that of the range before. */
uint32_t code_line_by_ranges(const struct pycode *code, int64_t lasti)
{
	int64_t line = code->firstlineno, end = 0;

	if (lasti < 0)
		return code->firstlineno;
	for (size_t i = 0; code->linetable && i + 1 < code->linetable_size; i += 2) {
		int8_t delta = (int8_t)code->linetable[i + 1];

		if (delta != NO_LINE)
			line += delta;
		end += code->linetable[i];
		if (lasti < end)
			return delta != NO_LINE && line > 0 && line <= UINT32_MAX ? (uint32_t)line : 0;
	}
	return 0;
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

uint32_t code_line_by_locations(const struct pycode *code, int64_t lasti)
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
