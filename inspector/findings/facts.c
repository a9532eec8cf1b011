#include "inspector/findings/facts.h"

#include "inspector/python/dict.h"
#include "inspector/python/memory.h"
#include "inspector/python/sequence.h"
#include "inspector/python/str.h"
#include "inspector/python/type.h"

#include <string.h>

#define ACTION_LIMIT 40
#define PATH_LIMIT   4096

/* A filter is (action, message, category, module, lineno); None and 0 match everything (Lib/warnings.py). */
static bool matches_any_runtime_warning(struct python *py, uint64_t filter)
{
	const struct pytype *category;
	uint64_t message, type, module;

	if (!sequence_item(py, filter, 1, &message, NULL) || !sequence_item(py, filter, 2, &type, NULL) ||
		!sequence_item(py, filter, 3, &module, NULL))
		return false;
	category = pytype_at(py, type, NULL);
	return message == py->none && module == py->none && category &&
	       (strcmp(category->name, "RuntimeWarning") == 0 || strcmp(category->name, "Warning") == 0);
}

static const char *warning_filter(struct python *py, const struct pyinterp *interp)
{
	uint64_t module, filters, filter, action;
	struct sequence_iter iter;

	if (!pyinterp_module(py, interp, "warnings", &module) ||
		!pymodule_get(py, module, "filters", &filters, NULL) ||
		!sequence_open(py, filters, KIND_LIST, &iter, NULL))
		return NULL;
	while (sequence_next(&iter, &filter))
		if (matches_any_runtime_warning(py, filter) && sequence_item(py, filter, 0, &action, NULL))
			return pystr_arena(py, action, ACTION_LIMIT, NULL);
	return "default";
}

static const char *main_folder(struct python *py, const struct pyinterp *interp)
{
	const char *path, *slash;
	uint64_t module, file;

	if (!pyinterp_module(py, interp, "__main__", &module) ||
		!pymodule_get(py, module, "__file__", &file, NULL) ||
		!(path = pystr_arena(py, file, PATH_LIMIT, NULL)) || path[0] != '/' ||
		!(slash = strrchr(path, '/')))
		return NULL;
	return arena_strndup(py->arena, path, (size_t)(slash - path));
}

void facts_read(struct python *py, const struct pythreads *threads, struct facts *facts)
{
	uint64_t tracing, value;
	int64_t depth;

	*facts = (struct facts){.origin_tracking_depth = -1, .tracemalloc = -1, .debug_build = -1};
	for (size_t i = 0; i < threads->count; i++)
		if (read_signed(py, threads->threads[i].address, FIELD_thread_origin_depth, &depth, NULL) &&
			depth >= facts->origin_tracking_depth)
			facts->origin_tracking_depth = (int)depth;
	if (python_has(py, FIELD_runtime_tracemalloc_tracing) &&
		read_unsigned(py, py->runtime, FIELD_runtime_tracemalloc_tracing, &tracing, NULL))
		facts->tracemalloc = tracing != 0;
	if (!threads->interp_count)
		return;
	/* sys.gettotalrefcount is there in builds with Py_DEBUG only. */
	facts->debug_build = pydict_get(py, threads->interps[0].sysdict, "gettotalrefcount", &value, NULL);
	facts->runtime_warning_filter = warning_filter(py, &threads->interps[0]);
	facts->main_folder = main_folder(py, &threads->interps[0]);
}
