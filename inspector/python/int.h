/* int: values of int, bool and float objects (Include/cpython/longintrepr.h). */
#ifndef ASYNCINSPECT_PYTHON_INT_H
#define ASYNCINSPECT_PYTHON_INT_H

#include "inspector/base/strbuf.h"
#include "inspector/python/python.h"

/* The value of an int. ERROR_CORRUPT when the object is no int, ERROR_LIMIT when the value does not fit. */
bool pyint_signed(struct python *py, uint64_t address, int64_t *value, struct error *err);
bool pyint_unsigned(struct python *py, uint64_t address, uint64_t *value, struct error *err);

/* Appends the decimal digits of an int of any size up to 1,000 digits of 30 bits; larger ones as
 * "<int of N bits>". */
bool pyint_append(struct python *py, uint64_t address, struct strbuf *out, struct error *err);

bool pyfloat_value(struct python *py, uint64_t address, double *value, struct error *err);

#endif
