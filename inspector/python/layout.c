#include "inspector/python/layout.h"

#include "inspector/base/alloc.h"
#include "inspector/python/layout_builtin.h"
#include "inspector/python/layout_target.h"
#include "inspector/symbols/type_query.h"

#include <stdio.h>
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

/* Whether two sources say the same. Sizes count only where they are read: of a member that is larger than a
 * word only the start is used. */
static bool agree(const struct field *a, const struct field *b)
{
	return a->offset == b->offset && a->value == b->value && a->bit == b->bit && a->bits == b->bits &&
	       (a->size == b->size || (a->size > 8 && b->size > 8));
}

static void describe_place(const struct field *field, char *text, size_t size)
{
	if (field->bits)
		snprintf(text, size, "offset %u, bit %u, %u wide", field->offset, field->bit, field->bits);
	else
		snprintf(text, size, "offset %u, %u bytes", field->offset, field->size);
}

static void note_difference(
	struct layout *layout, int id, const struct field *first, const struct field *second)
{
	const struct field_description *d = layout_describe(id);
	char a[64], b[64];

	describe_place(first, a, sizeof(a));
	describe_place(second, b, sizeof(b));
	layout_note(layout, true,
		xasprintf("%s%s%s: %s says %s, %s says %s: the first is used", d->type ? d->type : d->member,
			d->type && d->member ? "." : "", d->type && d->member ? d->member : "",
			field_source_name(first->source), a, field_source_name(second->source), b));
}

/* Takes from other what the layout lacks. */
static void mix(struct layout *layout, const struct layout *other)
{
	for (int id = 0; id < FIELD_COUNT; id++) {
		if (!layout_has(other, id))
			continue;
		if (!layout_has(layout, id))
			layout->fields[id] = other->fields[id];
		else if (!agree(&layout->fields[id], &other->fields[id]))
			note_difference(layout, id, &layout->fields[id], &other->fields[id]);
	}
}

/* Every build has mimalloc, but only a free-threaded one has its objects there. */
static void leave_out_mimalloc(struct layout *layout)
{
	if (layout_has(layout, FIELD_object_gc_bits))
		return;
	for (int id = FIELD_thread_heaps; id <= FIELD_runtime_debug_allocator; id++)
		layout->fields[id] = (struct field){.offset = NO_OFFSET};
}

/* Debug information that is missing is no more than that: other sources may do. What went wrong is kept in
 * *missing for the case that they do not. */
static void use_dwarf(
	struct layout *layout, const struct layout_request *r, bool *has_group, struct error *missing)
{
	has_group[GROUP_PYTHON] = ask(layout, r->python, GROUP_PYTHON, r->use_cache, missing);
	leave_out_mimalloc(layout);
	if (has_group[GROUP_PYTHON] || r->asyncio)
		has_group[GROUP_ASYNCIO] = ask(layout, r->asyncio ? r->asyncio : r->python, GROUP_ASYNCIO,
			r->use_cache, has_group[GROUP_PYTHON] ? missing : NULL);
	if (missing->kind != ERROR_NONE && missing->kind != ERROR_NOT_FOUND)
		layout_note(layout, true, xstrdup(missing->text));
}

static void use_target(struct layout *layout, const struct layout_request *r)
{
	struct layout *own = xcalloc(1, sizeof(*own));
	struct error err = ERROR_INIT;
	uint64_t address, size;

	layout_clear(own);
	if (!layout_read_debug_offsets(own, r, &err) && err.kind != ERROR_NOT_FOUND)
		layout_note(layout, true, xstrdup(err.text));
	/* The section is where the _asyncio module is: a file of its own, or python. */
	if (module_section(r->asyncio ? r->asyncio : r->python, ".AsyncioDebug", &address, &size) &&
		!layout_read_asyncio_debug(own, r, address, size, &err))
		layout_note(layout, true, xstrdup(err.text));
	mix(layout, own);
	layout_deinit(own);
	free(own);
}

