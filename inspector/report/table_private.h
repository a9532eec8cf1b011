/* table_private: what the two printers of a table share. Private to table*.c. */
#ifndef ASYNCINSPECT_REPORT_TABLE_PRIVATE_H
#define ASYNCINSPECT_REPORT_TABLE_PRIVATE_H

#include "inspector/report/table.h"

#define COLUMNS_MAX 16
/* A level of a tree. */
#define TREE_WIDTH 2

struct column {
	const char *title;
	enum column_kind kind;
	size_t width; /* of its widest cell, then what it may have */
};

struct table {
	const struct view *view; /* borrowed */
	size_t column_count;
	struct column columns[COLUMNS_MAX];
	size_t row_count, capacity;
	char *(*rows)[COLUMNS_MAX]; /* owned; NULL: empty */
	size_t *parents;	    /* owned; by row: the row that it is below; SIZE_MAX none */
	size_t parent_capacity;
};

void table_destroy(struct table *table);

/* Fitted to the terminal when there is one. */
void table_print_by_library(struct table *table);

/* Prints it for a pipe or a file: each column as wide as its widest cell, nothing is cut. Looks as what
 * libsmartcols prints, which asks the locale for the width of each character several times: half of all
 * instructions of `tasks' of 10,000 tasks. False: nothing was printed, because rows of the tree are not in
 * the order of the tree. */
bool table_print_plain(const struct table *table);

#endif
