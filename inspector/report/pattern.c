#include "inspector/report/pattern.h"

#include "inspector/base/alloc.h"
#include "inspector/base/strbuf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

char *pattern_of(const char *text)
{
	struct strbuf s = STRBUF_INIT;
	int depth = 0;

	for (; *text; text++) {
		if (*text == ']' && depth && --depth == 0)
			strbuf_append_char(&s, '*');
		if (!depth && isdigit((unsigned char)*text)) {
			while (isdigit((unsigned char)text[1]))
				text++;
			strbuf_append_char(&s, '*');
		} else if (!depth) {
			strbuf_append_char(&s, *text);
		}
		if (*text == '[')
			depth++;
	}
	return strbuf_steal(&s);
}

void tally_add(struct tally *tally, const char *text, uint64_t bytes)
{
	tally->rows = grow_array(tally->rows, &tally->capacity, tally->count + 1, sizeof(*tally->rows));
	tally->rows[tally->count++] = (struct tally_row){pattern_of(text), text, true, 1, bytes};
}

static int by_pattern(const void *a, const void *b)
{
	const struct tally_row *x = a, *y = b;
	int order = strcmp(x->pattern, y->pattern);

	return order ? order : strverscmp(x->text, y->text);
}

static int by_bytes(const void *a, const void *b)
{
	const struct tally_row *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return strcmp(x->pattern, y->pattern);
}

void tally_finish(struct tally *tally)
{
	size_t kept = 0;

	if (!tally->count)
		return;
	qsort(tally->rows, tally->count, sizeof(*tally->rows), by_pattern);
	for (size_t i = 0; i < tally->count; i++) {
		struct tally_row *row = &tally->rows[i];

		if (kept && strcmp(tally->rows[kept - 1].pattern, row->pattern) == 0) {
			tally->rows[kept - 1].is_same &= strcmp(tally->rows[kept - 1].text, row->text) == 0;
			tally->rows[kept - 1].count += row->count;
			tally->rows[kept - 1].bytes += row->bytes;
			free(row->pattern);
		} else {
			tally->rows[kept++] = *row;
		}
	}
	tally->count = kept;
	qsort(tally->rows, tally->count, sizeof(*tally->rows), by_bytes);
}

void tally_deinit(struct tally *tally)
{
	for (size_t i = 0; i < tally->count; i++)
		free(tally->rows[i].pattern);
	free(tally->rows);
	*tally = (struct tally){0};
}

const char *tally_row_text(const struct tally_row *row)
{
	return row->is_same ? row->text : row->pattern;
}
