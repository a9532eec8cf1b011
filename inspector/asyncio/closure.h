/* closure: what a function of asyncio's keeps in the cells of its closure. */
#ifndef ASYNCINSPECT_ASYNCIO_CLOSURE_H
#define ASYNCINSPECT_ASYNCIO_CLOSURE_H

#include "inspector/python/python.h"

/* The variable of a function's closure, by name; 0 when function is no Python function of that __qualname__,
 * has no such variable, or the variable is not set. */
uint64_t closure_variable(struct python *py, uint64_t function, const char *qualname, const char *variable);

#endif
