#include "inspector/python/int.h"

#include "inspector/python/memory.h"
#include "inspector/python/type.h"

#include <stdlib.h>
#include <string.h>

#define DIGIT_BITS 30 /* PyLong_SHIFT, of every 64-bit build */
#define DIGITS_MAX 1000

struct digits {
	bool is_negative;
	uint64_t count;
	const uint8_t *bytes; /* count little-endian 32-bit digits; borrowed */
	size_t limit;	      /* digits that are there, at most DIGITS_MAX */
};

static bool open_digits(struct python *py, uint64_t address, struct digits *d, struct error *err)
{
	const struct pytype *type = pytype_of(py, address, err);

	if (!type)
		return false;
	if (!pytype_is_int(type))
		return error_at(err, ERROR_CORRUPT, address, "the object at 0x%llx is a %s, not an int",
			(unsigned long long)address, type->name);
	if (python_has(py, FIELD_int_tag)) { /* 3.12: two bits of sign, a flag, the number of digits */
		uint64_t tag;

		if (!read_unsigned(py, address, FIELD_int_tag, &tag, err))
			return false;
		d->is_negative = (tag & 3) == 2;
		d->count = (tag & 3) == 1 ? 0 : tag >> 3;
	} else { /* the sign is that of ob_size */
		int64_t size;

		if (!read_signed(py, address, FIELD_var_size, &size, err))
			return false;
		d->is_negative = size < 0;
		d->count = size < 0 ? -(uint64_t)size : (uint64_t)size;
	}
	d->limit = d->count < DIGITS_MAX ? d->count : DIGITS_MAX;
	d->bytes = target_bytes(py->target, address + python_field(py, FIELD_int_digits)->offset,
		d->limit ? 4 * d->limit : 4, err);
	return d->bytes != NULL;
}

static uint32_t digit_at(const struct digits *d, size_t i)
{
	return (uint32_t)load_unsigned(d->bytes + 4 * i, 4);
}

static bool magnitude(
	struct python *py, uint64_t address, struct digits *d, uint64_t *value, struct error *err)
{
	if (!open_digits(py, address, d, err))
		return false;
	*value = 0;
	if (d->count > 3 || (d->count == 3 && digit_at(d, 2) > 15))
		return error_at(err, ERROR_LIMIT, address, "an int of more than 64 bits");
	for (size_t i = 0; i < d->count; i++)
		*value |= (uint64_t)digit_at(d, i) << (DIGIT_BITS * i);
	return true;
}

bool pyint_unsigned(struct python *py, uint64_t address, uint64_t *value, struct error *err)
{
	struct digits d;

	if (!magnitude(py, address, &d, value, err))
		return false;
	if (d.is_negative && *value)
		return error_at(err, ERROR_LIMIT, address, "a negative int");
	return true;
}

bool pyint_signed(struct python *py, uint64_t address, int64_t *value, struct error *err)
{
	struct digits d;
	uint64_t size;

	if (!magnitude(py, address, &d, &size, err))
		return false;
	if (size > (uint64_t)INT64_MAX + d.is_negative)
		return error_at(err, ERROR_LIMIT, address, "an int of more than 63 bits");
	*value = d.is_negative ? (int64_t)(0 - size) : (int64_t)size;
	return true;
}

bool pyint_append(struct python *py, uint64_t address, struct strbuf *out, struct error *err)
{
	uint32_t chunks[(DIGITS_MAX * DIGIT_BITS) / 29 + 2]; /* base 10^9, which has more than 29 bits */
	size_t used = 1;
	struct digits d;

	if (!open_digits(py, address, &d, err))
		return false;
	if (d.count > DIGITS_MAX) {
		strbuf_printf(out, "<int of about %llu bits>", (unsigned long long)(d.count * DIGIT_BITS));
		return true;
	}
	chunks[0] = 0;
	for (size_t i = d.count; i-- > 0;) {
		uint64_t carry = digit_at(&d, i);

		for (size_t k = 0; k < used; k++) {
			carry += (uint64_t)chunks[k] << DIGIT_BITS;
			chunks[k] = (uint32_t)(carry % 1000000000);
			carry /= 1000000000;
		}
		while (carry) {
			chunks[used++] = (uint32_t)(carry % 1000000000);
			carry /= 1000000000;
		}
	}
	if (d.is_negative)
		strbuf_append_char(out, '-');
	strbuf_printf(out, "%u", chunks[used - 1]);
	for (size_t k = used - 1; k-- > 0;)
		strbuf_printf(out, "%09u", chunks[k]);
	return true;
}

bool pyfloat_value(struct python *py, uint64_t address, double *value, struct error *err)
{
	const struct pytype *type = pytype_of(py, address, err);

	if (!type)
		return false;
	if (type->kind != KIND_FLOAT)
		return error_at(err, ERROR_CORRUPT, address, "not a float");
	return target_read(py->target, address + python_field(py, FIELD_float_value)->offset, value,
		sizeof(*value), err);
}
