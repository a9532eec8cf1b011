#include "inspector/python/refcount.h"

#include "inspector/python/era.h"

/* Include/refcount.h, Include/internal/pycore_object.h */
#define LOCAL_IMMORTAL UINT32_MAX
#define SHARED_SHIFT   2
#define DEFERRED       (INT64_MAX / 8)
/* Include/internal/pycore_gc.h, _PyGC_BITS_DEFERRED */
#define DEFERRED_BIT (1 << 6)

/* Free-threaded: what the thread that made the object holds, and what all others do, which may be negative.
 * An object whose references on stacks are not counted has a large number on top, or (3.13) one reference
 * that nobody has (Objects/object.c, _PyObject_SetDeferredRefcount). */
static int64_t split_count(const struct python *py, const struct body *head)
{
	uint64_t local = body_unsigned(py, head, FIELD_object_ref_local);
	int64_t count = (int64_t)local + (body_signed(py, head, FIELD_object_ref_shared) >> SHARED_SHIFT);

	if (local == LOCAL_IMMORTAL)
		return REFCOUNT_IMMORTAL;
	if (count > DEFERRED / 2)
		return count - DEFERRED;
	return count - (body_unsigned(py, head, FIELD_object_gc_bits) & DEFERRED_BIT ? 1 : 0);
}

int64_t pyobject_refcount_here(const struct python *py, const struct body *head)
{
	int64_t count;

	if (python_is_free_threaded(py))
		return split_count(py, head);
	count = body_signed(py, head, FIELD_object_refcnt);
	return py->era->has_immortals && (int32_t)count < 0 ? REFCOUNT_IMMORTAL : count;
}

bool pyobject_refcount(struct python *py, uint64_t object, int64_t *count, struct error *err)
{
	struct body head;

	if (!python_is_free_threaded(py) && !python_has(py, FIELD_object_refcnt))
		return error_no_field(py, FIELD_object_refcnt, err);
	if (!body_open(py, object, python_sizeof(py, FIELD_sizeof_object), &head, err))
		return false;
	*count = pyobject_refcount_here(py, &head);
	return true;
}
