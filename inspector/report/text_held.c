#include "inspector/report/text.h"

#include "inspector/python/repr.h"
#include "inspector/report/style.h"
#include "inspector/report/table.h"

#include <stdio.h>

static void print_object(const struct view *view)
{
	const struct retention *r = view->object;

	style_print(view, STYLE_NAME, pyrepr(view->py, r->object, view->repr_limit), 0);
	printf("  0x%llx, ", (unsigned long long)r->object);
	if (r->has_refcount)
		printf("refcount %lld\n", (long long)r->refcount);
	else
		puts("immortal");
}

void text_refs(const struct view *view)
{
	const struct retention *r = view->object;
	struct table *table;

	print_object(view);
	if (!r->referrer_count)
		puts("No object refers to it.");
	table = table_create(view);
	table_add_column(table, "REFERRER", COLUMN_TEXT);
	table_add_column(table, "TYPE", COLUMN_TEXT);
	table_add_column(table, "EDGE", COLUMN_TEXT);
	table_add_column(table, "EXACT", COLUMN_TEXT);
	for (size_t i = 0; i < r->referrer_count; i++) {
		const struct step *step = &r->referrers[i];
		struct strbuf edge = STRBUF_INIT;

		ref_append_edge(view->py, &step->ref, &edge);
		table_add_row(table);
		table_set_format(table, 0, "0x%llx", (unsigned long long)step->from);
		table_set(table, 1, step->from_type);
		table_set(table, 2, strbuf_text(&edge));
		table_set(table, 3, ref_is_exact(&step->ref) ? "yes" : "no: found by scanning");
		strbuf_deinit(&edge);
	}
	table_print(table);
	text_native(r, "");
	puts("Weak references do not hold an object and are not listed.");
}

void text_path(const struct view *view)
{
	const struct retention *r = view->object;

	print_object(view);
	for (size_t i = 0; i < r->path_count; i++) {
		const struct path *path = &r->paths[i];

		putchar('\n');
		style_print(view, STYLE_NAME, path->text, 0);
		printf("\n  from ");
		style_print(view, STYLE_PLAIN, path->root_name, 0);
		putchar('\n');
		for (size_t k = 0; k < path->count; k++) {
			printf("    ");
			text_edge(view, &path->steps[k]);
			putchar('\n');
		}
	}
	if (r->holder_count > r->path_count)
		printf("\nA root reaches it by %zu more holder%s (--paths N shows more ways).\n",
			r->holder_count - r->path_count, r->holder_count - r->path_count == 1 ? "" : "s");
	if (r->is_garbage)
		puts("No root reaches it: it is held by garbage only, which the collector has not freed "
		     "(refs shows by "
		     "what).");
	else if (!r->path_count)
		puts("No root that can be named reaches it.");
}
