#include "inspector/python/str.h"

#include "inspector/python/memory.h"
#include "inspector/python/type.h"

#include <string.h>

/* A str as it lies in memory. */
struct text {
	uint64_t length;      /* characters */
	unsigned width;	      /* bytes a character: 1, 2, 4 */
	const uint8_t *bytes; /* borrowed; only the first `wanted` characters are sure to be there */
};

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

static bool open_text(
	struct python *py, uint64_t address, size_t wanted, struct text *text, struct error *err)
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
	text->length = body_unsigned(py, &head, FIELD_str_length);
	text->width = (unsigned)body_unsigned(py, &head, FIELD_str_kind);
	if (text->width != 1 && text->width != 2 && text->width != 4)
		return error_at(err, ERROR_CORRUPT, address, "the str at 0x%llx has an impossible kind",
			(unsigned long long)address);
	if (text->length < wanted)
		wanted = text->length;
	text->bytes = target_bytes(py->target, data, wanted * text->width, err);
	return text->bytes || !wanted;
}

bool pystr_append(struct python *py, uint64_t address, size_t limit, struct strbuf *out, bool *is_cut,
	struct error *err)
{
	struct text text = {0};
	size_t count;

	if (limit > (size_t)1 << 28)
		limit = (size_t)1 << 28;
	if (!open_text(py, address, limit, &text, err))
		return false;
	count = text.length < limit ? text.length : limit;
	for (size_t i = 0; i < count; i++)
		strbuf_append_codepoint(
			out, (uint32_t)load_unsigned(text.bytes + i * text.width, text.width));
	if (is_cut)
		*is_cut = text.length > limit;
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
	struct text text = {0};

	if (!open_text(py, address, length, &text, NULL) || text.length != length)
		return false;
	for (size_t i = 0; i < length; i++)
		if (load_unsigned(text.bytes + i * text.width, text.width) != (uint8_t)wanted[i])
			return false;
	return true;
}
