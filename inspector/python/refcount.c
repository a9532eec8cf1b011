#include "inspector/python/refcount.h"

#include "inspector/python/era.h"
#include "inspector/python/memory.h"

/* Include/refcount.h, Include/internal/pycore_object.h */
#define LOCAL_IMMORTAL UINT32_MAX
#define SHARED_SHIFT   2
#define DEFERRED       (INT64_MAX / 8)
/* Include/internal/pycore_gc.h, _PyGC_BITS_DEFERRED */
#define DEFERRED_BIT (1 << 6)

/* Free-threaded: what the thread that made the object holds, and what all others do, which may be negative.
 * An object whose references on stacks are not counted has a large number on top, or (3.13) one reference
 * that nobody has (Objects/object.c, _PyObject_SetDeferredRefcount). */
static bool split_count(struct python *py, uint64_t object, int64_t *count, struct error *err)
{
	uint64_t local, bits;
	int64_t shared;

	if (!read_unsigned(py, object, FIELD_object_ref_local, &local, err) ||
		!read_signed(py, object, FIELD_object_ref_shared, &shared, err))
		return false;
	if (local == LOCAL_IMMORTAL) {
		*count = REFCOUNT_IMMORTAL;
		return true;
	}
	*count = (int64_t)local + (shared >> SHARED_SHIFT);
	if (*count > DEFERRED / 2)
		*count -= DEFERRED;
	else if (read_unsigned(py, object, FIELD_object_gc_bits, &bits, NULL) && bits & DEFERRED_BIT)
		*count -= 1;
	return true;
}

bool pyobject_refcount(struct python *py, uint64_t object, int64_t *count, struct error *err)
{
	if (python_is_free_threaded(py))
		return split_count(py, object, count, err);
	if (!read_signed(py, object, FIELD_object_refcnt, count, err))
		return false;
	if (py->era->has_immortals && (int32_t)*count < 0)
		*count = REFCOUNT_IMMORTAL;
	return true;
}
