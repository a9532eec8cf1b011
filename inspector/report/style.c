#include "inspector/report/style.h"

#include "inspector/findings/place.h"

#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static const char *const codes[] = {
	[STYLE_PLAIN] = "",
	[STYLE_HEADING] = "\033[1m",
	[STYLE_NAME] = "\033[1m",
	[STYLE_DIM] = "\033[2m",
	[STYLE_ERROR] = "\033[1;31m",
	[STYLE_WARNING] = "\033[1;33m",
	[STYLE_GOOD] = "\033[32m",
};

/* Bytes of text that take at most `most` columns; *width is what they take. */
static size_t fitting(const char *text, size_t most, size_t *width)
{
	mbstate_t state = {0};
	size_t used = 0, left = strlen(text);

	*width = 0;
	while (left) {
		wchar_t c;
		size_t step = mbrtowc(&c, text + used, left, &state), columns = 1;

		if (step == (size_t)-1 || step == (size_t)-2 || step == 0) {
			memset(&state, 0, sizeof(state));
			step = 1;
		} else {
			columns = wcwidth(c) > 0 ? (size_t)wcwidth(c) : 0;
		}
		if (columns > most - *width)
			break;
		*width += columns;
		used += step;
		left -= step;
	}
	return used;
}

static size_t safe_width(const char *text)
{
	size_t width;

	fitting(text, SIZE_MAX, &width);
	return width;
}

char *style_cut(const char *text, size_t width)
{
	bool is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	size_t mark = is_utf8 ? 1 : 3, used;

	if (safe_width(text) <= width)
		return xstrdup(text);
	used = fitting(text, width > mark ? width - mark : 0, &width);
	return xasprintf("%.*s%s", (int)used, text, is_utf8 ? "\xe2\x80\xa6" : "...");
}

size_t style_width(const char *text)
{
	struct strbuf safe = STRBUF_INIT;
	size_t width;

	strbuf_append_safe(&safe, text);
	width = safe_width(strbuf_text(&safe));
	strbuf_deinit(&safe);
	return width;
}

void style_print(const struct view *view, enum style style, const char *text, size_t width)
{
	bool is_marked = view->with_color && codes[style][0];
	struct strbuf safe = STRBUF_INIT;
	size_t used;

	strbuf_append_safe(&safe, text);
	used = safe_width(strbuf_text(&safe));
	printf("%s%s%s", is_marked ? codes[style] : "", strbuf_text(&safe), is_marked ? "\033[0m" : "");
	if (used < width)
		printf("%*s", (int)(width - used), "");
	strbuf_deinit(&safe);
}

void style_heading(const struct view *view, const char *text)
{
	putchar('\n');
	style_print(view, STYLE_HEADING, text, 0);
	putchar('\n');
}

const char *style_place(const struct view *view, const struct link *link)
{
	if (!link->file)
		return "?";
	if (!link->line)
		return arena_printf(view->py->arena, "%s:?", place_file(&view->model->facts, link->file));
	return arena_printf(
		view->py->arena, "%s:%u", place_file(&view->model->facts, link->file), link->line);
}

const char *style_bytes(const struct view *view, uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024)
		return arena_printf(
			view->py->arena, "%llu byte%s", (unsigned long long)bytes, bytes == 1 ? "" : "s");
	for (; value >= 1023.95; unit++)
		value /= 1024;
	return arena_printf(view->py->arena, "%.1f %s", value, units[unit]);
}

const struct link *style_parked(const struct chain *chain)
{
	for (size_t i = chain->count; i-- > 0;)
		if (chain->links[i].file && !place_is_library(chain->links[i].file))
			return &chain->links[i];
	return chain->count ? &chain->links[chain->count - 1] : NULL;
}

enum style style_of_severity(enum severity severity)
{
	return severity == SEVERITY_ERROR     ? STYLE_ERROR
	       : severity == SEVERITY_WARNING ? STYLE_WARNING
					      : STYLE_NAME;
}

bool style_thread_parked(const struct pythread *thread, struct link *parked)
{
	const struct pyframe *frame = thread->frame_count ? &thread->frames[0] : NULL;

	for (size_t i = 0; i < thread->frame_count; i++)
		if (!place_is_library(thread->frames[i].code->filename)) {
			frame = &thread->frames[i];
			break;
		}
	if (!frame)
		return false;
	*parked = (struct link){.kind = LINK_FUNCTION,
		.qualname = frame->code->qualname,
		.file = frame->code->filename,
		.line = pyframe_line(frame)};
	return true;
}

const char *style_task_state(const struct task *task)
{
	enum task_state state = task_state(task);

	if (state == TASK_PENDING && (task->is_current || task->chain.is_running))
		return "running";
	return task_state_name(state);
}

/* Tasks are in the order of their names. */
bool style_names_repeat(const struct asyncio *a)
{
	for (size_t i = 1; i < a->task_count; i++)
		if (strcmp(a->tasks[i - 1].name, a->tasks[i].name) == 0)
			return true;
	return false;
}

/* Most tasks are parked in their own coroutine, whose name stands beside. */
const char *style_task_place(const struct view *view, const struct task *task)
{
	const struct link *parked = style_parked(&task->chain);

	if (!parked)
		return NULL;
	if (task->coroutine_qualname && strcmp(parked->qualname, task->coroutine_qualname) == 0)
		return style_place(view, parked);
	return arena_printf(view->py->arena, "%s %s", style_place(view, parked), parked->qualname);
}

const char *style_waits(const struct task *task)
{
	if (task->wait.kind != WAIT_NONE)
		return task->wait.text;
	return task_state(task) == TASK_PENDING && !task->is_current && !task->chain.is_running
		       ? "nothing: it is due to run"
		       : NULL;
}
