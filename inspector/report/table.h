/* table: columns for a terminal or a pipe, by libsmartcols. On a terminal columns are fitted to its width,
 * and what is cut ends in an ellipsis; in a pipe only cells of more than 256 bytes are cut, with a mark.
 * Cells are made safe. */
#ifndef ASYNCINSPECT_REPORT_TABLE_H
#define ASYNCINSPECT_REPORT_TABLE_H

#include "inspector/report/view.h"

struct table;

/* On a narrow terminal columns that may be cut give way first, the widest first; a main one keeps twice as
 * much as the others. Those of plain text follow when that is not enough. Numbers are never cut, nor is one
 * that shows which row is below which. */
enum column_kind { COLUMN_TEXT, COLUMN_CUT, COLUMN_MAIN, COLUMN_NUMBER, COLUMN_TREE };

/* view is borrowed until table_print. */
struct table *table_create(const struct view *view);
void table_add_column(struct table *table, const char *title, enum column_kind kind);
void table_add_row(struct table *table);
/* Below a row that was added before, by its number from 0; SIZE_MAX: below none. */
void table_add_row_below(struct table *table, size_t parent);
/* Sets a cell of the row that was added last. NULL leaves it empty. */
void table_set(struct table *table, size_t column, const char *text);
void table_set_format(struct table *table, size_t column, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Prints and destroys. */
void table_print(struct table *table);

#endif
