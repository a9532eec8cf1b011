#include "inspector/findings/arguments.h"

#include "inspector/python/repr.h"

/* The first variables of a frame are the parameters: positional, keyword-only, *args, **kwargs
 * (Include/cpython/code.h). */
static uint32_t parameter_count(const struct pycode *code)
{
	uint64_t count = (uint64_t)code->argcount + code->kwonlyargcount;

	count += (code->flags & CODE_VARARGS) != 0;
	count += (code->flags & CODE_VARKEYWORDS) != 0;
	return count < code->nlocalsplus ? (uint32_t)count : code->nlocalsplus;
}

static void read_arguments(
	struct python *py, const struct pyframe *frame, size_t repr_limit, struct orphan *orphan)
{
	uint32_t count = parameter_count(frame->code);

	orphan->arguments = arena_alloc(py->arena, count * sizeof(*orphan->arguments));
	for (uint32_t i = 0; i < count; i++) {
		struct argument *argument = &orphan->arguments[orphan->argument_count];
		uint64_t value = pyframe_variable(py, frame, i);

		argument->name = pycode_local_name(py, frame->code, i);
		if (!argument->name)
			continue;
		argument->value = value ? pyrepr(py, value, repr_limit) : "<unset>";
		orphan->argument_count++;
	}
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
