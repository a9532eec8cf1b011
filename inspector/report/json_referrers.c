#include "inspector/graph/referrer_tree.h"
#include "inspector/report/json_parts.h"

#include <stdlib.h>

json_t *json_referrer_tree(const struct view *view, const struct retention *r)
{
	const struct retention_graph g = model_retention_graph(view->model);
	json_t *top = json_array(), **rows;
	struct referrer_tree tree;

	referrer_tree_find(&g, r->object, view->depth, view->rows_most, &tree);
	rows = xcalloc(tree.count, sizeof(*rows));
	for (size_t i = 0; i < tree.count; i++) {
		const struct referrer *row = &tree.rows[i];
		const char *mark = referrer_mark_name(row->mark);
		json_t *o = json_step(view, &row->step);

		json_object_set_new(o, "references", json_integer((json_int_t)row->references));
		json_object_set_new(o, "mark", mark ? json_string(mark) : json_null());
		json_object_set_new(o, "root", json_text(row->root_name));
		json_object_set_new(o, "left_out", json_integer((json_int_t)row->left_out));
		rows[i] = json_array();
		json_object_set_new(o, "referrers", rows[i]);
		json_array_append_new(row->parent == SIZE_MAX ? top : rows[row->parent], o);
	}
	free(rows);
	referrer_tree_deinit(&tree);
	return top;
}
