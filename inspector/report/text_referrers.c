#include "inspector/report/text.h"

#include "inspector/graph/referrer_tree.h"
#include "inspector/python/repr.h"
#include "inspector/report/table.h"

/* What a programmer calls the holder: its type, and the name of a task or coroutine. */
static void append_holder(const struct view *view, const struct step *step, struct strbuf *s)
{
	const struct asyncio *a = view->model->asyncio;
	size_t task = asyncio_find_task(a, step->from), coroutine = asyncio_find_coroutine(a, step->from);

	if (task != NO_INDEX)
		strbuf_printf(s, "task '%s' ", a->tasks[task].name);
	else if (coroutine != NO_INDEX)
		strbuf_printf(s, "%s %s ", step->from_type, a->coroutines[coroutine].qualname);
	else
		strbuf_printf(s, "%s ", step->from_type);
}

static void add_row(struct table *table, const struct view *view, const struct referrer *row)
{
	struct strbuf s = STRBUF_INIT;

	table_add_row_below(table, row->parent == SIZE_MAX ? 0 : row->parent + 1);
	if (row->mark == REFERRER_ROOT)
		strbuf_printf(&s, "%s ", row->root_name);
	else
		append_holder(view, &row->step, &s);
	ref_append_edge(view->py, &row->step.ref, &s);
	if (!ref_is_exact(&row->step.ref))
		strbuf_append(&s, " (by scanning: not sure)");
	if (row->references > 1)
		strbuf_printf(&s, " and %llu more", (unsigned long long)row->references - 1);
	table_set(table, 0, strbuf_text(&s));
	table_set_format(table, 1, "0x%llx", (unsigned long long)row->step.from);
	switch (row->mark) {
	case REFERRER_ROOT:
		table_set(table, 2, "a root");
		break;
	case REFERRER_ABOVE:
		table_set(table, 2, "its referrers are in another place");
		break;
	case REFERRER_CIRCLE:
		table_set(table, 2, "circle: it is above");
		break;
	default:
		if (row->left_out)
			table_set_format(table, 2, "%llu%s", (unsigned long long)row->left_out,
				row->mark == REFERRER_CUT ? " below" : " more");
	}
	strbuf_deinit(&s);
}

void text_referrer_tree(const struct view *view, const struct retention *r)
{
	const struct retention_graph g = model_retention_graph(view->model);
	struct referrer_tree tree;
	struct table *table = table_create(view);

	referrer_tree_find(&g, r->object, view->depth, view->rows_most, &tree);
	table_add_column(table, "REFERRERS", COLUMN_TREE);
	table_add_column(table, "ADDRESS", COLUMN_TEXT);
	table_add_column(table, "NOT SHOWN", COLUMN_TEXT);
	table_add_row_below(table, SIZE_MAX);
	table_set(table, 0, pyrepr(view->py, r->object, view->repr_limit));
	table_set_format(table, 1, "0x%llx", (unsigned long long)r->object);
	if (tree.left_out)
		table_set_format(table, 2, "%llu more", (unsigned long long)tree.left_out);
	for (size_t i = 0; i < tree.count; i++)
		add_row(table, view, &tree.rows[i]);
	table_print(table);
	text_native(view, r, "");
	referrer_tree_deinit(&tree);
}
