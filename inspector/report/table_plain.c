#include "inspector/report/style.h"
#include "inspector/report/table_private.h"

#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORTH_WRITING ((size_t)64 << 10)

/* What stands before a row of a tree, as libsmartcols has it. */
struct signs {
	const char *goes_on, *blank, *branch, *last;
};

struct printer {
	const struct table *table;
	struct signs signs;
	size_t widths[COLUMNS_MAX];
	size_t *depths;	     /* by row: how many rows it is below */
	bool *has_next;	     /* by row: another one follows below the same */
	bool *levels;	     /* by level of the row that is printed: one follows on it */
	size_t *cell_widths; /* by row and column */
	struct strbuf out;
};

/* In columns of a terminal. ASCII, which nearly all of them are, needs no locale. */
static size_t width_of(const char *text)
{
	size_t length = 0;

	while (text[length] >= 0x20 && text[length] < 0x7f)
		length++;
	return text[length] ? style_width(text) : length;
}

/* Rows come as they are printed when each is below the one before it, or below one that that is below. */
static bool find_depths(struct printer *p)
{
	const size_t *parents = p->table->parents;

	for (size_t i = 0; i < p->table->row_count; i++) {
		size_t above = i ? i - 1 : SIZE_MAX;

		while (above != SIZE_MAX && above != parents[i])
			above = parents[above];
		if (above != parents[i])
			return false;
		p->depths[i] = above == SIZE_MAX ? 0 : p->depths[above] + 1;
	}
	return true;
}

static void find_next(struct printer *p)
{
	size_t count = p->table->row_count;
	bool *has_child = xcalloc(count, sizeof(bool));

	for (size_t i = count; i-- > 0;) {
		size_t parent = p->table->parents[i];

		p->has_next[i] = parent != SIZE_MAX && has_child[parent];
		if (parent != SIZE_MAX)
			has_child[parent] = true;
	}
	free(has_child);
}

static void measure(struct printer *p)
{
	const struct table *table = p->table;

	for (size_t k = 0; k < table->column_count; k++)
		p->widths[k] = table->columns[k].width;
	for (size_t i = 0; i < table->row_count; i++)
		for (size_t k = 0; k < table->column_count; k++) {
			size_t width = table->rows[i][k] ? width_of(table->rows[i][k]) : 0;

			if (table->columns[k].kind == COLUMN_TREE)
				width += TREE_WIDTH * p->depths[i];
			p->cell_widths[i * table->column_count + k] = width;
			if (width > p->widths[k])
				p->widths[k] = width;
		}
}

static void append_blanks(struct strbuf *out, size_t count)
{
	static const char blanks[] = "                                                                ";

	for (; count >= sizeof(blanks); count -= sizeof(blanks) - 1)
		strbuf_append_bytes(out, blanks, sizeof(blanks) - 1);
	strbuf_append_bytes(out, blanks, count);
}

static void append_branches(struct printer *p, size_t row)
{
	size_t depth = p->depths[row];

	if (!depth)
		return;
	for (size_t level = 1; level < depth; level++)
		strbuf_append(&p->out, p->levels[level] ? p->signs.goes_on : p->signs.blank);
	strbuf_append(&p->out, p->has_next[row] ? p->signs.branch : p->signs.last);
	p->levels[depth] = p->has_next[row];
}

/* row: SIZE_MAX the titles. */
static void append_cell(struct printer *p, size_t row, size_t k, const char *text, size_t width)
{
	const struct column *column = &p->table->columns[k];
	size_t missing = p->widths[k] - width;
	bool is_number = column->kind == COLUMN_NUMBER, is_last = k + 1 == p->table->column_count;

	if (is_number)
		append_blanks(&p->out, missing);
	if (column->kind == COLUMN_TREE && row != SIZE_MAX)
		append_branches(p, row);
	if (text)
		strbuf_append(&p->out, text);
	if (!is_number && !is_last)
		append_blanks(&p->out, missing);
	strbuf_append_char(&p->out, is_last ? '\n' : ' ');
}

static void print_rows(struct printer *p)
{
	const struct table *table = p->table;

	for (size_t k = 0; k < table->column_count; k++)
		append_cell(p, SIZE_MAX, k, table->columns[k].title, strlen(table->columns[k].title));
	for (size_t i = 0; i < table->row_count; i++) {
		for (size_t k = 0; k < table->column_count; k++)
			append_cell(p, i, k, table->rows[i][k], p->cell_widths[i * table->column_count + k]);
		if (p->out.length >= WORTH_WRITING || i + 1 == table->row_count) {
			fwrite(p->out.text, 1, p->out.length, stdout);
			strbuf_reset(&p->out);
		}
	}
}

bool table_print_plain(const struct table *table)
{
	static const struct signs lines = {"\xe2\x94\x82 ", "  ", "\xe2\x94\x9c\xe2\x94\x80",
					  "\xe2\x94\x94\xe2\x94\x80"},
				  ascii = {"| ", "  ", "|-", "`-"};
	struct printer p = {
		.table = table,
		.signs = strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? lines : ascii,
		.depths = xcalloc(table->row_count, sizeof(size_t)),
		.has_next = xcalloc(table->row_count, sizeof(bool)),
		.levels = xcalloc(table->row_count + 1, sizeof(bool)),
		.cell_widths = xcalloc(table->row_count, table->column_count * sizeof(size_t)),
	};
	bool done = table->row_count && find_depths(&p);

	if (done) {
		find_next(&p);
		measure(&p);
		print_rows(&p);
	}
	free(p.depths);
	free(p.has_next);
	free(p.levels);
	free(p.cell_widths);
	strbuf_deinit(&p.out);
	return done;
}
