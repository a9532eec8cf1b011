/* repr: what Python's repr() would print of the common builtins, without running anything.
 *
 * Objects whose __repr__ is Python code, or whose type is not known here, are printed as
 * "<module.Class at 0x...>". Bounded in length, in depth and in time; a cycle ends as Python ends it: [...].
 */
#ifndef ASYNCINSPECT_PYTHON_REPR_H
#define ASYNCINSPECT_PYTHON_REPR_H

#include "inspector/base/strbuf.h"
#include "inspector/python/python.h"

/* Appends the repr of the object at address, as UTF-8 that is safe for a terminal. After about limit
 * characters it is cut, and the cut is shown: "..." and, where it is known, how much there is. An object that
 * cannot be read becomes
 * "<unreadable object at 0x...: reason>". Never fails. */
void pyrepr_append(struct python *py, uint64_t address, size_t limit, struct strbuf *out);

/* The same in the arena of py. */
const char *pyrepr(struct python *py, uint64_t address, size_t limit);

#endif
