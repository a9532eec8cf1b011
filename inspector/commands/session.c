#include "inspector/commands/session.h"

#include "inspector/commands/gdb_target.h"
#include "inspector/python/era.h"
#include "inspector/report/await_tree.h"
#include "inspector/report/json.h"
#include "inspector/target/memory_limit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Of the target's memory; what is made of it comes on top. */
#define LOW_MEMORY_KEEPS (UINT64_C(32) << 20)

static bool open_target(struct session *s, const struct options *o, struct error *err)
{
	const struct target_options target_options = {
		.executable = o->executable,
		.sysroot = o->sysroot,
		.library_dirs = o->library_dirs,
		.no_stop = o->no_stop,
		.kept_most = o->low_memory ? LOW_MEMORY_KEEPS : 0,
		.progress = s->progress,
	};

	s->target = o->core ? target_open_core(o->core, &target_options, err)
			    : target_open_process(o->pid, &target_options, err);
	return s->target != NULL;
}

static bool open_python(struct session *s, struct error *err)
{
	const struct options *o = s->options;
	const struct python_options python_options = {
		.modules = {.debug_dirs = o->debug_dirs, .sysroot = o->sysroot},
		.layout_sources = o->layout_sources,
		.use_cache = o->use_cache,
	};

	s->python = python_open(s->target, &python_options, err);
	if (s->python)
		s->python->progress = s->progress;
	return s->python != NULL;
}

/* A small process stands still for longer while an answer is made from its pages than while it is copied. */
#define HOLD_FROM (UINT64_C(64) << 20)

/* With --all the heap is asked too. */
static bool is_worth_holding(const struct session *s)
{
	const struct options *o = s->options;

	if (o->low_memory)
		return true;
	return o->command->needs == NEEDS_PAGES && !o->is_unfolded && target_resident(s->target) >= HOLD_FROM;
}

bool session_open(struct session *s, const struct options *o, struct error *err)
{
	*s = (struct session){.options = o, .is_settled = true};
	if (o->command->needs != NEEDS_NOTHING)
		s->progress = progress_start();
	if (!open_target(s, o, err) || !open_python(s, err))
		return false;
	if (o->command->needs == NEEDS_NOTHING)
		return true;
	return (is_worth_holding(s) ? target_hold : target_capture)(
		s->target, python_settled, s->python, &s->is_settled, err);
}

static void free_filter(struct session *s)
{
	free(s->kept_tasks);
	free(s->kept_coroutines);
	free(s->kept_nodes);
	s->kept_tasks = s->kept_coroutines = s->kept_nodes = NULL;
}

void session_close(struct session *s)
{
	free_filter(s);
	model_destroy(s->model);
	python_close(s->python);
	target_close(s->target);
	progress_destroy(s->progress);
}

/* What was learned of a process that runs again is worth nothing: all of it starts anew. */
static bool capture_instead(struct session *s, struct error *err)
{
	model_destroy(s->model);
	s->model = NULL;
	python_close(s->python);
	s->python = NULL;
	target_forget(s->target);
	return open_python(s, err) &&
	       target_capture(s->target, python_settled, s->python, &s->is_settled, err);
}

/* Reading a task page by page takes about 20 us, copying memory less than a second for 4 GiB: more tasks than
 * this are read faster from a copy, if there is room for one. */
static size_t tasks_worth_holding(const struct session *s)
{
	uint64_t resident = target_resident(s->target), most = resident / 80000;

	if (!target_is_held(s->target) || s->options->low_memory || resident > memory_available() / 2)
		return 0;
	return most > 1000 ? most : 1000;
}

/* Orphans that the filter does not let through are dropped. */
static void filter_orphans(struct model *model, const bool *kept)
{
	size_t count = 0;

	for (size_t i = 0; i < model->orphan_count; i++)
		if (kept[model->orphans[i].coroutine])
			model->orphans[count++] = model->orphans[i];
	model->orphan_count = count;
}

