#include "inspector/findings/arguments.h"

#include "inspector/python/repr.h"

/* The first variables of a frame are the parameters: positional ones, keyword-only ones, *args, **kwargs
 * (Include/cpython/code.h). They are given in the order in which they are declared. */
static void add_argument(struct python *py, const struct pyframe *frame, uint32_t slot, const char *stars,
	size_t repr_limit, struct orphan *orphan)
{
	struct argument *argument = &orphan->arguments[orphan->argument_count];
	uint64_t value = pyframe_variable(py, frame, slot);

	argument->name = pycode_local_name(py, frame->code, slot);
	if (!argument->name || slot >= frame->code->nlocalsplus)
		return;
	argument->stars = stars;
	argument->value = value ? pyrepr(py, value, repr_limit) : "<unset>";
	orphan->argument_count++;
}

static void read_arguments(
	struct python *py, const struct pyframe *frame, size_t repr_limit, struct orphan *orphan)
{
	const struct pycode *code = frame->code;
	bool has_args = code->flags & CODE_VARARGS, has_kwargs = code->flags & CODE_VARKEYWORDS;
	uint64_t named = (uint64_t)code->argcount + code->kwonlyargcount;

	if (code->argcount > code->nlocalsplus || named > code->nlocalsplus)
		return;
	orphan->arguments = arena_alloc(py->arena, (named + 2) * sizeof(*orphan->arguments));
	for (uint32_t i = 0; i < code->argcount; i++)
		add_argument(py, frame, i, "", repr_limit, orphan);
	if (has_args)
		add_argument(py, frame, (uint32_t)named, "*", repr_limit, orphan);
	for (uint32_t i = code->argcount; i < named; i++)
		add_argument(py, frame, i, "", repr_limit, orphan);
	if (has_kwargs)
		add_argument(py, frame, (uint32_t)named + has_args, "**", repr_limit, orphan);
}

void arguments_read(
	struct python *py, const struct coroutine *coroutine, size_t repr_limit, struct orphan *orphan)
{
	struct pyframe frame;

	if (pygen_frame(py, &coroutine->gen, &frame, NULL) && frame.code)
		read_arguments(py, &frame, repr_limit, orphan);
	if (coroutine->gen.kind == KIND_COROUTINE)
		creation_of_coroutine(py, coroutine->gen.origin, &orphan->creation);
}
