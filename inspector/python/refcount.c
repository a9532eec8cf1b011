#include "inspector/python/refcount.h"

#include "inspector/python/era.h"
#include "inspector/python/memory.h"

bool pyobject_refcount(struct python *py, uint64_t object, int64_t *count, struct error *err)
{
	if (!read_signed(py, object, FIELD_object_refcnt, count, err))
		return false;
	if (py->era->has_immortals && (int32_t)*count < 0)
		*count = REFCOUNT_IMMORTAL;
	return true;
}
