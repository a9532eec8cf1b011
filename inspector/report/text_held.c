#include "inspector/report/text.h"

#include "inspector/python/repr.h"
#include "inspector/report/pattern.h"
#include "inspector/report/style.h"
#include "inspector/report/table.h"

#include <stdio.h>

static void print_object(const struct view *view, const struct retention *r)
{
	style_print(view, STYLE_NAME, pyrepr(view->py, r->object, view->repr_limit), 0);
	printf("  0x%llx, ", (unsigned long long)r->object);
	if (r->has_refcount)
		printf("refcount %lld", (long long)r->refcount);
	else
		printf("immortal");
	if (view->model->has_retained)
		printf(", retains %s", style_bytes(view, view_retained(view, r->object)));
	putchar('\n');
}

static void print_referrers(const struct view *view, const struct retention *r)
{
	struct table *table;

	if (view->depth) {
		text_referrer_tree(view, r);
		return;
	}
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
	if (r->referrers_left_out)
		printf("and %llu more references\n", (unsigned long long)r->referrers_left_out);
	text_native(view, r, "");
}

static void print_paths(const struct view *view, const struct retention *r)
{
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
		     "(refs shows by what).");
	else if (!r->path_count)
		puts("No root that can be named reaches it.");
}

/* By what the objects are held, alike ones counted together. */
static void print_summary(const struct view *view, struct tally *tally, const char *what)
{
	struct table *table = table_create(view);
	size_t more = 0;

	tally_finish(tally);
	table_add_column(table, "COUNT", COLUMN_NUMBER);
	table_add_column(table, what, COLUMN_TEXT);
	for (size_t i = 0; i < tally->count; i++) {
		if (i >= view->rows_most) {
			more += tally->rows[i].count;
			continue;
		}
		table_add_row(table);
		table_set_format(table, 0, "%zu", tally->rows[i].count);
		table_set(table, 1, tally_row_text(&tally->rows[i]));
	}
	if (more) {
		table_add_row(table);
		table_set_format(table, 0, "%zu", more);
		table_set_format(table, 1, "in %zu other ways", tally->count - view->rows_most);
	}
	table_print(table);
}

static const char *edge_text(const struct view *view, const struct step *step)
{
	struct strbuf s = STRBUF_INIT;
	const char *text;

	strbuf_append(&s, step->from_type);
	strbuf_append_char(&s, ' ');
	ref_append_edge(view->py, &step->ref, &s);
	text = arena_strdup(view->py->arena, strbuf_text(&s));
	strbuf_deinit(&s);
	return text;
}

static void summarize_referrers(const struct view *view)
{
	struct tally tally = {0};

	for (size_t i = 0; i < view->object_count; i++)
		for (size_t k = 0; k < view->objects[i].referrer_count; k++)
			tally_add(&tally, edge_text(view, &view->objects[i].referrers[k]), 0);
	print_summary(view, &tally, "REFERRED TO BY");
	tally_deinit(&tally);
}

static void summarize_paths(const struct view *view)
{
	struct tally tally = {0};

	for (size_t i = 0; i < view->object_count; i++) {
		const struct retention *r = &view->objects[i];

		tally_add(&tally,
			r->path_count	? r->paths[0].text
			: r->is_garbage ? "garbage only"
					: "nothing that can be named",
			0);
	}
	print_summary(view, &tally, "HELD BY");
	tally_deinit(&tally);
}

static void print_head(const struct view *view)
{
	printf("%llu object%s", (unsigned long long)view->object_total, view->object_total == 1 ? "" : "s");
	if (view->object_type) {
		printf(" of the type ");
		style_print(view, STYLE_NAME, view->object_type, 0);
	}
	if (view->object_count < view->object_total)
		printf("; the first %zu of them were looked at", view->object_count);
	putchar('\n');
}

/* One after another; many after a summary, and not all. */
static void print_objects(const struct view *view, void (*summarize)(const struct view *),
	void (*print_one)(const struct view *, const struct retention *))
{
	size_t shown = view->object_count < view->rows_most ? view->object_count : view->rows_most;

	if (view->object_type || view->object_count > 1)
		print_head(view);
	if (view->object_count > 1)
		summarize(view);
	for (size_t i = 0; i < shown; i++) {
		if (view->object_type || view->object_count > 1)
			putchar('\n');
		print_object(view, &view->objects[i]);
		print_one(view, &view->objects[i]);
	}
	if (shown < view->object_total)
		printf("\nand %llu more objects (--limit N shows more)\n",
			(unsigned long long)(view->object_total - shown));
	puts("Weak references hold nothing: they are left out, and so is asyncio's own registry of tasks.");
}

void text_refs(const struct view *view)
{
	print_objects(view, summarize_referrers, print_referrers);
}

void text_path(const struct view *view)
{
	print_objects(view, summarize_paths, print_paths);
}
