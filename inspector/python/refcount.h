/* refcount: ob_refcnt, with the counts that mean "for ever" told apart. */
#ifndef ASYNCINSPECT_PYTHON_REFCOUNT_H
#define ASYNCINSPECT_PYTHON_REFCOUNT_H

#include "inspector/python/memory.h"

#define REFCOUNT_IMMORTAL INT64_MAX

/* REFCOUNT_IMMORTAL for an object that is never freed (Include/refcount.h: from 3.12 on the low 32 bits are
 * negative; free-threaded: the local part is all ones). */
bool pyobject_refcount(struct python *py, uint64_t object, int64_t *count, struct error *err);

/* The same of an object whose first bytes are here. */
int64_t pyobject_refcount_here(const struct python *py, const struct body *head);

#endif
