#include "inspector/report/table_private.h"

#include "inspector/base/alloc.h"
#include "inspector/report/style.h"

#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every row is as wide as the widest one: a cell that is longer than this, in bytes, is cut. */
#define CELL_LIMIT 256
/* What a column that may be cut keeps at least, in columns of the terminal. */
#define LEAST_WIDTH 12
/* What any column keeps when all is too narrow. */
#define URGENT_WIDTH 6
/* libsmartcols puts one blank between columns. */
#define GAP 1

struct table *table_create(const struct view *view)
{
	struct table *table = xcalloc(1, sizeof(*table));

	table->view = view;
	return table;
}

void table_add_column(struct table *table, const char *title, enum column_kind kind)
{
	if (table->column_count < COLUMNS_MAX)
		table->columns[table->column_count++] =
			(struct column){.title = title, .kind = kind, .width = *title ? strlen(title) : 1};
}

void table_add_row(struct table *table)
{
	table_add_row_below(table, SIZE_MAX);
}

void table_add_row_below(struct table *table, size_t parent)
{
	size_t row = table->row_count++;

	table->rows = grow_array(table->rows, &table->capacity, row + 1, sizeof(*table->rows));
	memset(table->rows[row], 0, sizeof(*table->rows));
	table->parents =
		grow_array(table->parents, &table->parent_capacity, row + 1, sizeof(*table->parents));
	table->parents[row] = parent < row ? parent : SIZE_MAX;
}

void table_set(struct table *table, size_t column, const char *text)
{
	struct strbuf safe = STRBUF_INIT;
	char *start = NULL, **cell;
	size_t length;

	if (!text || !table->row_count || column >= table->column_count)
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
	cell = &table->rows[table->row_count - 1][column];
	free(*cell);
	*cell = strbuf_steal(&safe);
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

static bool may_be_cut(enum column_kind kind)
{
	return kind == COLUMN_CUT || kind == COLUMN_MAIN;
}

static bool is_fixed(enum column_kind kind)
{
	return kind == COLUMN_NUMBER || kind == COLUMN_TREE;
}

static size_t total_width(const struct table *table)
{
	size_t total = 0;

	for (size_t i = 0; i < table->column_count; i++)
		total += table->columns[i].width + (i ? GAP : 0);
	return total;
}

/* How wide a column counts among those that give way; 0: it does not. */
static size_t weight(const struct column *column, bool is_urgent)
{
	if (is_fixed(column->kind) || column->width <= (is_urgent ? URGENT_WIDTH : LEAST_WIDTH) ||
		(!is_urgent && !may_be_cut(column->kind)))
		return 0;
	return column->kind == COLUMN_MAIN ? column->width : 2 * column->width;
}

/* The column that gives way next; NULL none. */
static struct column *next_to_cut(struct table *table)
{
	for (int is_urgent = 0; is_urgent < 2; is_urgent++) {
		struct column *found = NULL;

		for (size_t i = 0; i < table->column_count; i++) {
			struct column *column = &table->columns[i];

			if (weight(column, is_urgent) > (found ? weight(found, is_urgent) : 0))
				found = column;
		}
		if (found)
			return found;
	}
	return NULL;
}

/* What the lines of a tree take before the text of a row. */
static size_t indent(const struct table *table, size_t row)
{
	size_t width = 0;

	while ((row = table->parents[row]) != SIZE_MAX)
		width += TREE_WIDTH;
	return width;
}

static void fit(struct table *table, size_t room)
{
	for (size_t i = 0; i < table->row_count; i++)
		for (size_t k = 0; k < table->column_count; k++) {
			size_t width = table->rows[i][k] ? style_width(table->rows[i][k]) : 0;

			if (table->columns[k].kind == COLUMN_TREE)
				width += indent(table, i);
			if (width > table->columns[k].width)
				table->columns[k].width = width;
		}
	while (total_width(table) > room) {
		struct column *column = next_to_cut(table);

		if (!column)
			break;
		column->width--;
	}
	for (size_t i = 0; i < table->row_count; i++)
		for (size_t k = 0; k < table->column_count; k++)
			if (table->rows[i][k] && !is_fixed(table->columns[k].kind)) {
				char *whole = table->rows[i][k];

				table->rows[i][k] = style_cut(whole, table->columns[k].width);
				free(whole);
			}
}

static void check(const void *made)
{
	if (made)
		return;
	fputs("asyncinspect: out of memory\n", stderr);
	exit(1);
}

static struct libscols_table *make(const struct table *table)
{
	struct libscols_table *made = scols_new_table();

	check(made);
	scols_table_enable_colors(made, table->view->with_color);
	scols_table_enable_noencoding(made, 1); /* table_set makes cells safe */
	if (!table->view->is_terminal) {
		scols_table_set_termforce(made, SCOLS_TERMFORCE_NEVER);
		scols_table_enable_maxout(made, 0);
	} else if (table->view->width) {
		scols_table_set_termforce(made, SCOLS_TERMFORCE_ALWAYS);
		scols_table_set_termwidth(made, table->view->width);
	}
	for (size_t i = 0; i < table->column_count; i++) {
		const struct column *column = &table->columns[i];

		check(scols_table_new_column(made, column->title, may_be_cut(column->kind) ? 0.2 : 1,
			may_be_cut(column->kind)	? SCOLS_FL_TRUNC
			: column->kind == COLUMN_NUMBER ? SCOLS_FL_RIGHT
			: column->kind == COLUMN_TREE	? SCOLS_FL_TREE
							: 0));
	}
	return made;
}

void table_print_by_library(struct table *table)
{
	struct libscols_table *made = make(table);
	struct libscols_line **lines = xcalloc(table->row_count, sizeof(*lines));

	if (table->view->is_terminal)
		fit(table, scols_table_get_termwidth(made));
	for (size_t i = 0; i < table->row_count; i++) {
		struct libscols_line *line = scols_table_new_line(
			made, table->parents[i] == SIZE_MAX ? NULL : lines[table->parents[i]]);

		check(line);
		lines[i] = line;
		for (size_t k = 0; k < table->column_count; k++)
			if (table->rows[i][k])
				scols_line_set_data(line, k, table->rows[i][k]);
	}
	scols_print_table(made);
	scols_unref_table(made);
	free(lines);
}

void table_destroy(struct table *table)
{
	for (size_t i = 0; i < table->row_count; i++)
		for (size_t k = 0; k < table->column_count; k++)
			free(table->rows[i][k]);
	free(table->parents);
	free(table->rows);
	free(table);
}

void table_print(struct table *table)
{
	if (table->view->is_terminal || !table_print_plain(table))
		table_print_by_library(table);
	table_destroy(table);
}
