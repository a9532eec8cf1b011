#include "inspector/python/layout.h"

#include "inspector/base/alloc.h"
#include "inspector/symbols/type_query.h"

#include <stdlib.h>
#include <string.h>

enum group { GROUP_PYTHON, GROUP_ASYNCIO };

/* OLD and NEW: required when frames are objects, when they are structs of their own. */
enum need { OPTIONAL, REQUIRED, OLD, NEW };

struct row {
	const char *id;
	struct type_query query;
	enum need need;
};

static const struct row rows[FIELD_COUNT] = {
#define GROUP(name)
#define MEMBER(id, type, member, need) {#id, {QUERY_MEMBER, type, member}, need},
#define SIZEOF(id, type, need)	       {#id, {QUERY_SIZEOF, type, NULL}, need},
#define STRIDE(id, type, member, need) {#id, {QUERY_STRIDE, type, member}, need},
#define CONSTANT(id, enumerator, need) {#id, {QUERY_ENUMERATOR, NULL, enumerator}, need},
#include "inspector/python/layout_fields.def"
#include "inspector/python/layout_refs.def"
#undef GROUP
#undef MEMBER
#undef SIZEOF
#undef STRIDE
#undef CONSTANT
};

/* The group of a row is the last GROUP above it: the enumerators below count the rows on the way. */
enum {
#define GROUP(name)
#define MEMBER(id, type, member, need) COUNT_FIELDS_##id,
#define SIZEOF(id, type, need)	       COUNT_FIELDS_sizeof_##id,
#define STRIDE(id, type, member, need) COUNT_FIELDS_stride_##id,
#define CONSTANT(id, enumerator, need) COUNT_FIELDS_##id,
#include "inspector/python/layout_fields.def"
#undef GROUP
#undef MEMBER
#undef SIZEOF
#undef STRIDE
#undef CONSTANT
	FIELDS_END
};

static enum group group_of(enum field_id id)
{
	if ((int)id < (int)FIELDS_END)
		return id >= FIELD_future_loop ? GROUP_ASYNCIO : GROUP_PYTHON;
	return id >= FIELD_ref_future_loop ? GROUP_ASYNCIO : GROUP_PYTHON;
}

static void accept(struct field *field, const struct type_query *query, const struct type_answer *answer)
{
	if (!answer->is_found)
		return;
	field->source = SOURCE_DWARF;
	field->size = answer->size;
	if (query->kind == QUERY_ENUMERATOR) {
		field->offset = 0;
		field->value = answer->value;
	} else if (query->kind == QUERY_MEMBER) {
		field->offset = answer->offset;
		field->bit = answer->bit;
		field->bits = answer->bits;
	} else {
		field->offset = 0;
	}
}

/* Asks module for all rows of the group that are still open. */
static bool ask(
	struct layout *layout, struct module *module, enum group group, bool use_cache, struct error *err)
{
	struct type_query *queries = xcalloc(FIELD_COUNT, sizeof(*queries));
	struct type_answer *answers = xcalloc(FIELD_COUNT, sizeof(*answers));
	enum field_id ids[FIELD_COUNT];
	size_t count = 0;
	bool ok;

	for (int id = 0; id < FIELD_COUNT; id++) {
		if (group_of(id) == group) {
			ids[count] = id;
			queries[count++] = rows[id].query;
		}
	}
	ok = type_query_run(module, queries, count, use_cache, answers, err);
	for (size_t i = 0; ok && i < count; i++)
		accept(&layout->fields[ids[i]], &queries[i], &answers[i]);
	free(queries);
	free(answers);
	return ok;
}

static bool check_required(const struct layout *layout, struct module *python, struct error *err)
{
	enum need era = layout_has(layout, FIELD_frame_localsplus) ? NEW : OLD;

	for (int id = 0; id < FIELD_COUNT; id++) {
		const struct row *row = &rows[id];

		if ((row->need != REQUIRED && row->need != era) || layout_has(layout, id))
			continue;
		error_set(err, ERROR_NO_FIELD, "the debug information of %s has no %s%s%s",
			module_path(python), row->query.type ? row->query.type : "enumerator",
			row->query.member ? " " : "", row->query.member ? row->query.member : "");
		return error_advise(err,
			"This version or build of CPython may be one that this program does not "
			"know yet; `asyncinspect --version` tells which it knows.");
	}
	return true;
}

bool layout_resolve(struct layout *layout, struct module *python, struct module *asyncio, bool use_cache,
	struct error *err)
{
	for (int id = 0; id < FIELD_COUNT; id++)
		layout->fields[id] = (struct field){.offset = NO_OFFSET};
	if (!ask(layout, python, GROUP_PYTHON, use_cache, err))
		return false;
	if (!ask(layout, asyncio ? asyncio : python, GROUP_ASYNCIO, use_cache, err))
		return false;
	return check_required(layout, python, err);
}

const struct field_description *layout_describe(enum field_id id)
{
	static const struct field_description descriptions[FIELD_COUNT] = {
#define GROUP(name)
#define MEMBER(id, type, member, need) {#id, "member", type, member, need != OPTIONAL},
#define SIZEOF(id, type, need)	       {#id, "sizeof", type, NULL, need != OPTIONAL},
#define STRIDE(id, type, member, need) {#id, "stride", type, member, need != OPTIONAL},
#define CONSTANT(id, enumerator, need) {#id, "constant", NULL, enumerator, need != OPTIONAL},
#include "inspector/python/layout_fields.def"
#include "inspector/python/layout_refs.def"
#undef GROUP
#undef MEMBER
#undef SIZEOF
#undef STRIDE
#undef CONSTANT
	};

	return &descriptions[id];
}

const char *field_source_name(enum field_source source)
{
	return source == SOURCE_DWARF ? "dwarf" : "none";
}
