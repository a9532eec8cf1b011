#include "inspector/report/orphan_groups.h"

#include "inspector/graph/path_text.h"
#include "inspector/report/pattern.h"
#include "inspector/report/style.h"
#include "inspector/report/table.h"

#include <stdlib.h>
#include <string.h>

/* Containers that are named for one function. */
#define HOLDERS_NAMED 2

struct group {
	const char *qualname, *file;
	size_t first, count; /* in the order of struct order */
	uint64_t bytes;
};

static const char *file_of(const struct coroutine *c)
{
	return c->chain.count && c->chain.links[0].file ? c->chain.links[0].file : "";
}

static int compare(const struct model *m, size_t x, size_t y)
{
	const struct coroutine *a = &m->asyncio->coroutines[m->orphans[x].coroutine],
			       *b = &m->asyncio->coroutines[m->orphans[y].coroutine];
	int order = strcmp(a->qualname, b->qualname);

	return order ? order : strcmp(file_of(a), file_of(b));
}

static int by_function(const void *a, const void *b, void *model)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int order = compare(model, x, y);

	return order ? order : x < y ? -1 : x > y;
}

/* The container of "container['key']" or "member of container"; a way that ends otherwise as it is. */
static const char *holder_text(const struct view *view, const struct orphan *orphan)
{
	const struct retention *r = &orphan->retention;
	struct path rest;
	enum edge_kind kind;

	if (!r->path_count)
		return r->is_garbage ? "garbage only" : "nothing that can be named";
	rest = r->paths[0];
	if (rest.count < 2)
		return rest.text;
	kind = rest.steps[--rest.count].ref.kind;
	if ((kind == EDGE_INDEX || kind == EDGE_VALUE || kind == EDGE_VARIABLE)
			? r->paths[0].text[strlen(r->paths[0].text) - 1] == ']'
			: kind == EDGE_KEY || kind == EDGE_MEMBER)
		return path_text(view->model->asyncio, &rest);
	return r->paths[0].text;
}

static uint64_t group_bytes(const struct view *view, const size_t *order, size_t count)
{
	const struct model *m = view->model;
	uint64_t *objects = xcalloc(count, sizeof(*objects)), bytes;

	for (size_t i = 0; i < count; i++)
		objects[i] = m->asyncio->coroutines[m->orphans[order[i]].coroutine].gen.address;
	bytes = retained_of_all(&m->retained, objects, count);
	free(objects);
	return bytes;
}

static void set_holders(const struct view *view, struct table *table, const size_t *order, size_t count)
{
	struct tally tally = {0};
	struct strbuf s = STRBUF_INIT;
	size_t more;

	for (size_t i = 0; i < count; i++)
		tally_add(&tally, holder_text(view, &view->model->orphans[order[i]]), 0);
	tally_finish(&tally);
	if (tally.count == 1 && count > 1)
		strbuf_append(&s, "all by ");
	for (size_t i = 0; i < tally.count && i < HOLDERS_NAMED; i++) {
		strbuf_append(&s, i ? ", " : "");
		strbuf_append(&s, tally_row_text(&tally.rows[i]));
		if (tally.count > 1)
			strbuf_printf(&s, " (%zu)", tally.rows[i].count);
	}
	more = tally.count > HOLDERS_NAMED ? tally.count - HOLDERS_NAMED : 0;
	if (more)
		strbuf_printf(&s, " and %zu other%s", more, more == 1 ? "" : "s");
	table_set(table, view->model->has_retained ? 3 : 2, strbuf_text(&s));
	strbuf_deinit(&s);
	tally_deinit(&tally);
}

static int by_bytes(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x->first < y->first ? -1 : 1;
}

void orphan_groups_print(const struct view *view)
{
	const struct model *m = view->model;
	size_t *order = xcalloc(m->orphan_count, sizeof(*order)), count = 0;
	struct group *groups = xcalloc(m->orphan_count, sizeof(*groups));
	struct table *table = table_create(view);

	for (size_t i = 0; i < m->orphan_count; i++)
		order[i] = i;
	qsort_r(order, m->orphan_count, sizeof(*order), by_function, (void *)m);
	for (size_t at = 0; at < m->orphan_count;) {
		const struct coroutine *c = &m->asyncio->coroutines[m->orphans[order[at]].coroutine];
		size_t end = at + 1;

		while (end < m->orphan_count && compare(m, order[at], order[end]) == 0)
			end++;
		groups[count++] = (struct group){.qualname = c->qualname,
			.file = file_of(c),
			.first = at,
			.count = end - at,
			.bytes = m->has_retained ? group_bytes(view, order + at, end - at) : 0};
		at = end;
	}
	if (count)
		qsort(groups, count, sizeof(*groups), by_bytes);
	table_add_column(table, "COUNT", COLUMN_NUMBER);
	table_add_column(table, "FUNCTION", COLUMN_TEXT);
	if (m->has_retained)
		table_add_column(table, "RETAINED", COLUMN_NUMBER);
	table_add_column(table, "HELD BY", COLUMN_CUT);
	for (size_t i = 0; i < count; i++) {
		table_add_row(table);
		table_set_format(table, 0, "%zu", groups[i].count);
		table_set(table, 1, groups[i].qualname);
		if (m->has_retained)
			table_set(table, 2, style_bytes(view, groups[i].bytes));
		set_holders(view, table, order + groups[i].first, groups[i].count);
	}
	table_print(table);
	free(groups);
	free(order);
}
