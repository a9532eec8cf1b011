#include "inspector/asyncio/iterated.h"

#include "inspector/python/refs.h"

static bool is_iterator(enum type_kind kind)
{
	switch (kind) {
	case KIND_LISTITERATOR:
	case KIND_LISTREVERSEITERATOR:
	case KIND_TUPLEITERATOR:
	case KIND_SEQITERATOR:
	case KIND_DICTITERATOR:
	case KIND_SETITERATOR:
	case KIND_DEQUEITERATOR:
		return true;
	default:
		return false;
	}
}

/* What a frame has on its value stack it is at work with: the items of a call, and from 3.15 on a list or
 * tuple that a for statement goes through, without an iterator (Python/ceval.c,
 * _PyForIter_VirtualIteratorNext). */
static bool is_at_work(enum type_kind kind)
{
	return kind == KIND_LIST || kind == KIND_TUPLE || kind == KIND_SET || kind == KIND_DICT ||
	       kind == KIND_COROUTINE;
}

static bool add(void *context, const struct ref *ref)
{
	addrmap_put(context, ref->target, 0);
	return true;
}

static void look_at(struct python *py, const struct pyframe *frame, struct addrmap *set)
{
	struct ref_walk walk = {.py = py, .visit = add, .context = set};

	for (uint32_t i = 0; frame->code && i < frame->slots; i++) {
		uint64_t object = i < frame->code->nlocalsplus ? pyframe_variable(py, frame, i)
							       : pyframe_slot(py, frame, i);
		const struct pytype *type = object ? pytype_of(py, object, NULL) : NULL;

		if (type && i >= frame->code->nlocalsplus && is_at_work(type->kind))
			addrmap_put(set, object, 0);
		if (type && is_iterator(type->kind) && addrmap_put(set, object, 0))
			refs_of_object(&walk, object, NULL);
	}
}

void iterated_find(const struct asyncio *a, struct addrmap *set)
{
	for (size_t i = 0; i < a->coroutine_count; i++) {
		const struct coroutine *c = &a->coroutines[i];

		if (c->task != NO_INDEX && c->chain.count && c->chain.links[0].has_frame)
			look_at(a->py, &c->chain.links[0].frame, set);
	}
	for (size_t t = 0; t < a->threads.count; t++)
		for (size_t i = 0; i < a->threads.threads[t].frame_count; i++)
			look_at(a->py, &a->threads.threads[t].frames[i], set);
}
