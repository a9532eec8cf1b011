/* repr_text: the repr of strings, bytes and numbers. Private to repr. */
#ifndef ASYNCINSPECT_PYTHON_REPR_TEXT_H
#define ASYNCINSPECT_PYTHON_REPR_TEXT_H

#include "inspector/base/strbuf.h"
#include "inspector/python/type.h"

/* A str, bytes or bytearray, quoted as Python quotes it, at most limit characters; a cut is shown by "..."
 * and the whole length. False when it cannot be read. */
bool repr_text(
	struct python *py, uint64_t address, const struct pytype *type, size_t limit, struct strbuf *out);

/* A bool, int, float or complex. False when it cannot be read. */
bool repr_number(struct python *py, uint64_t address, const struct pytype *type, struct strbuf *out);

#endif
