#include "inspector/python/repr_text.h"

#include "inspector/python/int.h"
#include "inspector/python/memory.h"
#include "inspector/python/str.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fewer characters than this say nothing. */
#define LIMIT_MIN 16

/* Python takes double quotes only when there are single ones and no double ones inside. */
static char quote_for(const char *text, size_t length)
{
	return memchr(text, '\'', length) && !memchr(text, '"', length) ? '"' : '\'';
}

static bool has_character(const struct pystr *str, uint32_t wanted)
{
	for (size_t i = 0; i < str->count; i++)
		if (pystr_character(str, i) == wanted)
			return true;
	return false;
}

/* By character: a surrogate becomes \udXXX, and a backslash before a u stays two characters. */
static void append_quoted_str(struct strbuf *out, const struct pystr *str)
{
	char quote = has_character(str, '\'') && !has_character(str, '"') ? '"' : '\'';
	struct strbuf run = STRBUF_INIT;

	for (size_t i = 0; i < str->count; i++) {
		uint32_t c = pystr_character(str, i);

		if (c == (uint8_t)quote || c == '\\')
			strbuf_append_char(&run, '\\');
		strbuf_append_codepoint(&run, c);
	}
	strbuf_append_char(out, quote);
	strbuf_append_safe(out, strbuf_text(&run));
	strbuf_append_char(out, quote);
	strbuf_deinit(&run);
}

static bool repr_str(struct python *py, uint64_t address, size_t limit, struct strbuf *out)
{
	struct pystr str;

	if (!pystr_open(py, address, limit, &str, NULL))
		return false;
	append_quoted_str(out, &str);
	if (str.length > str.count)
		strbuf_printf(out, "... (%llu characters)", (unsigned long long)str.length);
	return true;
}

static void append_bytes(struct strbuf *out, const uint8_t *bytes, size_t length)
{
	char quote = quote_for((const char *)bytes, length);

	strbuf_append_char(out, 'b');
	strbuf_append_char(out, quote);
	for (size_t i = 0; i < length; i++) {
		uint8_t c = bytes[i];

		if (c == quote || c == '\\')
			strbuf_printf(out, "\\%c", c);
		else if (c == '\n' || c == '\r' || c == '\t')
			strbuf_append(out, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
		else if (c < 0x20 || c >= 0x7f)
			strbuf_printf(out, "\\x%02x", c);
		else
			strbuf_append_char(out, (char)c);
	}
	strbuf_append_char(out, quote);
}

static bool repr_bytes(struct python *py, uint64_t address, bool is_array, size_t limit, struct strbuf *out)
{
	uint64_t length, at = address + python_field(py, FIELD_bytes_value)->offset;
	const uint8_t *bytes;
	size_t shown;

	if (!read_unsigned(py, address, FIELD_var_size, &length, NULL) || length > (uint64_t)1 << 48)
		return false;
	if (is_array && !read_pointer(py, address, FIELD_bytearray_start, &at, NULL))
		return false;
	shown = length < limit ? length : limit;
	bytes = shown ? target_bytes(py->target, at, shown, NULL) : (const uint8_t *)"";
	if (!bytes)
		return false;
	if (is_array)
		strbuf_append(out, "bytearray(");
	append_bytes(out, bytes, shown);
	if (is_array)
		strbuf_append_char(out, ')');
	if (shown < length)
		strbuf_printf(out, "... (%llu bytes)", (unsigned long long)length);
	return true;
}

bool repr_text(
	struct python *py, uint64_t address, const struct pytype *type, size_t limit, struct strbuf *out)
{
	if (limit < LIMIT_MIN)
		limit = LIMIT_MIN;
	if (type->kind == KIND_STR)
		return repr_str(py, address, limit, out);
	return repr_bytes(py, address, type->kind == KIND_BYTEARRAY, limit, out);
}

/* float.__repr__: the shortest digits that read back as the same number, with an exponent from 1e16 on and
 * below 1e-4 (Python/pystrtod.c, format code 'r'). */
static void append_double(struct strbuf *out, double value, bool needs_point)
{
	char text[40], digits[40];
	int precision = 0, exponent;

	if (isnan(value) || isinf(value)) {
		strbuf_append(out, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
		return;
	}
	do
		snprintf(digits, sizeof(digits), "%.*e", precision, value);
	while (strtod(digits, NULL) != value && ++precision < 17);
	exponent = atoi(strchr(digits, 'e') + 1);
	if (exponent >= 16 || exponent < -4) {
		char *e = strchr(digits, 'e');

		strbuf_append_bytes(out, digits, (size_t)(e - digits));
		strbuf_printf(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
		return;
	}
	snprintf(text, sizeof(text), "%.*f", precision > exponent ? precision - exponent : 0, value);
	strbuf_append(out, text);
	if (needs_point && !strchr(text, '.'))
		strbuf_append(out, ".0");
}

static bool repr_complex(struct python *py, uint64_t address, struct strbuf *out)
{
	double real, imag;

	if (!python_has(py, FIELD_complex_real) || !python_has(py, FIELD_complex_imag) ||
		!target_read(
			py->target, address + python_field(py, FIELD_complex_real)->offset, &real, 8, NULL) ||
		!target_read(
			py->target, address + python_field(py, FIELD_complex_imag)->offset, &imag, 8, NULL))
		return false;
	if (real == 0 && !signbit(real)) {
		append_double(out, imag, false);
		strbuf_append_char(out, 'j');
		return true;
	}
	strbuf_append_char(out, '(');
	append_double(out, real, false);
	if (!signbit(imag) || isnan(imag))
		strbuf_append_char(out, '+');
	append_double(out, imag, false);
	strbuf_append(out, "j)");
	return true;
}

bool repr_number(struct python *py, uint64_t address, const struct pytype *type, struct strbuf *out)
{
	double value;
	int64_t truth;

	switch (type->kind) {
	case KIND_BOOL:
		if (!pyint_signed(py, address, &truth, NULL))
			return false;
		strbuf_append(out, truth ? "True" : "False");
		return true;
	case KIND_FLOAT:
		if (!pyfloat_value(py, address, &value, NULL))
			return false;
		append_double(out, value, true);
		return true;
	case KIND_COMPLEX:
		return repr_complex(py, address, out);
	default:
		return pyint_append(py, address, out, NULL);
	}
}
