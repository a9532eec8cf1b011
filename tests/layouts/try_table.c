/* Tries tables of layouts on a process whose layout is known by its debug information.
 *
 *   try_table [--target] [--alter] [--debug-dir=DIR] PID < TABLE...
 *
 * --target: the target's own tables come first, as without debug information. Prints a line for what the
 * table cost and what was kept wrongly:
 *
 *   refused WHAT: WHY
 *   wrong FIELD                        kept, and another than the debug information has
 *   kept N, refused N, wrong N         "not enough: " before it when the program would end
 *
 * --alter: instead, moves one field of the tables at a time, and prints those that nothing noticed:
 *
 *   lost FIELD                         refused of the table as it is
 *   unnoticed FIELD
 *   altered N, unnoticed N             "not enough: " before it when the table as it is does not do
 *
 * Exit status 1 when it could not be tried. */
#include "inspector/base/alloc.h"
#include "inspector/python/layout_builtin.h"
#include "inspector/python/layout_target.h"
#include "inspector/python/python.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct trial {
	struct python *py;
	struct layout_request request;
	struct check_target target;
	bool with_target, is_live, is_over;
	char *texts;
	size_t length;
};

static bool find_symbol(void *context, const char *name, struct symbol *symbol)
{
	return module_symbol(context, name, symbol, NULL);
}

static char *read_input(size_t *length)
{
	char *texts = NULL;
	size_t capacity = 0, got;

	*length = 0;
	do {
		texts = grow_array(texts, &capacity, *length + 4096, 1);
		got = fread(texts + *length, 1, 4096, stdin);
		*length += got;
	} while (got);
	return texts;
}

/* Whether a field is kept and says something else than it should. */
static bool is_wrong(const struct trial *t, const struct layout *layout, int id)
{
	const struct field *a = &layout->fields[id], *b = &t->py->layout.fields[id];

	return a->offset != NO_OFFSET &&
	       (a->offset != b->offset || a->value != b->value || a->bit != b->bit || a->bits != b->bits ||
		       (a->size != b->size && (a->size <= 8 || b->size <= 8)));
}

static void try_texts(struct trial *t, const char *texts, size_t length, struct layout *layout)
{
	bool wanted[FIELD_COUNT];

	memset(wanted, true, sizeof(wanted));
	t->is_over = false;
	layout_clear(layout);
	if (t->with_target)
		layout_read_debug_offsets(layout, &t->request, NULL);
	layout_use_tables(layout, &t->target, false, t->is_live, wanted, texts, length, NULL);
	if (layout_missing(layout, t->py->asyncio) != FIELD_COUNT)
		t->is_over = true; /* the program ends here: nothing is used */
}

static const char *label(int id)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s %s", layout_describe(id)->kind, layout_describe(id)->id);
	return text;
}

static void try_once(struct trial *t)
{
	struct layout layout = {.notes = NULL};
	size_t kept = 0, absent = 0, wrong = 0;

	try_texts(t, t->texts, t->length, &layout);
	for (size_t i = 0; i < layout.note_count; i++)
		if (!layout.notes[i].is_warning)
			printf("%s\n", layout.notes[i].text);
	for (int id = 0; id < FIELD_COUNT; id++) {
		kept += layout_has(&layout, id);
		absent += !layout_has(&layout, id) && layout_has(&t->py->layout, id);
		if (is_wrong(t, &layout, id)) {
			printf("wrong %s\n", label(id));
			wrong++;
		}
	}
	printf("%skept %zu, refused %zu, wrong %zu\n", t->is_over ? "not enough: " : "", kept, absent, wrong);
	layout_deinit(&layout);
}

/* The next offset that a field of this kind could have. */
static void alter(struct field *field, const char *kind, int step)
{
	uint32_t size = field->size && field->size < 8 ? field->size : 8;

	if (strcmp(kind, "constant") == 0)
		field->value += step;
	else if (strcmp(kind, "member") != 0)
		field->size += (uint32_t)(8 * step);
	else if (field->bits)
		field->bit = (uint8_t)(field->bit + step);
	else
		field->offset += (uint32_t)((int)size * step);
}

/* Reads the table with one field moved; FIELD_COUNT: none. */
static void try_one(struct trial *t, const struct layout_table *table, int id, struct layout *layout)
{
	struct layout_table *altered = xmalloc(sizeof(*altered));
	struct strbuf text = STRBUF_INIT;

	*altered = *table;
	altered->hexversion ^= 0x4000; /* of another micro version, so that everything must be shown */
	if (id < FIELD_COUNT)
		alter(&altered->fields[id], layout_describe(id)->kind, 1);
	layout_table_print(altered, &text);
	try_texts(t, strbuf_text(&text), text.length, layout);
	strbuf_deinit(&text);
	free(altered);
}

static bool is_unnoticed(struct trial *t, const struct layout_table *table, int id)
{
	struct layout layout = {.notes = NULL};
	bool is_bad;

	try_one(t, table, id, &layout);
	is_bad = !t->is_over && is_wrong(t, &layout, id);
	layout_deinit(&layout);
	return is_bad;
}

static bool try_altered(struct trial *t)
{
	struct layout_table *table = xmalloc(sizeof(*table));
	struct layout layout = {.notes = NULL};
	struct error err = ERROR_INIT;
	size_t count = 0, bad = 0;
	bool is_over;

	if (!layout_table_parse(t->texts, t->length, table, NULL, &err)) {
		fprintf(stderr, "%s\n", err.text);
		free(table);
		return false;
	}
	try_one(t, table, FIELD_COUNT, &layout);
	is_over = t->is_over;
	for (int id = 0; id < FIELD_COUNT; id++) {
		if (table->fields[id].offset == NO_OFFSET)
			continue;
		if (!layout_has(&layout, id))
			printf("lost %s\n", label(id));
		count++;
		if (is_unnoticed(t, table, id)) {
			printf("unnoticed %s\n", label(id));
			bad++;
		}
	}
	printf("%saltered %zu, unnoticed %zu\n", is_over ? "not enough: " : "", count, bad);
	layout_deinit(&layout);
	free(table);
	return true;
}

int main(int argc, char **argv)
{
	const char *debug_dirs[2] = {NULL, NULL};
	const struct python_options options = {.modules = {.debug_dirs = debug_dirs}, .use_cache = true};
	struct error err = ERROR_INIT;
	struct trial t = {.py = NULL};
	struct target *target = NULL;
	bool do_alter = false, ok = false;
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		t.with_target |= strcmp(argv[i], "--target") == 0;
		if (strncmp(argv[i], "--debug-dir=", 12) == 0)
			debug_dirs[0] = argv[i] + 12;
		do_alter |= strcmp(argv[i], "--alter") == 0;
	}
	if (i + 1 != argc)
		return 1;
	target = target_open_process(atoi(argv[i]), &(struct target_options){.executable = NULL}, &err);
	if (target)
		t.py = python_open(target, &options, &err);
	if (t.py) {
		t.request = python_layout_request(t.py);
		t.target = (struct check_target){target, find_symbol, t.py->module, t.request.runtime,
			t.request.runtime_size, t.request.hexversion};
		t.texts = read_input(&t.length);
		ok = true;
		t.is_live = !do_alter; /* patience with each field would take minutes */
		if (do_alter)
			ok = try_altered(&t);
		else
			try_once(&t);
	} else {
		fprintf(stderr, "%s\n", err.text);
	}
	free(t.texts);
	python_close(t.py);
	target_close(target);
	return ok ? 0 : 1;
}
