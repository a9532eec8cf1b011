/* closure: the variables that a Python function has from the functions around it. */
#ifndef ASYNCINSPECT_PYTHON_CLOSURE_H
#define ASYNCINSPECT_PYTHON_CLOSURE_H

#include "inspector/python/python.h"

/* The value of a variable, by the name that the function has for it. 0: object is no Python function, its
 * __qualname__ is another, it has no such variable, or the variable is unset. */
uint64_t pyclosure_variable(struct python *py, uint64_t object, const char *qualname, const char *variable);

#endif
