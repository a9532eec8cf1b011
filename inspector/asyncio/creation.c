#include "inspector/asyncio/creation.h"

#include "inspector/python/instance.h"
#include "inspector/python/int.h"
#include "inspector/python/sequence.h"
#include "inspector/python/str.h"

#define NAME_LIMIT 4096
#define FRAMES_MAX 1000

const char *creation_source_name(enum creation_source source)
{
	return source == CREATION_ORIGIN ? "origin" : source == CREATION_DEBUG ? "debug" : NULL;
}

static bool set_frame(
	struct python *py, uint64_t file, uint64_t line, uint64_t name, struct creation_frame *frame)
{
	uint64_t number;

	if (!pyint_unsigned(py, line, &number, NULL))
		return false;
	frame->file = pystr_arena(py, file, NAME_LIMIT, NULL);
	frame->qualname = pystr_arena(py, name, NAME_LIMIT, NULL);
	frame->line = (uint32_t)number;
	return frame->file && frame->qualname;
}

static bool read_origin_entry(struct python *py, uint64_t entry, struct creation_frame *frame)
{
	uint64_t file, line, name;

	return sequence_item(py, entry, 0, &file, NULL) && sequence_item(py, entry, 1, &line, NULL) &&
	       sequence_item(py, entry, 2, &name, NULL) && set_frame(py, file, line, name, frame);
}

static bool read_summary(struct python *py, uint64_t entry, struct creation_frame *frame)
{
	uint64_t file, line, name;

	return instance_get(py, entry, "filename", &file, NULL) &&
	       instance_get(py, entry, "lineno", &line, NULL) &&
	       instance_get(py, entry, "name", &name, NULL) && set_frame(py, file, line, name, frame);
}

static bool open_frames(struct python *py, uint64_t container, enum type_kind kind,
	struct sequence_iter *iter, struct creation *creation)
{
	*creation = (struct creation){.source = CREATION_NONE};
	if (!container || container == py->none || !sequence_open(py, container, kind, iter, NULL) ||
		iter->count > FRAMES_MAX)
		return false;
	creation->frames = arena_alloc(py->arena, iter->count * sizeof(*creation->frames));
	return true;
}

void creation_of_coroutine(struct python *py, uint64_t origin, struct creation *creation)
{
	struct sequence_iter iter;
	uint64_t entry;

	if (!open_frames(py, origin, KIND_TUPLE, &iter, creation))
		return;
	while (sequence_next(&iter, &entry))
		creation->count += read_origin_entry(py, entry, &creation->frames[creation->count]);
	if (creation->count)
		creation->source = CREATION_ORIGIN;
}

/* A traceback has the outermost frame first: turned round. */
void creation_of_task(struct python *py, uint64_t source_traceback, struct creation *creation)
{
	struct sequence_iter iter;
	uint64_t entry;

	if (!open_frames(py, source_traceback, KIND_LIST, &iter, creation))
		return;
	while (sequence_next(&iter, &entry))
		creation->count += read_summary(py, entry, &creation->frames[creation->count]);
	for (size_t i = 0; i < creation->count / 2; i++) {
		struct creation_frame swapped = creation->frames[i];

		creation->frames[i] = creation->frames[creation->count - 1 - i];
		creation->frames[creation->count - 1 - i] = swapped;
	}
	if (creation->count)
		creation->source = CREATION_DEBUG;
}
