#include "inspector/asyncio/chain.h"

#include "inspector/python/memory.h"

#include <stdlib.h>
#include <string.h>

/* Longer chains than this are damage: CPython's own recursion limits end long before. */
#define LINKS_MAX (1 << 22)

/* So many are looked through faster than a map is made. */
#define FEW 16

struct builder {
	struct python *py;
	struct asyncio_classes *classes;
	const struct stack_index *stacks;
	struct chain *chain;
	struct link *links; /* grows; moved to the arena at the end */
	size_t capacity;
	/* Objects of the chain: one that comes again ends it. Most chains are short. */
	uint64_t first[FEW];
	size_t seen_count;
	struct addrmap seen; /* when there are more than a few */
};

const char *link_kind_name(enum link_kind kind)
{
	static const char *const names[] = {
		"coroutine", "async_generator", "generator", "function", "awaitable"};

	return names[kind];
}

/* One more, to be filled in. */
static struct link *add(struct builder *b)
{
	b->links = grow_array(b->links, &b->capacity, b->chain->count + 1, sizeof(*b->links));
	return &b->links[b->chain->count++];
}

static enum link_kind link_kind_of(enum type_kind kind)
{
	return kind == KIND_COROUTINE  ? LINK_COROUTINE
	       : kind == KIND_ASYNCGEN ? LINK_ASYNC_GENERATOR
				       : LINK_GENERATOR;
}

/* The frame is in the link. */
static void take_frame(struct link *link)
{
	link->has_frame = true;
	link->file = link->frame.code->filename;
	link->line = pyframe_line(&link->frame);
}

static struct link generator_without_frame(struct python *py, const struct pygen *gen)
{
	return (struct link){.kind = link_kind_of(gen->kind),
		.address = gen->address,
		.gen = *gen,
		.qualname = pygen_qualname(py, gen)};
}

static void name_link(struct link *link)
{
	if (!link->qualname)
		link->qualname = link->has_frame ? link->frame.code->qualname : "?";
}

static struct link generator_link(struct python *py, const struct pygen *gen)
{
	struct link link = generator_without_frame(py, gen);
	struct error err = ERROR_INIT;

	if (gen->state != GEN_CLOSED) {
		if (pygen_frame(py, gen, &link.frame, &err))
			take_frame(&link);
		else
			python_note_unreadable(py, &err);
	}
	name_link(&link);
	return link;
}

void chain_own_frame(struct python *py, const struct pygen *gen, struct chain *chain)
{
	*chain = (struct chain){.count = 1, .is_running = gen->state == GEN_RUNNING};
	chain->links = arena_alloc(py->arena, sizeof(*chain->links));
	chain->links[0] = generator_link(py, gen);
}

/* The code object that came with a thread's frame is another python's to change when this one is a fork: each
 * keeps the line that it was asked for last. */
static void add_function(struct builder *b, const struct pyframe *frame)
{
	const struct pycode *code = pycode_at(b->py, frame->code->address, NULL);
	struct link *link = add(b);

	*link = (struct link){.kind = LINK_FUNCTION,
		.address = frame->address,
		.qualname = frame->code->qualname,
		.frame = *frame};
	if (code)
		link->frame.code = code;
	take_frame(link);
}

/* The frames that a running generator has called: those below it on the thread's stack, innermost last. */
static void follow_stack(struct builder *b, uint64_t generator)
{
	const struct pythread *thread;
	uint64_t place;
	size_t at;

	b->chain->is_running = true;
	if (!addrmap_get(&b->stacks->by_generator, generator, &place))
		return;
	thread = &b->stacks->threads->threads[place >> 32];
	for (at = place & UINT32_MAX; at-- > 0;) {
		const struct pyframe *frame = &thread->frames[at];
		uint64_t inner = pygen_of_frame(b->py, frame);
		struct pygen gen;

		if (inner && addrmap_get(&b->stacks->task_coroutines, inner, NULL))
			return;
		if (inner && pygen_read(b->py, inner, &gen, NULL))
			*add(b) = generator_link(b->py, &gen);
		else
			add_function(b, frame);
	}
}