static void apply_filter(struct session *s, const struct filter *filter)
{
	const struct asyncio *a = s->model->asyncio;

	free_filter(s);
	s->kept_tasks = xcalloc(a->task_count, sizeof(bool));
	s->kept_coroutines = xcalloc(a->coroutine_count, sizeof(bool));
	s->kept_nodes = xcalloc(s->model->awaits->count, sizeof(bool));
	for (size_t i = 0; i < a->task_count; i++)
		s->kept_tasks[i] = filter_has_task(filter, &s->model->facts, &a->tasks[i]);
	for (size_t i = 0; i < a->coroutine_count; i++)
		s->kept_coroutines[i] = filter_has_coroutine(filter, &s->model->facts, &a->coroutines[i]);
	tree_keep(s->model->awaits, s->kept_tasks, s->kept_nodes);
	filter_orphans(s->model, s->kept_coroutines);
}

bool session_build_model(struct session *s, const struct model_options *wants, struct error *err)
{
	struct model_options first = *wants;

	model_destroy(s->model);
	s->model = NULL;
	if (wants->needs_heap || wants->needs_graph || wants->needs_orphans || wants->needs_wakes) {
		if (target_is_held(s->target) && !s->options->low_memory && !capture_instead(s, err))
			return false;
	} else {
		first.tasks_most = tasks_worth_holding(s);
	}
	s->model = model_build(s->python, &first, err);
	if (s->model && s->model->asyncio->is_cut)
		s->model = capture_instead(s, err) ? model_build(s->python, wants, err) : NULL;
	if (!target_is_whole(s->target, err)) {
		model_destroy(s->model);
		s->model = NULL;
		return false;
	}
	if (s->model && s->model->is_interrupted)
		s->status = STATUS_INTERRUPTED;
	if (!s->model && progress_is_interrupted(s->progress))
		error_set(err, ERROR_INTERRUPTED, "interrupted before there was an answer");
	if (s->model && filter_is_set(&s->options->filter))
		apply_filter(s, &s->options->filter);
	return s->model != NULL;
}

void session_warn(const char *text)
{
	struct strbuf safe = STRBUF_INIT;

	strbuf_append_safe(&safe, text);
	fprintf(stderr, "asyncinspect: warning: %s\n", strbuf_text(&safe));
	strbuf_deinit(&safe);
}

void session_print_warnings(const struct session *s)
{
	bool is_cut = (s->model && s->model->is_interrupted) || (s->target && target_is_cut(s->target));
	const char *const *warnings;
	size_t count;

	if (s->options->gdb && s->options->gdb->note)
		session_warn(s->options->gdb->note);
	if (!s->target)
		return;
	warnings = target_warnings(s->target, &count);
	for (size_t i = 0; i < count; i++)
		session_warn(warnings[i]);
	for (size_t i = 0; s->python && i < s->python->layout.note_count; i++)
		if (s->python->layout.notes[i].is_warning)
			session_warn(s->python->layout.notes[i].text);
	if (s->python && !era_is_tested(s->python->hexversion)) {
		char *text = xasprintf("CPython %s was not tested with this program, which knows %s",
			s->python->version, era_known_versions());

		session_warn(text);
		free(text);
	}
	if (is_cut)
		session_warn("interrupted: only what was known by then is here");
	if (!s->is_settled)
		session_warn(
			"a garbage collection was running: objects that it was looking at may be missing");
	else if (s->model && !s->model->asyncio->heap_is_complete)
		session_warn(
			"the collector's lists could not be followed to their end: objects may be missing");
	if (s->python && s->python->unreadable && !is_cut) {
		char *text = xasprintf("%zu thing%s could not be read; the first: %s", s->python->unreadable,
			s->python->unreadable == 1 ? "" : "s", s->python->first_unreadable.text);

		session_warn(text);
		free(text);
	}
}

/* In GDB its own setting stands for the environment, which it has looked at when it started. */
static bool wants_color(const struct options *o, bool is_terminal)
{
	const char *no_color = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE"),
		   *cli = getenv("CLICOLOR"), *term = getenv("TERM");

	if (o->color != WHEN_AUTO)
		return o->color == WHEN_ALWAYS;
	if (o->gdb && o->gdb->answer.is_open)
		return o->gdb->answer.is_terminal && o->gdb->state.has_style;
	if (no_color && *no_color)
		return false;
	if (force && *force && strcmp(force, "0") != 0)
		return true;
	return is_terminal && !(cli && strcmp(cli, "0") == 0) && !(term && strcmp(term, "dumb") == 0);
}

