#include "inspector/report/json_out.h"

#include "inspector/base/alloc.h"
#include "inspector/report/json_parts.h"

#include <stdlib.h>
#include <string.h>

/* A pipe takes so much at once. */
#define WORTH_WRITING ((size_t)64 << 10)

void json_out_deinit(struct json_out *out)
{
	free(out->text);
	out->text = NULL;
	out->length = out->capacity = 0;
}

void json_out_flush(struct json_out *out, bool all)
{
	if (!out->length || (!all && out->length < WORTH_WRITING))
		return;
	if (fwrite(out->text, 1, out->length, out->file) != out->length)
		out->has_failed = true;
	out->last = out->text[out->length - 1];
	out->length = 0;
}

/* Room for so many bytes, which the caller writes at once: to append is most of what is done here. */
static char *reserve(struct json_out *out, size_t size)
{
	char *at;

	if (out->capacity - out->length < size)
		out->text = grow_array(out->text, &out->capacity, out->length + size, 1);
	at = out->text + out->length;
	out->length += size;
	return at;
}

static void put_bytes(struct json_out *out, const char *bytes, size_t size)
{
	memcpy(reserve(out, size), bytes, size);
}

void json_put_raw(struct json_out *out, const char *text)
{
	put_bytes(out, text, strlen(text));
}

/* A value or a member is the first of its object or array when a bracket stands before it: a text ends with a
 * quotation mark, whatever is in it. Around the elements of the answer json.c has put white space. */
static bool is_first(const struct json_out *out)
{
	char last = out->length ? out->text[out->length - 1] : out->last;

	return (last & ~0x20) == '[' || (unsigned char)last <= ' '; /* '{' is '[' and 0x20 */
}

/* To call memcpy for a few bytes costs more than to copy them. The last eight, or four, may overlap those
 * before them. Returns the end. */
static inline char *copy_few(char *to, const char *from, size_t length)
{
	if (length >= 8) {
		for (size_t i = 0; i + 8 < length; i += 8)
			memcpy(to + i, from + i, 8);
		memcpy(to + length - 8, from + length - 8, 8);
	} else if (length >= 4) {
		memcpy(to, from, 4);
		memcpy(to + length - 4, from + length - 4, 4);
	} else {
		for (size_t i = 0; i < length; i++)
			to[i] = from[i];
	}
	return to + length;
}

/* The name, and room for so many bytes of the value behind it, which the caller writes at once. */
static inline char *put_name(struct json_out *out, struct json_name name, size_t size)
{
	bool is_next = !is_first(out);
	char *at = reserve(out, is_next + (name.text ? name.length + 3 : 0) + size);

	if (is_next)
		*at++ = ',';
	if (!name.text)
		return at;
	*at++ = '"';
	at = copy_few(at, name.text, name.length);
	at[0] = '"';
	at[1] = ':';
	return at + 2;
}

void json_put_object_as(struct json_out *out, struct json_name name)
{
	*put_name(out, name, 1) = '{';
}

void json_end_object(struct json_out *out)
{
	*reserve(out, 1) = '}';
}

void json_put_array_as(struct json_out *out, struct json_name name)
{
	*put_name(out, name, 1) = '[';
}

void json_end_array(struct json_out *out)
{
	*reserve(out, 1) = ']';
}

/* Sixteen at once: texts are half of an answer. The compiler makes of it what the machine has. */
typedef uint8_t bytes16 __attribute__((vector_size(16)));

static inline bytes16 special_bytes(const char *text)
{
	bytes16 bytes;

	memcpy(&bytes, text, sizeof(bytes));
	return (bytes16)(bytes - 0x20 >= 0x7f - 0x20) | (bytes16)(bytes == '"') | (bytes16)(bytes == '\\');
}

/* Whether all of the bytes are ASCII that stands for itself in JSON and on a terminal. What is looked at last
 * may overlap what was before. */
static bool is_plain(const char *text, size_t length)
{
	char few[sizeof(bytes16)] = "                ";
	bytes16 special = {0};
	uint64_t halves[2];

	if (length >= sizeof(special)) {
		for (size_t i = 0; i + sizeof(special) < length; i += sizeof(special))
			special |= special_bytes(text + i);
		special |= special_bytes(text + length - sizeof(special));
	} else {
		copy_few(few, text, length);
		special = special_bytes(few);
	}
	memcpy(halves, &special, sizeof(halves));
	return !(halves[0] | halves[1]);
}

void json_put_text_as(struct json_out *out, struct json_name name, const char *text)
{
	size_t length = text ? strlen(text) : 0;
	char *at;

	if (!text) {
		json_put_null_as(out, name);
		return;
	}
	if (!is_plain(text, length)) {
		json_put(out, name.text, json_text(text));
		return;
	}
	at = put_name(out, name, length + 2);
	at[0] = '"';
	memcpy(at + 1, text, length);
	at[length + 1] = '"';
}

void json_put_address_as(struct json_out *out, struct json_name name, uint64_t address)
{
	int shift;
	char *at;

	if (!address) {
		json_put_null_as(out, name);
		return;
	}
	shift = (63 - __builtin_clzll(address)) & ~3;
	at = put_name(out, name, (size_t)shift / 4 + 5);
	memcpy(at, "\"0x", 3);
	for (at += 3; shift >= 0; shift -= 4)
		*at++ = "0123456789abcdef"[address >> shift & 15];
	*at = '"';
}

void json_put_integer_as(struct json_out *out, struct json_name name, int64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;

	do
		digits[--at] = (char)('0' + rest % 10);
	while (rest /= 10);
	if (value < 0)
		digits[--at] = '-';
	memcpy(put_name(out, name, sizeof(digits) - at), digits + at, sizeof(digits) - at);
}

void json_put_boolean_as(struct json_out *out, struct json_name name, bool value)
{
	if (value)
		memcpy(put_name(out, name, 4), "true", 4);
	else
		memcpy(put_name(out, name, 5), "false", 5);
}

void json_put_null_as(struct json_out *out, struct json_name name)
{
	memcpy(put_name(out, name, 4), "null", 4);
}

/* JSON lets C1 controls, DEL and marks of direction stand as they are, and a terminal obeys them: they are
 * escaped as JSON escapes. The library hands over whole characters, and these only within strings. */
static int put_safe(const char *bytes, size_t size, void *context)
{
	struct json_out *out = context;
	char escape[16];

	while (size) {
		uint32_t c;
		size_t span = utf8_safe_span(bytes, size, &c);

		put_bytes(out, bytes, span);
		if (span == size)
			break;
		if (c >= 0x10000)
			snprintf(escape, sizeof(escape), "\\u%04x\\u%04x", 0xd7c0 + (c >> 10),
				0xdc00 + (c & 0x3ff));
		else
			snprintf(escape, sizeof(escape), "\\u%04x", c);
		json_put_raw(out, escape);
		span += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		bytes += span;
		size -= span;
	}
	return 0;
}

void json_put(struct json_out *out, const char *name, json_t *value)
{
	put_name(out, json_name(name), 0);
	if (json_dump_callback(
		    value, put_safe, out, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)) != 0)
		out->has_failed = true;
	json_decref(value);
}
