#include "inspector/report/text.h"

#include "inspector/report/style.h"
#include "inspector/report/table.h"

#include <stdio.h>
#include <string.h>

static void add_field(struct table *table, const struct view *view, int id)
{
	const struct field_description *d = layout_describe(id);
	const struct field *field = python_field(view->py, id);
	bool is_found = field->source != SOURCE_NONE;

	table_add_row(table);
	if (strcmp(d->kind, "member") == 0)
		table_set_format(table, 0, "%s.%s", d->type, d->member);
	else if (strcmp(d->kind, "constant") == 0)
		table_set(table, 0, d->member);
	else
		table_set_format(
			table, 0, "sizeof %s%s%s", d->type, d->member ? "." : "", d->member ? d->member : "");
	if (is_found && strcmp(d->kind, "constant") == 0) {
		table_set_format(table, 3, "%lld", (long long)field->value);
	} else if (is_found) {
		if (strcmp(d->kind, "member") == 0)
			table_set_format(table, 1, "%u", field->offset);
		table_set_format(table, 2, "%u", field->size);
	}
	if (field->bits)
		table_set_format(table, 4, "bit %u, %u wide", field->bit, field->bits);
	table_set(table, 5, field_source_name(field->source));
}

void text_layout(const struct view *view)
{
	static const char *const titles[] = {"FIELD", "OFFSET", "SIZE", "VALUE", "BITS", "SOURCE"};
	struct table *table = table_create(view);

	printf("Python %s, %s\n\n", view->py->version, module_path(view->py->module));
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		table_add_column(table, titles[i], i >= 1 && i <= 3 ? COLUMN_NUMBER : COLUMN_TEXT);
	for (int id = 0; id < FIELD_COUNT; id++)
		add_field(table, view, id);
	table_print(table);
	printf("\nFields without a source are of other versions of CPython.\n");
	for (size_t i = 0; i < view->py->layout.note_count; i++) {
		putchar('\n');
		style_print(view, STYLE_PLAIN, view->py->layout.notes[i].text, 0);
	}
	if (view->py->layout.note_count)
		putchar('\n');
}
