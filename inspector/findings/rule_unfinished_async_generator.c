#include "inspector/findings/alike.h"
#include "inspector/findings/in_hand.h"
#include "inspector/findings/place.h"
#include "inspector/python/str.h"

#include <string.h>

#define NAME_LIMIT 500
#define PATH_LIMIT 4096

/* The file that a Python class was defined in, by its module; NULL unknown. */
static const char *file_of_class(const struct model *model, const struct pytype *type)
{
	const struct pythreads *threads = &model->asyncio->threads;
	const char *dot = strrchr(type->full_name, '.');
	uint64_t module, file;
	char name[NAME_LIMIT];

	if (!dot || (size_t)(dot - type->full_name) >= sizeof(name))
		return NULL;
	memcpy(name, type->full_name, (size_t)(dot - type->full_name));
	name[dot - type->full_name] = '\0';
	for (size_t i = 0; i < threads->interp_count; i++)
		if (pyinterp_module(model->py, &threads->interps[i], name, &module) &&
			pymodule_get(model->py, module, "__file__", &file, NULL))
			return pystr_arena(model->py, file, PATH_LIMIT, NULL);
	return NULL;
}

/* The object that has it, through nothing but containers: one of a library's classes? Such keep generators in
 * which a step of theirs stands, to go on with it later: aiohttp's cleanup contexts, fixtures of tests. */
static bool is_kept_by_library(const struct model *model, const struct path *path)
{
	for (size_t i = path->count; i-- > 0;) {
		const struct pytype *type = pytype_of(model->py, path->steps[i].from, NULL);

		if (!type)
			return false;
		if (type->is_python)
			return place_is_installed(file_of_class(model, type));
		if (type->kind != KIND_LIST && type->kind != KIND_TUPLE && type->kind != KIND_DICT &&
			type->kind != KIND_SET && type->kind != KIND_DEQUE)
			return false;
	}
	return false;
}

/* An async generator that stands in the middle of its body while no frame iterates it. */
static bool is_unfinished(const struct model *model, const struct orphan *orphan)
{
	return model->asyncio->coroutines[orphan->coroutine].gen.kind == KIND_ASYNCGEN &&
	       !is_in_hand(model, &orphan->retention);
}

static bool is_in_library(const struct model *model, const struct orphan *orphan)
{
	for (size_t i = 0; i < orphan->retention.path_count; i++)
		if (is_kept_by_library(model, &orphan->retention.paths[i]))
			return true;
	return false;
}

static bool is_left(const struct model *model, const struct orphan *orphan, const void *context)
{
	(void)context;
	return is_unfinished(model, orphan) && !is_in_library(model, orphan);
}

static bool is_kept(const struct model *model, const struct orphan *orphan, const void *context)
{
	(void)context;
	return is_unfinished(model, orphan) && is_in_library(model, orphan);
}

void rule_unfinished_async_generator(struct model *model)
{
	static const char rule[] = "unfinished-async-generator",
			  advice[] = "Its finally blocks have not run: iterate it inside `async with "
				     "contextlib.aclosing(...)`.";

	findings_of_orphans(model, rule, SEVERITY_WARNING, is_left, NULL, advice);
	findings_of_orphans(model, rule, SEVERITY_INFO, is_kept, NULL, advice);
}