static enum sort_key sort_key(const char *key)
{
	static const char *const names[] = {
		[SORT_PATH] = "path",
		[SORT_RETAINED] = "retained",
		[SORT_NAME] = "name",
		[SORT_ADDRESS] = "address",
		[SORT_BYTES] = "bytes",
		[SORT_COUNT] = "count",
	};

	for (size_t i = 0; key && i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(key, names[i], strlen(names[i])) == 0)
			return (enum sort_key)i;
	return SORT_PATH;
}

struct view session_view(const struct session *s, unsigned show)
{
	const struct gdb *gdb = s->options->gdb;
	bool is_terminal = isatty(STDOUT_FILENO);
	size_t width = 0, height = 0;
	struct winsize size;

	if (is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
		width = size.ws_col;
		height = size.ws_row;
	}
	if (gdb && gdb->answer.is_open) {
		width = (size_t)gdb->state.width;
		height = 0;
		is_terminal = gdb->answer.is_terminal && width > 0;
	}
	/* Not "none": nobody has looked. */
	if (s->model && s->model->is_interrupted)
		show &= ~(unsigned)((s->model->has_orphans ? 0 : SHOW_ORPHANS) |
				    (s->model->has_findings ? 0 : SHOW_FINDINGS));
	return (struct view){
		.model = s->model,
		.py = s->python,
		.show = show,
		.with_locals = s->options->with_locals,
		.repr_limit = s->options->repr_limit,
		.rows_most = s->options->rows_most,
		.depth = s->options->depth,
		.sort = sort_key(s->options->sort),
		.kept_tasks = s->kept_tasks,
		.kept_coroutines = s->kept_coroutines,
		.kept_nodes = s->kept_nodes,
		.with_frames = s->options->with_frames,
		.is_unfolded = s->options->is_unfolded,
		.is_terminal = is_terminal,
		.width = width,
		.height = height,
		.with_color = wants_color(s->options, is_terminal),
	};
}

static bool cannot_write(struct error *err)
{
	return error_errno(err, errno, "cannot write the answer");
}

static bool print_now(const struct view *view, const struct options *options, print_fn print)
{
	if (options->as_json)
		return json_write(view, stdout);
	print(view);
	return true;
}

/* To print is to read names and values of the target, and a reader of ours may take its time: so it is
 * printed into memory while the process is held. */
static bool print_held(
	const struct view *view, const struct options *options, print_fn print, struct error *err)
{
	FILE *out = stdout;
	char *text = NULL;
	size_t size = 0;
	bool done;

	stdout = open_memstream(&text, &size);
	if (!stdout) {
		stdout = out;
		return cannot_write(err);
	}
	done = print_now(view, options, print);
	done &= fclose(stdout) == 0;
	stdout = out;
	if (!target_is_whole(view->py->target, err)) {
		free(text);
		return false;
	}
	target_let_go(view->py->target);
	progress_stop(view->py->progress);
	done = done && fwrite(text, 1, size, stdout) == size;
	free(text);
	return done || cannot_write(err);
}

/* From here on this program waits for the reader, and SIGINT ends it. */
bool session_print(const struct view *view, const struct options *options, print_fn print, struct error *err)
{
	if (target_is_held(view->py->target)) {
		if (!print_held(view, options, print, err))
			return false;
	} else {
		progress_stop(view->py->progress);
		if (!print_now(view, options, print))
			return cannot_write(err);
	}
	return (fflush(stdout) == 0 && !ferror(stdout)) || cannot_write(err);
}

bool session_parse_address(const char *text, uint64_t *address)
{
	char *end;

	errno = 0;
	*address = strtoull(text, &end, 0);
	return !errno && end != text && !*end && *text != '-';
}