/* The object inside of one of the interpreter's own wrappers; 0 when the type is none. */
static uint64_t unwrap(struct python *py, const struct pytype *type, uint64_t object)
{
	enum field_id field;
	uint64_t inner;

	switch (type->kind) {
	case KIND_COROWRAPPER:
		field = FIELD_wrapper_coroutine;
		break;
	case KIND_ASEND:
		field = FIELD_asend_generator;
		break;
	case KIND_ATHROW:
		field = FIELD_athrow_generator;
		break;
	case KIND_ANEXT:
		field = FIELD_anext_wrapped;
		break;
	case KIND_FUTUREITER:
		field = FIELD_futureiter_future;
		break;
	default:
		return 0;
	}
	return read_pointer(py, object, field, &inner, NULL) ? inner : 0;
}

uint64_t chain_next(struct python *py, const struct pygen *gen)
{
	uint64_t awaited;

	if (!pygen_awaited(py, gen, &awaited, NULL))
		return 0;
	/* No wrapper holds a wrapper of the same kind: the bound is for damage. */
	for (int i = 0; awaited && i < 8; i++) {
		const struct pytype *type = pytype_of(py, awaited, NULL);
		uint64_t inner = type ? unwrap(py, type, awaited) : 0;

		if (!inner)
			break;
		awaited = inner;
	}
	return awaited;
}

/* The link of a generator, and what it awaits: one look at its frame for both. */
static bool generator_step(
	struct python *py, const struct pygen *gen, struct link *link, uint64_t *awaited, struct error *err)
{
	*link = generator_without_frame(py, gen);
	if (gen->state != GEN_SUSPENDED || !pygen_frame(py, gen, &link->frame, NULL)) {
		if (!pygen_awaited(py, gen, awaited, err))
			return false;
		*link = generator_link(py, gen);
		return true;
	}
	take_frame(link);
	name_link(link);
	return pygen_awaited_in(py, gen, &link->frame, awaited, err);
}

/* One generator: listed, and what it awaits is next. */
static uint64_t step_generator(struct builder *b, uint64_t object, const struct pytype *type)
{
	size_t before = b->chain->count;
	uint64_t awaited = 0;
	struct error err;
	struct pygen gen;

	error_init(&err);
	if (!pygen_read_typed(b->py, object, type, &gen, &err) ||
		!generator_step(b->py, &gen, add(b), &awaited, &err)) {
		python_note_unreadable(b->py, &err);
		b->chain->count = before;
		b->chain->is_cut = true;
		return 0;
	}
	if (gen.state == GEN_RUNNING)
		follow_stack(b, object);
	return awaited;
}

/* Looks at one object of the chain; returns the next, 0 at the end. */
static uint64_t step(struct builder *b, uint64_t object)
{
	const struct pytype *type;
	struct error err;
	uint64_t inner;

	error_init(&err);
	type = pytype_of(b->py, object, &err);
	if (!type) {
		python_note_unreadable(b->py, &err);
		b->chain->is_cut = true;
		return 0;
	}
	if (kind_is_generator(type->kind))
		return step_generator(b, object, type);
	inner = unwrap(b->py, type, object);
	if (inner)
		return inner;
	if (role_is_future(asyncio_role_of_type(b->py, b->classes, type)))
		b->chain->future = object;
	else
		*add(b) =
			(struct link){.kind = LINK_AWAITABLE, .address = object, .qualname = type->full_name};
	return 0;
}

/* Notes the object; false: it was there before. */
static bool is_new(struct builder *b, uint64_t object)
{
	size_t few = b->seen_count < FEW ? b->seen_count : FEW;

	for (size_t i = 0; i < few; i++)
		if (b->first[i] == object)
			return false;
	if (b->seen_count++ < FEW) {
		b->first[few] = object;
		return true;
	}
	return addrmap_put(&b->seen, object, 0);
}

void chain_follow(struct python *py, struct asyncio_classes *classes, const struct stack_index *stacks,
	uint64_t start, struct chain *chain)
{
	struct builder b = {.py = py, .classes = classes, .stacks = stacks, .chain = chain};
	uint64_t at = start;

	*chain = (struct chain){0};
	while (at) {
		if (chain->count >= LINKS_MAX || !is_new(&b, at)) {
			chain->is_cut = true;
			break;
		}
		at = step(&b, at);
	}
	chain->links = arena_alloc(py->arena, chain->count * sizeof(*chain->links));
	if (chain->count)
		memcpy(chain->links, b.links, chain->count * sizeof(*chain->links));
	free(b.links);
	addrmap_deinit(&b.seen);
}
