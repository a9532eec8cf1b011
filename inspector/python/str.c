#include "inspector/python/str.h"

#include "inspector/python/memory.h"
#include "inspector/python/type.h"

#include <string.h>

#define LIMIT_MAX ((size_t)1 << 28)

/* Where the characters start. Include/cpython/unicodeobject.h, PyUnicode_DATA. */
static bool find_data(struct python *py, const struct body *head, uint64_t *data, struct error *err)
{
	if (!body_unsigned(py, head, FIELD_str_compact))
		return read_pointer(py, head->address, FIELD_str_data, data, err);
	*data = head->address + (body_unsigned(py, head, FIELD_str_ascii)
						? python_sizeof(py, FIELD_sizeof_str_ascii)
						: python_sizeof(py, FIELD_sizeof_str_compact));
	return true;
}

bool pystr_open(struct python *py, uint64_t address, size_t limit, struct pystr *str, struct error *err)
{
	const struct pytype *type = pytype_of(py, address, err);
	struct body head;
	uint64_t data;

	if (!type)
		return false;
	if (!pytype_is_str(type))
		return error_at(err, ERROR_CORRUPT, address, "the object at 0x%llx is a %s, not a str",
			(unsigned long long)address, type->name);
	if (!body_open(py, address, python_sizeof(py, FIELD_sizeof_str_ascii), &head, err) ||
		!find_data(py, &head, &data, err))
		return false;
	if (limit > LIMIT_MAX)
		limit = LIMIT_MAX;
	str->length = body_unsigned(py, &head, FIELD_str_length);
	str->width = (unsigned)body_unsigned(py, &head, FIELD_str_kind);
	if (str->width != 1 && str->width != 2 && str->width != 4)
		return error_at(err, ERROR_CORRUPT, address, "the str at 0x%llx has an impossible kind",
			(unsigned long long)address);
	str->count = str->length < limit ? str->length : limit;
	str->bytes = NULL;
	if (!str->count)
		return true;
	str->bytes = target_bytes(py->target, data, str->count * str->width, err);
	return str->bytes != NULL;
}

uint32_t pystr_character(const struct pystr *str, size_t i)
{
	return (uint32_t)load_unsigned(str->bytes + i * str->width, str->width);
}

/* Characters that are their own UTF-8, and none of them NUL. */
static bool is_plain(const struct pystr *str)
{
	size_t i = 0;

	while (str->width == 1 && i < str->count && str->bytes[i] && str->bytes[i] < 0x80)
		i++;
	return str->width == 1 && i == str->count;
}

bool pystr_append(struct python *py, uint64_t address, size_t limit, struct strbuf *out, bool *is_cut,
	struct error *err)
{
	struct pystr str;

	if (!pystr_open(py, address, limit, &str, err))
		return false;
	if (str.count && is_plain(&str))
		strbuf_append_bytes(out, (const char *)str.bytes, str.count);
	else
		for (size_t i = 0; i < str.count; i++)
			strbuf_append_codepoint(out, pystr_character(&str, i));
	if (is_cut)
		*is_cut = str.length > str.count;
	return true;
}

const char *pystr_arena(struct python *py, uint64_t address, size_t limit, struct error *err)
{
	struct strbuf s = STRBUF_INIT;
	const char *text = NULL;
	uint64_t known;
	bool is_cut;

	/* What is kept was not cut; it is short enough for any limit that its bytes fit into. */
	if (addrmap_get(&py->strings, address, &known) && strlen((const char *)(uintptr_t)known) <= limit)
		return (const char *)(uintptr_t)known;
	if (pystr_append(py, address, limit, &s, &is_cut, err)) {
		if (is_cut)
			strbuf_append(&s, "...");
		text = arena_strndup(py->arena, strbuf_text(&s), s.length);
		if (!is_cut)
			addrmap_put(&py->strings, address, (uint64_t)(uintptr_t)text);
	}
	strbuf_deinit(&s);
	return text;
}

bool pystr_equals(struct python *py, uint64_t address, const char *wanted)
{
	size_t length = strlen(wanted);
	struct pystr str;

	if (!pystr_open(py, address, length, &str, NULL) || str.length != length)
		return false;
	for (size_t i = 0; i < length; i++)
		if (pystr_character(&str, i) != (uint8_t)wanted[i])
			return false;
	return true;
}
