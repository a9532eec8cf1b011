#include "inspector/report/style.h"

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

static size_t safe_width(const char *text)
{
	mbstate_t state = {0};
	size_t width = 0, left = strlen(text);

	while (left) {
		wchar_t c;
		size_t step = mbrtowc(&c, text, left, &state);
		int columns;

		if (step == (size_t)-1 || step == (size_t)-2 || step == 0) {
			memset(&state, 0, sizeof(state));
			step = 1;
			width++;
		} else {
			columns = wcwidth(c);
			width += columns > 0 ? (size_t)columns : 0;
		}
		text += step;
		left -= step;
	}
	return width;
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

/* What follows /lib/python3.12/, /lib64/python3.12/ or /dist-packages/ and the like; NULL: no library. */
static const char *below_library(const char *file)
{
	const char *at = file, *found = NULL;

	while ((at = strstr(at, "/python3"))) {
		const char *rest = strchr(at + 1, '/');

		if (!rest)
			break;
		if (at >= file + 4 && (strncmp(at - 4, "/lib", 4) == 0 ||
					      (at >= file + 6 && strncmp(at - 6, "/lib64", 6) == 0)))
			found = rest + 1;
		at = rest;
	}
	if (strncmp(file, "<frozen ", 8) == 0)
		return file;
	return found;
}

static const char *below_packages(const char *file)
{
	static const char *const folders[] = {"/site-packages/", "/dist-packages/"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		const char *at = strstr(file, folders[i]);

		if (at)
			return at + strlen(folders[i]);
	}
	return NULL;
}

bool style_is_library(const char *file)
{
	return file && below_library(file) && !below_packages(file);
}

const char *style_file(const struct view *view, const char *file)
{
	const char *shorter = below_packages(file);
	const char *folder = view->model ? view->model->facts.main_folder : NULL;

	if (!shorter)
		shorter = below_library(file);
	if (!shorter && folder) {
		size_t length = strlen(folder);

		if (length && strncmp(file, folder, length) == 0 && file[length] == '/' && file[length + 1])
			shorter = file + length + 1;
	}
	return shorter ? shorter : file;
}

const char *style_place(const struct view *view, const struct link *link)
{
	if (!link->file)
		return "?";
	if (!link->line)
		return arena_printf(view->py->arena, "%s:?", style_file(view, link->file));
	return arena_printf(view->py->arena, "%s:%u", style_file(view, link->file), link->line);
}

const struct link *style_parked(const struct chain *chain)
{
	for (size_t i = chain->count; i-- > 0;)
		if (chain->links[i].file && !style_is_library(chain->links[i].file))
			return &chain->links[i];
	return chain->count ? &chain->links[chain->count - 1] : NULL;
}
