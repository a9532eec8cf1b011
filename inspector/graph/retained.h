/* retained: what would be freed together with an object.
 *
 * Reference counting is followed as CPython would: an object goes when every reference to it comes from
 * objects that go. What only a cycle keeps is not among it: the collector frees that later. References from C
 * code, which no object has, keep what they refer to. */
#ifndef ASYNCINSPECT_GRAPH_RETAINED_H
#define ASYNCINSPECT_GRAPH_RETAINED_H

#include "inspector/python/python.h"

/* Bytes of the object and of all that goes with it. Looks at these and at their direct references only. After
 * a million objects the sum is cut and *is_cut (may be NULL) is true. */
uint64_t retained_size(struct python *py, uint64_t object, bool *is_cut);

#endif
