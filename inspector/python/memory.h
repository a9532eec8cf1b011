/* memory: reading fields of the target's structs.
 *
 * A body is a piece of a struct or an object, borrowed from the target: one check, then plain loads. Fields
 * that reach beyond the body, or are absent, read as 0: ask python_has() first where 0 would be a lie. */
#ifndef ASYNCINSPECT_PYTHON_MEMORY_H
#define ASYNCINSPECT_PYTHON_MEMORY_H

#include "inspector/python/python.h"

#include <string.h>

struct body {
	uint64_t address;
	const uint8_t *bytes; /* borrowed as target_bytes has it */
	size_t size;
};

/* Borrows size bytes at address. */
static inline bool body_open(
	const struct python *py, uint64_t address, size_t size, struct body *body, struct error *err)
{
	const uint8_t *bytes = target_bytes(py->target, address, size, err);

	if (!bytes)
		return false;
	*body = (struct body){address, bytes, size};
	return true;
}

/* Of size bytes, at most 8. The sizes that C has are loads; any other would be a call of memcpy. */
static inline uint64_t load_unsigned(const uint8_t *bytes, size_t size)
{
	uint64_t value = 0;
	uint32_t four;
	uint16_t two;

	if (size >= 8) {
		memcpy(&value, bytes, 8); /* x86_64 and aarch64 are little-endian */
	} else if (size == 4) {
		memcpy(&four, bytes, 4);
		value = four;
	} else if (size == 1) {
		value = *bytes;
	} else if (size == 2) {
		memcpy(&two, bytes, 2);
		value = two;
	} else {
		memcpy(&value, bytes, size);
	}
	return value;
}

static inline uint64_t extract_bits(uint64_t value, const struct field *field)
{
	if (!field->bits)
		return value;
	value >>= field->bit & 63;
	return field->bits < 64 ? value & ((UINT64_C(1) << field->bits) - 1) : value;
}

static inline int64_t sign_extend(uint64_t value, size_t bytes)
{
	unsigned shift = bytes < 8 ? (unsigned)(64 - 8 * bytes) : 0;

	return (int64_t)(value << shift) >> shift;
}

/* The member as an unsigned number of its own size; bit-fields are taken out of their bytes. */
static inline uint64_t body_unsigned(const struct python *py, const struct body *body, enum field_id id)
{
	const struct field *field = python_field(py, id);

	if ((uint64_t)field->offset + field->size > body->size) /* NO_OFFSET is past any body */
		return 0;
	return extract_bits(load_unsigned(body->bytes + field->offset, field->size), field);
}

/* The member as a signed number of its own size. Not for bit-fields. */
static inline int64_t body_signed(const struct python *py, const struct body *body, enum field_id id)
{
	return sign_extend(body_unsigned(py, body, id), python_field(py, id)->size);
}

/* The member as an address, whatever its declared size (a member declared as an array of pointers). */
static inline uint64_t body_pointer(const struct python *py, const struct body *body, enum field_id id)
{
	const struct field *field = python_field(py, id);

	if ((uint64_t)field->offset + 8 > body->size)
		return 0;
	return load_unsigned(body->bytes + field->offset, 8);
}

/* The same, one field at a time: the struct starts at address. An absent field is ERROR_NO_FIELD. */
bool read_pointer(
	const struct python *py, uint64_t address, enum field_id id, uint64_t *value, struct error *err);
bool read_unsigned(
	const struct python *py, uint64_t address, enum field_id id, uint64_t *value, struct error *err);
bool read_signed(
	const struct python *py, uint64_t address, enum field_id id, int64_t *value, struct error *err);

/* A pointer-sized word. */
bool read_word(const struct python *py, uint64_t address, uint64_t *value, struct error *err);

/* A NUL-terminated string of at most limit bytes, in the arena; bytes as they are. */
const char *read_cstring(struct python *py, uint64_t address, size_t limit, struct error *err);

/* ERROR_NO_FIELD that names the field. Returns false. */
bool error_no_field(const struct python *py, enum field_id id, struct error *err);

#endif
