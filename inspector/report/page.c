#include "inspector/report/page.h"

#include "inspector/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Less room than this is none: the line is left to the terminal. */
#define LEAST_ROOM 20

/* Bytes of the text that fit, up to the end of a word; all of a word that is too long by itself. */
static size_t fitting(const char *text, size_t room)
{
	size_t end = strcspn(text, " "), length = end;

	while (text[end]) {
		char *start;
		size_t width;

		end += 1 + strcspn(text + end + 1, " ");
		start = xstrndup(text, end);
		width = style_width(start);
		free(start);
		if (width > room)
			break;
		length = end;
	}
	return length;
}

static void print_part(const struct view *view, enum style style, const char *text, size_t length)
{
	char *part = xstrndup(text, length);

	style_print(view, style, part, 0);
	putchar('\n');
	free(part);
}

void page_text(const struct view *view, size_t column, size_t indent, enum style style, const char *text,
	bool is_cut)
{
	struct strbuf safe = STRBUF_INIT;
	size_t width = view->is_terminal ? view->width : 0;
	const char *rest;

	strbuf_append_safe(&safe, text);
	rest = strbuf_text(&safe);
	if (width < column + LEAST_ROOM || width < indent + LEAST_ROOM) {
		print_part(view, style, rest, strlen(rest));
	} else if (is_cut) {
		char *part = style_cut(rest, width - column);

		print_part(view, style, part, strlen(part));
		free(part);
	} else {
		for (;;) {
			size_t length = style_width(rest) <= width - column ? strlen(rest)
									    : fitting(rest, width - column);

			print_part(view, style, rest, length);
			rest += length;
			rest += strspn(rest, " ");
			if (!*rest)
				break;
			printf("%*s", (int)indent, "");
			column = indent;
		}
	}
	strbuf_deinit(&safe);
}

static size_t count_lines(const char *text)
{
	size_t count = 0;

	while ((text = strchr(text, '\n'))) {
		count++;
		text++;
	}
	return count;
}

/* Prints into memory. Caller frees; NULL when there is no memory. */
static char *capture(const struct view *view, unsigned detail, size_t lines, page_fn print)
{
	FILE *out = stdout;
	char *text = NULL;
	size_t size = 0;

	stdout = open_memstream(&text, &size);
	if (stdout) {
		print(view, detail, lines);
		fclose(stdout);
	}
	stdout = out;
	return text;
}

void page_print(const struct view *view, unsigned details, page_fn print)
{
	/* The prompt needs a line. */
	size_t lines = view->height > 1 ? view->height - 1 : 0;

	for (unsigned detail = 0; view->is_terminal && lines && detail < details; detail++) {
		char *text = capture(view, detail, lines, print);
		bool is_last = detail + 1 == details;

		if (text && (is_last || count_lines(text) <= lines)) {
			fputs(text, stdout);
			free(text);
			return;
		}
		free(text);
	}
	print(view, 0, SIZE_MAX);
}
