#include "inspector/findings/arguments.h"

#include "inspector/python/int.h"
#include "inspector/python/repr.h"
#include "inspector/python/sequence.h"
#include "inspector/python/str.h"

#define NAME_LIMIT   4096
#define CREATION_MAX 1000

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

/* cr_origin is a tuple of (filename, lineno, function name) tuples (Objects/genobject.c, compute_cr_origin).
 */
static bool read_creation_frame(struct python *py, uint64_t entry, struct creation_frame *frame)
{
	uint64_t file, line, name, number;

	if (!sequence_item(py, entry, 0, &file, NULL) || !sequence_item(py, entry, 1, &line, NULL) ||
		!sequence_item(py, entry, 2, &name, NULL) || !pyint_unsigned(py, line, &number, NULL))
		return false;
	frame->file = pystr_arena(py, file, NAME_LIMIT, NULL);
	frame->qualname = pystr_arena(py, name, NAME_LIMIT, NULL);
	frame->line = (uint32_t)number;
	return frame->file && frame->qualname;
}

static void read_creation(struct python *py, uint64_t origin, struct orphan *orphan)
{
	struct sequence_iter iter;
	uint64_t entry;

	if (!origin || origin == py->none || !sequence_open(py, origin, KIND_TUPLE, &iter, NULL) ||
		iter.count > CREATION_MAX)
		return;
	orphan->creation = arena_alloc(py->arena, iter.count * sizeof(*orphan->creation));
	while (sequence_next(&iter, &entry))
		orphan->creation_count +=
			read_creation_frame(py, entry, &orphan->creation[orphan->creation_count]);
}

void arguments_read(
	struct python *py, const struct coroutine *coroutine, size_t repr_limit, struct orphan *orphan)
{
	struct pyframe frame;

	if (pygen_frame(py, &coroutine->gen, &frame, NULL) && frame.code)
		read_arguments(py, &frame, repr_limit, orphan);
	if (coroutine->gen.kind == KIND_COROUTINE)
		read_creation(py, coroutine->gen.origin, orphan);
}
