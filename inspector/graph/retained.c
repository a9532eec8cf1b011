#include "inspector/graph/retained.h"

#include "inspector/base/addrmap.h"
#include "inspector/python/refcount.h"
#include "inspector/python/refs.h"
#include "inspector/python/size.h"

#include <stdlib.h>

#define OBJECTS_MAX 1000000

struct release {
	struct python *py;
	struct addrmap lost; /* object -> references to it from objects that go; UINT64_MAX: it goes itself */
	uint64_t *going;     /* objects that go; what they refer to is looked at one after another */
	size_t count, capacity;
};

static void let_go(struct release *r, uint64_t object)
{
	addrmap_put(&r->lost, object, UINT64_MAX);
	r->going = grow_array(r->going, &r->capacity, r->count + 1, sizeof(*r->going));
	r->going[r->count++] = object;
}

static bool visit(void *context, const struct ref *ref)
{
	struct release *r = context;
	uint64_t lost = 0;
	int64_t refcount;

	if (!ref_is_exact(ref))
		return true;
	addrmap_get(&r->lost, ref->target, &lost);
	if (lost == UINT64_MAX || !pyobject_refcount(r->py, ref->target, &refcount, NULL))
		return true;
	if ((int64_t)++lost >= refcount && refcount > 0 && r->count < OBJECTS_MAX)
		let_go(r, ref->target);
	else
		addrmap_put(&r->lost, ref->target, lost);
	return true;
}

uint64_t retained_size(struct python *py, uint64_t object, bool *is_cut)
{
	struct release r = {.py = py};
	uint64_t size = 0;

	let_go(&r, object);
	for (size_t i = 0; i < r.count; i++) {
		struct ref_walk walk = {.py = py, .visit = visit, .context = &r};

		size += pyobject_size(py, r.going[i]);
		refs_of_object(&walk, r.going[i], NULL);
	}
	if (is_cut)
		*is_cut = r.count >= OBJECTS_MAX;
	free(r.going);
	addrmap_deinit(&r.lost);
	return size;
}
