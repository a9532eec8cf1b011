/* exception: what an exception object says: its text, and the exceptions that it came of. */
#ifndef ASYNCINSPECT_PYTHON_EXCEPTION_H
#define ASYNCINSPECT_PYTHON_EXCEPTION_H

#include "inspector/python/type.h"

/* Its only argument when that is a str: what str(exception) gives for nearly all. NULL: it has none, several,
 * or another. At most limit characters; in the arena of py. */
const char *pyexception_text(struct python *py, uint64_t exception, size_t limit);

/* The exception of which it is the consequence: its __cause__, otherwise its __context__; 0 none. Whether it
 * suppresses the context is not asked: that is about printing. */
uint64_t pyexception_origin(struct python *py, uint64_t exception);

/* Whether it is, or came of, one that a class with this full name ("asyncio.exceptions.CancelledError") or a
 * subclass of it describes. Follows pyexception_origin for a bounded number of steps. */
bool pyexception_has(struct python *py, uint64_t exception, const char *class_name);

#endif
