#include "inspector/graph/census.h"
#include "inspector/report/json_parts.h"

size_t json_heap_count(const struct view *view)
{
	return view->census->row_count;
}

json_t *json_heap(const struct view *view, size_t i)
{
	const struct census_row *row = &view->census->rows[i];

	return json_pack("{s:o, s:I, s:I}", "type", json_text(row->type), "count", (json_int_t)row->count,
		"bytes", (json_int_t)row->bytes);
}

json_t *json_heap_total(const struct view *view)
{
	return json_pack("{s:I, s:I}", "count", (json_int_t)view->census->count, "bytes",
		(json_int_t)view->census->bytes);
}