/* For what no debug information was found. */
static void use_tables(
	struct layout *layout, const struct layout_request *r, const bool *has_group, struct error *why)
{
	bool wanted[FIELD_COUNT], is_any = false;

	for (int id = 0; id < FIELD_COUNT; id++) {
		wanted[id] = !has_group[group_of(id)];
		is_any |= wanted[id];
	}
	if (is_any)
		layout_use_builtin(layout, r, wanted, why);
}

enum field_id layout_missing(const struct layout *layout, bool has_asyncio)
{
	enum need era = layout_has(layout, FIELD_frame_localsplus) ? NEW : OLD;

	for (int id = 0; id < FIELD_COUNT; id++)
		if ((rows[id].need == REQUIRED || rows[id].need == era) && !layout_has(layout, id))
			return id;
	return has_asyncio && !layout_has(layout, FIELD_task_coroutine) ? FIELD_task_coroutine : FIELD_COUNT;
}

static bool check_required(const struct layout *layout, const struct layout_request *r, unsigned sources,
	const struct error *missing, const struct error *why, struct error *err)
{
	enum field_id id = layout_missing(layout, r->asyncio != NULL);
	const struct row *row = &rows[id < FIELD_COUNT ? id : 0];
	const char *type, *member;

	if (id == FIELD_COUNT)
		return true;
	type = row->query.type ? row->query.type : "enumerator";
	member = row->query.member ? row->query.member : "";
	if (missing->kind != ERROR_NONE) {
		error_set(err, missing->kind, "%.300s%s%s", missing->text, why->kind ? "; " : "", why->text);
		return error_advise(err, "%s", missing->advice);
	}
	if (sources == ALL_SOURCES) {
		error_set(err, ERROR_NO_FIELD, "the debug information of %s has no %s%s%s",
			module_path(r->python), type, *member ? " " : "", member);
		return error_advise(err,
			"This version or build of CPython may be one that this program does not "
			"know yet; `asyncinspect --version` tells which it knows.");
	}
	error_set(err, ERROR_NO_FIELD, "no source that --layout allows has %s%s%s%s%s", type,
		*member ? " " : "", member, why->kind ? ": " : "", why->text);
	return error_advise(err, "Allow more of them: --layout dwarf,target,built-in is the default.");
}

bool layout_resolve(struct layout *layout, const struct layout_request *request, struct error *err)
{
	unsigned sources = request->sources ? request->sources : ALL_SOURCES;
	struct error missing = ERROR_INIT, why = ERROR_INIT;
	bool has_group[] = {[GROUP_PYTHON] = false, [GROUP_ASYNCIO] = false};

	layout_clear(layout);
	if (sources & 1U << SOURCE_DWARF)
		use_dwarf(layout, request, has_group, &missing);
	if (sources & 1U << SOURCE_TARGET)
		use_target(layout, request);
	if (sources & 1U << SOURCE_BUILT_IN)
		use_tables(layout, request, has_group, &why);
	return check_required(layout, request, sources, &missing, &why, err);
}

void layout_clear(struct layout *layout)
{
	for (int id = 0; id < FIELD_COUNT; id++)
		layout->fields[id] = (struct field){.offset = NO_OFFSET};
}

void layout_deinit(struct layout *layout)
{
	for (size_t i = 0; i < layout->note_count; i++)
		free(layout->notes[i].text);
	free(layout->notes);
	layout->notes = NULL;
	layout->note_count = layout->note_capacity = 0;
}

void layout_note(struct layout *layout, bool is_warning, char *text)
{
	layout->notes = grow_array(
		layout->notes, &layout->note_capacity, layout->note_count + 1, sizeof(*layout->notes));
	layout->notes[layout->note_count++] = (struct layout_note){is_warning, text};
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
	static const char *const names[SOURCE_COUNT] = {"none", "dwarf", "debug-offsets", "built-in"};

	return names[source < SOURCE_COUNT ? source : SOURCE_NONE];
}
