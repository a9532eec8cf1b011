#include "inspector/python/python.h"

#include "inspector/python/dict.h"
#include "inspector/python/era.h"
#include "inspector/python/int.h"
#include "inspector/python/memory.h"
#include "inspector/python/type.h"
#include "inspector/target/children.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More interpreters than this are a damaged list. */
#define INTERPRETERS_MAX 4096
#define THREADS_MAX	 (1 << 20)
/* A second look finds such a thread a step further; when not, the answer says what could not be read. */
#define FRAME_TRIES 5

static bool defines_runtime(struct module *m, struct symbol *runtime)
{
	struct error ignored;

	return module_open(m, &ignored) && module_symbol(m, "_PyRuntime", runtime, &ignored);
}

/* The module that defines _PyRuntime: libpython when there is one, else the executable, else any other file
 * (an embedding program may carry CPython under any name). Passes: likely names first, so that an ordinary
 * process opens one file. */
static struct module *find_runtime(struct module_list *list, const char *executable, struct symbol *runtime)
{
	for (int pass = 0; pass < 3; pass++) {
		for (size_t i = 0; i < module_count(list); i++) {
			struct module *m = module_at(list, i);
			const char *path = module_path(m);
			const char *slash = strrchr(path, '/');
			bool is_lib = strncmp(slash ? slash + 1 : path, "libpython", 9) == 0;
			bool is_exe = strcmp(path, executable) == 0;
			int turn = is_lib ? 0 : is_exe ? 1 : 2;

			if (turn == pass && defines_runtime(m, runtime))
				return m;
		}
	}
	return NULL;
}

static struct module *find_extension(struct module_list *list, const char *prefix)
{
	for (size_t i = 0; i < module_count(list); i++) {
		struct module *m = module_at(list, i);
		const char *slash = strrchr(module_path(m), '/');

		if (slash && strncmp(slash + 1, prefix, strlen(prefix)) == 0)
			return m;
	}
	return NULL;
}

void python_format_version(uint32_t hex, char *text, size_t size)
{
	unsigned level = hex >> 4 & 15, serial = hex & 15;
	int used = snprintf(text, size, "%u.%u.%u", hex >> 24, hex >> 16 & 255, hex >> 8 & 255);

	if (level != 15 && used > 0 && (size_t)used < size)
		snprintf(text + used, size - (size_t)used, "%s%u",
			level == 10   ? "a"
			: level == 11 ? "b"
			: level == 12 ? "rc"
				      : "?",
			serial);
}

static bool unsupported(const struct python *py, struct error *err)
{
	error_set(err, ERROR_UNSUPPORTED, "CPython %s, which this program does not read yet", py->version);
	return error_advise(err, "It reads CPython %s.", era_known_versions());
}

static bool version_from_name(struct python *py, struct error *err)
{
	const char *slash = strrchr(module_path(py->module), '/');

	if (!era_version_of_file(slash ? slash + 1 : module_path(py->module), &py->hexversion)) {
		error_set(err, ERROR_UNSUPPORTED, "the version of the CPython in %s cannot be told",
			module_path(py->module));
		return error_advise(
			err, "It is older than 3.11, and its file is not named after its version.");
	}
	snprintf(py->version, sizeof(py->version), "%u.%u", py->hexversion >> 24, py->hexversion >> 16 & 255);
	py->version_is_partial = true;
	return true;
}

/* Py_Version (Python/getversion.c, exported since 3.11) holds PY_VERSION_HEX in read-only data. */
static bool read_version(struct python *py, struct error *err)
{
	struct symbol symbol;
	uint8_t bytes[4];

	if (!module_symbol(py->module, "Py_Version", &symbol, NULL)) {
		if (!version_from_name(py, err))
			return false;
	} else {
		if (!target_read(py->target, symbol.address, bytes, sizeof(bytes), err))
			return false;
		py->hexversion = (uint32_t)load_unsigned(bytes, sizeof(bytes));
		python_format_version(py->hexversion, py->version, sizeof(py->version));
	}
	py->era = era_find(py->hexversion);
	return py->era || unsupported(py, err);
}

