#include "inspector/asyncio/asyncgen.h"

#include "inspector/python/refs.h"

/* How far from the value stack: the method of an AsyncExitStack, that, its dictionary, a deque, a pair, the
 * method of a context manager, that, its dictionary. */
#define HOPS_MAX 9
/* Objects looked at for one slot. */
#define BUDGET 256

struct search {
	struct python *py;
	struct asyncio_classes *classes;
	struct addrmap *in_use;
	uint64_t by;
	unsigned hops;
	unsigned budget;
};

static void look(struct search *s, uint64_t object);

static bool visit(void *context, const struct ref *ref)
{
	struct search *s = context;

	look(s, ref->target);
	return s->budget > 0;
}

static bool is_worth_following(struct search *s, const struct pytype *type)
{
	switch (type->kind) {
	case KIND_OBJECT:
	case KIND_METHOD:
	case KIND_DICT:
	case KIND_DEQUE:
	case KIND_TUPLE:
	case KIND_LIST:
	case KIND_PARTIAL:
	case KIND_ASEND:
	case KIND_ATHROW:
	case KIND_ANEXT:
		return asyncio_role_of_type(s->py, s->classes, type) == ROLE_NONE;
	default:
		return false;
	}
}

static void look(struct search *s, uint64_t object)
{
	const struct pytype *type = pytype_of(s->py, object, NULL);
	struct ref_walk walk = {.py = s->py, .visit = visit, .context = s};

	if (!type || !s->budget)
		return;
	s->budget--;
	if (type->kind == KIND_ASYNCGEN) {
		addrmap_put(s->in_use, object, s->by);
		return;
	}
	if (s->hops == HOPS_MAX || !is_worth_following(s, type))
		return;
	s->hops++;
	refs_of_object(&walk, object, NULL);
	s->hops--;
}

void asyncgen_mark_used(struct python *py, struct asyncio_classes *classes, const struct pyframe *frame,
	uint64_t by, struct addrmap *in_use)
{
	for (uint32_t i = frame->code ? frame->code->nlocalsplus : 0; i < frame->slots; i++) {
		struct search s = {
			.py = py, .classes = classes, .in_use = in_use, .by = by, .budget = BUDGET};
		uint64_t object = pyframe_slot(py, frame, i);

		if (object)
			look(&s, object);
	}
}
