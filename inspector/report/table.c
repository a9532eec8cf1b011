#include "inspector/report/table.h"

#include "inspector/base/alloc.h"

#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every row is as wide as the widest one: a cell that is longer than this, in bytes, is cut. */
#define CELL_LIMIT 256

struct table {
	struct libscols_table *columns;
	struct libscols_line *line;  /* the row that was added last */
	struct libscols_line **rows; /* all; owned, borrowed from columns */
	size_t row_count, capacity;
};

struct table *table_create(const struct view *view)
{
	struct table *table = xcalloc(1, sizeof(*table));

	table->columns = scols_new_table();
	if (!table->columns) {
		fputs("asyncinspect: out of memory\n", stderr);
		exit(1);
	}
	scols_table_enable_colors(table->columns, view->with_color);
	scols_table_enable_noencoding(table->columns, 1); /* table_set makes cells safe */
	if (!view->is_terminal) {
		scols_table_set_termforce(table->columns, SCOLS_TERMFORCE_NEVER);
		scols_table_enable_maxout(table->columns, 0);
	} else if (view->width) {
		scols_table_set_termforce(table->columns, SCOLS_TERMFORCE_ALWAYS);
		scols_table_set_termwidth(table->columns, view->width);
	}
	return table;
}

void table_add_column(struct table *table, const char *title, enum column_kind kind)
{
	static const int flags_of[] = {0, SCOLS_FL_TRUNC, SCOLS_FL_RIGHT, SCOLS_FL_TREE};
	int flags = flags_of[kind];

	scols_table_new_column(table->columns, title, kind == COLUMN_CUT ? 0.2 : 1, flags);
}

void table_add_row(struct table *table)
{
	table_add_row_below(table, SIZE_MAX);
}

void table_add_row_below(struct table *table, size_t parent)
{
	table->line =
		scols_table_new_line(table->columns, parent < table->row_count ? table->rows[parent] : NULL);
	table->rows = grow_array(table->rows, &table->capacity, table->row_count + 1, sizeof(*table->rows));
	table->rows[table->row_count++] = table->line;
}

void table_set(struct table *table, size_t column, const char *text)
{
	struct strbuf safe = STRBUF_INIT;
	char *start = NULL;
	size_t length;

	if (!text || !table->line)
		return;
	length = strlen(text);
	if (length > CELL_LIMIT) {
		for (length = CELL_LIMIT; length > 0 && ((uint8_t)text[length] & 0xc0) == 0x80; length--)
			;
		start = xasprintf("%.*s", (int)length, text);
	}
	strbuf_append_safe(&safe, start ? start : text);
	if (start)
		strbuf_append(&safe, "...");
	free(start);
	scols_line_set_data(table->line, column, strbuf_text(&safe));
	strbuf_deinit(&safe);
}

void table_set_format(struct table *table, size_t column, const char *format, ...)
{
	va_list args;
	char *text = NULL;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		return;
	table_set(table, column, text);
	free(text);
}

void table_print(struct table *table)
{
	scols_print_table(table->columns);
	scols_unref_table(table->columns);
	free(table->rows);
	free(table);
}