void python_confirm_version(struct python *py, uint64_t sysdict)
{
	uint64_t object, hexversion;

	if (!py->version_is_partial || !pydict_get(py, sysdict, "hexversion", &object, NULL) ||
		!pyint_unsigned(py, object, &hexversion, NULL) || hexversion >> 16 != py->hexversion >> 16)
		return;
	py->hexversion = (uint32_t)hexversion;
	py->version_is_partial = false;
	python_format_version(py->hexversion, py->version, sizeof(py->version));
}

static uint64_t symbol_address(struct python *py, const char *name)
{
	struct symbol symbol;

	return module_symbol(py->module, name, &symbol, NULL) ? symbol.address : 0;
}

static void find_singletons(struct python *py)
{
	py->none = symbol_address(py, "_Py_NoneStruct");
	py->true_object = symbol_address(py, "_Py_TrueStruct");
	py->false_object = symbol_address(py, "_Py_FalseStruct");
	py->code_type = symbol_address(py, "PyCode_Type");
}

/* A file that may well be CPython and cannot be opened says more than that there is no CPython. */
static bool missing_python(struct python *py, struct error *err)
{
	for (size_t i = 0; i < module_count(py->modules); i++) {
		struct module *m = module_at(py->modules, i);
		const char *slash = strrchr(module_path(m), '/');

		if (strncmp(slash ? slash + 1 : module_path(m), "libpython", 9) == 0 &&
			!module_open(m, err)) {
			if (err && !err->advice[0])
				error_advise(err,
					"%sive the root of the file system that the program ran in "
					"with --sysroot DIR.",
					target_kind(py->target) == TARGET_LIVE
						? "As root the file can be read from the process itself; or g"
						: "G");
			return true;
		}
	}
	return false;
}

static bool not_python(struct python *py, struct error *err)
{
	const char *executable = target_executable(py->target);
	pid_t child = 0;

	if (missing_python(py, err))
		return false;
	error_set(err, ERROR_NOT_FOUND, "%s is not a Python process: no mapped file defines _PyRuntime",
		executable[0] ? executable : "the target");
	if (target_kind(py->target) == TARGET_LIVE)
		child = children_find(target_pid(py->target), "python");
	if (child)
		error_advise(err, "Its child %d is one: asyncinspect --pid %d", (int)child, (int)child);
	return false;
}

struct layout_request python_layout_request(const struct python *py)
{
	struct symbol runtime = {0};

	module_symbol(py->module, "_PyRuntime", &runtime, NULL);
	return (struct layout_request){
		.target = py->target,
		.python = py->module,
		.asyncio = py->asyncio,
		.runtime = py->runtime,
		.runtime_size = runtime.size,
		.hexversion = py->hexversion,
	};
}

static bool open_python(struct python *py, const struct python_options *options, struct error *err)
{
	struct symbol runtime = {0};
	struct layout_request request;

	py->modules = module_list_create(py->target, &options->modules, err);
	if (!py->modules)
		return false;
	py->module = find_runtime(py->modules, target_executable(py->target), &runtime);
	if (!py->module)
		return not_python(py, err);
	py->runtime = runtime.address;
	py->asyncio = find_extension(py->modules, "_asyncio.");
	if (!read_version(py, err))
		return false;
	find_singletons(py);
	request = python_layout_request(py);
	request.sources = options->layout_sources;
	request.use_cache = options->use_cache;
	return layout_resolve(&py->layout, &request, err);
}

struct python *python_open(struct target *target, const struct python_options *options, struct error *err)
{
	struct python *py = xcalloc(1, sizeof(*py));

	py->target = target;
	py->arena = arena_create();
	if (!open_python(py, options, err)) {
		python_close(py);
		return NULL;
	}
	return py;
}

