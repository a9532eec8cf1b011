#include "inspector/report/text.h"

#include "inspector/graph/census.h"
#include "inspector/report/style.h"
#include "inspector/report/table.h"

#include <stdio.h>

static void add_row(struct table *table, const struct view *view, uint64_t count, uint64_t bytes)
{
	table_add_row(table);
	table_set_format(table, 0, "%llu", (unsigned long long)count);
	table_set(table, 1, style_bytes(view, bytes));
	table_set_format(table, 2, "%.1f",
		view->census->bytes ? 100.0 * (double)bytes / (double)view->census->bytes : 0);
}

void text_heap(const struct view *view)
{
	const struct census *census = view->census;
	struct table *table = table_create(view);
	uint64_t count = 0, bytes = 0;
	size_t shown = census->row_count < view->rows_most ? census->row_count : view->rows_most;

	printf("%llu objects of %zu types, %s\n\n", (unsigned long long)census->count, census->row_count,
		style_bytes(view, census->bytes));
	table_add_column(table, "COUNT", COLUMN_NUMBER);
	table_add_column(table, "SIZE", COLUMN_NUMBER);
	table_add_column(table, "%", COLUMN_NUMBER);
	table_add_column(table, "TYPE", COLUMN_TEXT);
	for (size_t i = 0; i < shown; i++) {
		add_row(table, view, census->rows[i].count, census->rows[i].bytes);
		table_set(table, 3, census->rows[i].type);
	}
	for (size_t i = shown; i < census->row_count; i++) {
		count += census->rows[i].count;
		bytes += census->rows[i].bytes;
	}
	if (shown < census->row_count) {
		add_row(table, view, count, bytes);
		table_set_format(
			table, 3, "(%zu other types; --limit N shows more)", census->row_count - shown);
	}
	table_print(table);
	if (census->unreadable)
		printf("The type of %llu more could not be read.\n", (unsigned long long)census->unreadable);
}
