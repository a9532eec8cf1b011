#include "inspector/python/memory.h"

bool error_no_field(const struct python *py, enum field_id id, struct error *err)
{
	const struct field_description *d = layout_describe(id);

	return error_set(err, ERROR_NO_FIELD, "the layout of CPython %s has no %s%s%s", py->version,
		d->type ? d->type : "enumerator", d->member ? "." : "", d->member ? d->member : "");
}

/* *value stays as it was when half of the word cannot be read. */
static inline bool read_here(const struct python *py, uint64_t address, uint64_t *value, struct error *err)
{
	uint64_t word;

	if (!target_read(py->target, address, &word, sizeof(word), err))
		return false;
	*value = word;
	return true;
}

static bool read_raw(const struct python *py, uint64_t address, enum field_id id, size_t size,
	uint64_t *value, struct error *err)
{
	const struct field *field = python_field(py, id);
	uint8_t bytes[8] = {0};

	if (field->offset == NO_OFFSET)
		return error_no_field(py, id, err);
	if (size > sizeof(bytes))
		size = sizeof(bytes);
	if (!target_read(py->target, address + field->offset, bytes, size, err))
		return false;
	*value = load_unsigned(bytes, size);
	return true;
}

bool read_pointer(
	const struct python *py, uint64_t address, enum field_id id, uint64_t *value, struct error *err)
{
	const struct field *field = python_field(py, id);

	if (field->offset == NO_OFFSET)
		return error_no_field(py, id, err);
	return read_here(py, address + field->offset, value, err);
}

bool read_unsigned(
	const struct python *py, uint64_t address, enum field_id id, uint64_t *value, struct error *err)
{
	const struct field *field = python_field(py, id);
	uint64_t raw = 0;

	if (!read_raw(py, address, id, field->size, &raw, err))
		return false;
	*value = extract_bits(raw, field);
	return true;
}

bool read_signed(
	const struct python *py, uint64_t address, enum field_id id, int64_t *value, struct error *err)
{
	const struct field *field = python_field(py, id);
	uint64_t raw = 0;

	if (!read_raw(py, address, id, field->size, &raw, err))
		return false;
	*value = sign_extend(raw, field->size);
	return true;
}

bool read_word(const struct python *py, uint64_t address, uint64_t *value, struct error *err)
{
	return read_here(py, address, value, err);
}

const char *read_cstring(struct python *py, uint64_t address, size_t limit, struct error *err)
{
	size_t extent = target_extent(py->target, address, limit);
	const char *bytes;
	size_t length;

	if (!extent) {
		target_bytes(py->target, address, 1, err);
		return NULL;
	}
	bytes = target_bytes(py->target, address, extent, err);
	if (!bytes)
		return NULL;
	length = strnlen(bytes, extent);
	if (length == extent) {
		error_at(err, ERROR_CORRUPT, address, "a string at 0x%llx has no end",
			(unsigned long long)address);
		return NULL;
	}
	return arena_strndup(py->arena, bytes, length);
}