void python_close(struct python *py)
{
	if (!py)
		return;
	layout_deinit(&py->layout);
	module_list_destroy(py->modules);
	addrmap_deinit(&py->types);
	addrmap_deinit(&py->codes);
	addrmap_deinit(&py->strings);
	arena_destroy(py->arena);
	free(py);
}

struct python *python_fork(const struct python *py)
{
	struct python *fork = xmalloc(sizeof(*fork));

	*fork = *py;
	fork->arena = arena_create();
	/* Types do not change once they are read, and most are known by now. */
	fork->types = addrmap_copy(&py->types);
	fork->codes = fork->strings = (struct addrmap)ADDRMAP_INIT;
	fork->sources = NULL;
	fork->unreadable = 0;
	return fork;
}

void python_take_over(struct python *py, const struct python *fork)
{
	for (size_t i = 0; i < fork->types.size; i++)
		if (fork->types.slots[i].key && fork->types.slots[i].value)
			pytype_adopt(py, (const struct pytype *)(uintptr_t)fork->types.slots[i].value);
	if (fork->unreadable && !py->unreadable)
		py->first_unreadable = fork->first_unreadable;
	py->unreadable += fork->unreadable;
}

void python_join(struct python *py, struct python *fork)
{
	python_take_over(py, fork);
	python_discard(fork);
}

void python_discard(struct python *fork)
{
	addrmap_deinit(&fork->types);
	addrmap_deinit(&fork->codes);
	addrmap_deinit(&fork->strings);
	arena_destroy(fork->arena);
	free(fork);
}

uint64_t python_gc_state(const struct python *py, uint64_t interp)
{
	if (python_has(py, FIELD_interp_gc))
		return interp + python_field(py, FIELD_interp_gc)->offset;
	return py->runtime + python_field(py, FIELD_runtime_gc)->offset;
}

/* Python/ceval.c of 3.11 and 3.12: as C calls Python, tstate->cframe is set to a struct on the C stack, and
 * only then that struct's current_frame. What was there before may be anything. */
static bool has_top_frame(const struct python *py, uint64_t thread)
{
	uint64_t cframe, frame, code, type;

	if (!read_pointer(py, thread, FIELD_thread_cframe, &cframe, NULL) || !cframe)
		return true;
	return read_pointer(py, cframe, FIELD_cframe_current_frame, &frame, NULL) &&
	       (!frame || (read_pointer(py, frame, FIELD_frame_code, &code, NULL) &&
				  read_pointer(py, code, FIELD_object_type, &type, NULL) &&
				  type == py->code_type));
}

static bool have_top_frames(const struct python *py, uint64_t interp)
{
	uint64_t thread;

	if (!read_pointer(py, interp, FIELD_interp_threads_head, &thread, NULL))
		return true;
	for (int i = 0; thread && i < THREADS_MAX; i++)
		if (!has_top_frame(py, thread) || !read_pointer(py, thread, FIELD_thread_next, &thread, NULL))
			return false;
	return true;
}

bool python_settled(struct target *target, void *context)
{
	struct python *py = context;
	bool asks_for_frames = target_kind(target) == TARGET_LIVE && py->code_type &&
			       python_has(py, FIELD_cframe_current_frame) && py->frame_tries < FRAME_TRIES;
	uint64_t interp;

	if (!read_pointer(py, py->runtime, FIELD_runtime_interpreters_head, &interp, NULL))
		return true;
	for (int i = 0; interp && i < INTERPRETERS_MAX; i++) {
		uint64_t collecting;

		if (read_unsigned(py, python_gc_state(py, interp), FIELD_gc_collecting, &collecting, NULL) &&
			collecting)
			return false;
		if (asks_for_frames && !have_top_frames(py, interp)) {
			py->frame_tries++;
			return false;
		}
		if (!read_pointer(py, interp, FIELD_interp_next, &interp, NULL))
			return true;
	}
	return true;
}

void python_note_unreadable(struct python *py, const struct error *err)
{
	if (py->unreadable++ == 0 && err)
		py->first_unreadable = *err;
}
