#include "inspector/python/layout_check_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names and marks ------------------------------------------------------------------------------------ */

static const struct {
	const char *prefix, *name;
} constant_owners[] = {
#define TIED(name, other)
#define CONSTANTS(prefix, name) {prefix, name},
#define PIECEMEAL(name)
#include "inspector/python/layout_structs.def"
#undef CONSTANTS
};

static const struct {
	const char *name, *other;
} ties[] = {
#undef TIED
#define TIED(name, other) {name, other},
#define CONSTANTS(prefix, name)
#include "inspector/python/layout_structs.def"
#undef TIED
#undef PIECEMEAL
};

static const char *const piecemeal[] = {
#define TIED(name, other)
#define PIECEMEAL(name) name,
#include "inspector/python/layout_structs.def"
#undef TIED
#undef CONSTANTS
#undef PIECEMEAL
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The length of the first name of the struct that a field is in; *name is where it starts. */
static size_t struct_of(enum field_id id, const char **name)
{
	const struct field_description *d = layout_describe(id);

	if (d->type) {
		*name = d->type;
		return strcspn(d->type, "|");
	}
	*name = "";
	for (size_t i = 0; i < COUNT(constant_owners); i++)
		if (strncmp(d->id, constant_owners[i].prefix, strlen(constant_owners[i].prefix)) == 0)
			*name = constant_owners[i].name;
	return strlen(*name);
}

bool check_is_of(enum field_id id, const char *name)
{
	const char *own;
	size_t length = struct_of(id, &own);

	return strlen(name) == length && memcmp(name, own, length) == 0;
}

static bool is_hypothesis(const struct check *c, enum field_id id)
{
	return c->result->fields[id].source == SOURCE_BUILT_IN;
}

static void add_refusal(struct check *c, char *what, const char *why, size_t fields)
{
	struct check_result *r = c->result;

	r->refusals =
		grow_array(r->refusals, &r->refusal_capacity, r->refusal_count + 1, sizeof(*r->refusals));
	r->refusals[r->refusal_count++] = (struct check_refusal){what, xstrdup(why), fields};
	r->refused += fields;
}

static char *field_name(enum field_id id)
{
	const struct field_description *d = layout_describe(id);
	const char *name;
	size_t length = struct_of(id, &name);

	if (!d->type)
		return xstrdup(d->member);
	return d->member ? xasprintf("%.*s.%s", (int)length, name, d->member)
			 : xasprintf("sizeof %.*s", (int)length, name);
}

bool check_field(struct check *c, enum field_id id, bool holds, const char *why)
{
	if (!probe_has(&c->probe, id))
		return holds;
	c->is_contradicted[id] |= !holds;
	if (holds) {
		c->is_shown[id] = c->is_strong[id] = true;
	} else if (is_hypothesis(c, id) && !c->is_refused[id]) {
		c->is_refused[id] = true;
		add_refusal(c, field_name(id), why, 1);
		c->result->refused_by[id] = (uint16_t)c->result->refusal_count;
	}
	return holds;
}

void check_hint(struct check *c, enum field_id id)
{
	c->is_shown[id] |= probe_has(&c->probe, id);
}

void check_weak_field(struct check *c, enum field_id id, bool holds, const char *why)
{
	if (!holds)
		check_field(c, id, false, why);
}

bool check_moving_field(struct check *c, enum field_id id, bool holds, const char *why)
{
	size_t before = c->result->refused;

	check_field(c, id, holds, why);
	c->result->may_have_run |= c->result->refused != before;
	return holds;
}

void check_refuse_struct(struct check *c, const char *name, const char *why)
{
	size_t count = 0;

	for (int id = 0; id < FIELD_COUNT; id++) {
		if (!check_is_of(id, name) || !is_hypothesis(c, id) || c->is_refused[id])
			continue;
		c->is_refused[id] = true;
		c->result->refused_by[id] = (uint16_t)(c->result->refusal_count + 1);
		count++;
	}
	if (count)
		add_refusal(c, xstrdup(name), why, count);
}

void check_show_struct(struct check *c, const char *name)
{
	for (int id = 0; id < FIELD_COUNT; id++)
		if (check_is_of(id, name))
			c->is_shown[id] = true;
}

bool check_is_object(const struct check *c, uint64_t address)
{
	return probe_type_of(&c->probe, address) != 0;
}

bool check_is_object_or_null(const struct check *c, uint64_t address)
{
	return !address || check_is_object(c, address);
}

/* The table and what is known ------------------------------------------------------------------------ */

static bool is_member(const struct check *c, enum field_id id)
{
	return probe_has(&c->probe, id) && strcmp(layout_describe(id)->kind, "member") == 0;
}

static uint64_t first_bit(const struct field *f)
{
	return (uint64_t)f->offset * 8 + f->bit;
}

static uint64_t end_bit(const struct field *f)
{
	return f->bits ? first_bit(f) + f->bits : ((uint64_t)f->offset + f->size) * 8;
}

/* Two rows for one member must agree, two members of a struct must not lie on each other. */
static bool contradicts(const struct check *c, enum field_id a, enum field_id b)
{
	const struct field *f = &c->result->fields[a], *g = &c->result->fields[b];
	const struct field_description *d = layout_describe(a), *e = layout_describe(b);

	if (strcmp(d->type, e->type) != 0)
		return false;
	if (strcmp(d->member, e->member) == 0)
		return f->offset != g->offset;
	return first_bit(f) < end_bit(g) && first_bit(g) < end_bit(f);
}

static void check_contradictions(struct check *c)
{
	for (int a = 0; a < FIELD_COUNT; a++) {
		for (int b = a + 1; is_member(c, a) && b < FIELD_COUNT; b++) {
			if (!is_member(c, b) || !contradicts(c, a, b))
				continue;
			check_field(c, a, false, "the table contradicts itself");
			check_field(c, b, false, "the table contradicts itself");
		}
	}
}

/* What only the size of a struct spoke for, when something else in the struct is not where it should be. */
static void drop_doubtful(struct check *c)
{
	bool is_doubtful[FIELD_COUNT] = {false};

	for (int id = 0; id < FIELD_COUNT; id++) {
		char name[64];
		const char *start;
		size_t length = struct_of(id, &start);

		if (!c->is_contradicted[id] || length >= sizeof(name))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)length, start);
		for (size_t i = 0; i < COUNT(piecemeal); i++)
			if (strcmp(piecemeal[i], name) == 0)
				name[0] = '\0';
		for (int other = 0; name[0] && other < FIELD_COUNT; other++)
			is_doubtful[other] |= !c->is_strong[other] && check_is_of(other, name);
	}
	for (int id = 0; id < FIELD_COUNT; id++)
		if (is_doubtful[id] && !c->is_refused[id])
			check_field(c, id, false, "another member of its struct is elsewhere");
}

/* What better sources say of a struct must be what the table says. */
static void check_known_fields(struct check *c, const struct field *known)
{
	for (int id = 0; id < FIELD_COUNT; id++) {
		const struct field *mine = &c->table->fields[id];
		char name[64], why[160];
		const char *start;
		size_t length = struct_of(id, &start);

		if (known[id].offset == NO_OFFSET || mine->offset == NO_OFFSET || length >= sizeof(name))
			continue;
		if (known[id].offset == mine->offset && known[id].bit == mine->bit &&
			known[id].bits == mine->bits && known[id].value == mine->value &&
			(known[id].size == mine->size || (known[id].size > 8 && mine->size > 8))) {
			c->is_shown[id] = true;
			continue;
		}
		snprintf(name, sizeof(name), "%.*s", (int)length, start);
		snprintf(why, sizeof(why), "%s is elsewhere in this build",
			layout_describe(id)->member ? layout_describe(id)->member : "its end");
		c->is_contradicted[id] = true;
		for (size_t i = 0; i < COUNT(piecemeal); i++)
			if (strcmp(piecemeal[i], name) == 0)
				name[0] = '\0';
		if (name[0])
			check_refuse_struct(c, name, why);
	}
}

/* The end -------------------------------------------------------------------------------------------- */

static bool holds_as_a_whole(const struct check *c, const char *name)
{
	bool is_there = false;

	for (int id = 0; id < FIELD_COUNT; id++) {
		if (!probe_has(&c->probe, id) || !check_is_of(id, name))
			continue;
		if (c->is_refused[id] || !c->is_shown[id])
			return false;
		is_there = true;
	}
	return is_there;
}

/* A struct of another version shifts as a whole from some place on: what is between two fields that are
 * right, with nothing wrong between them, is right. */
static bool is_enclosed(const struct check *c, enum field_id id, const char *name)
{
	const struct field *f = c->result->fields;
	uint32_t below = 0, above = NO_OFFSET;
	bool has_below = false;

	for (int other = 0; other < FIELD_COUNT; other++) {
		if (!c->is_shown[other] || c->is_contradicted[other] || !check_is_of(other, name) ||
			strcmp(layout_describe(other)->kind, "member") != 0)
			continue;
		if (f[other].offset <= f[id].offset && f[other].offset >= below) {
			below = f[other].offset;
			has_below = true;
		}
		if (f[other].offset >= f[id].offset && f[other].offset < above)
			above = f[other].offset;
	}
	if (!has_below || above == NO_OFFSET)
		return false;
	for (int other = 0; other < FIELD_COUNT; other++)
		if (c->is_contradicted[other] && check_is_of(other, name) && f[other].offset >= below &&
			f[other].offset <= above)
			return false;
	return true;
}

static void show_enclosed(struct check *c)
{
	bool is_enclosed_too[FIELD_COUNT] = {false};

	for (size_t i = 0; i < COUNT(piecemeal); i++)
		for (int id = 0; id < FIELD_COUNT; id++)
			if (probe_has(&c->probe, id) && !c->is_shown[id] && check_is_of(id, piecemeal[i]))
				is_enclosed_too[id] = is_enclosed(c, id, piecemeal[i]);
	for (int id = 0; id < FIELD_COUNT; id++)
		c->is_shown[id] |= is_enclosed_too[id];
}

static void follow_ties(struct check *c)
{
	for (size_t round = 0; round < 2; round++) /* a tie to a tie */
		for (size_t i = 0; i < COUNT(ties); i++)
			if (holds_as_a_whole(c, ties[i].other))
				check_show_struct(c, ties[i].name);
}

static bool is_same_build(const struct check *c)
{
	return c->hexversion == c->table->hexversion && c->target->runtime_size &&
	       c->target->runtime_size == c->table->runtime_size;
}

static void refuse_what_is_not_shown(struct check *c)
{
	for (int id = 0; id < FIELD_COUNT; id++) {
		const char *start;
		char name[64];
		size_t length = struct_of(id, &start);

		if (!is_hypothesis(c, id) || c->is_shown[id] || c->is_refused[id])
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)length, start);
		check_field(c, id, false, "nothing in this process shows where it is");
	}
}

static void drop_refused(struct check *c)
{
	for (int id = 0; id < FIELD_COUNT; id++)
		if (c->is_refused[id])
			c->result->fields[id] = (struct field){.offset = NO_OFFSET};
}

static void check_start(struct check *c, const struct check_target *target)
{
	c->target = target;
	c->hexversion = target->hexversion;
	c->probe = (struct probe){target->target, NULL, target->find_symbol, target->context,
		xcalloc(1, sizeof(*c->probe.pages))};
	c->fresh = c->probe;
	c->fresh.pages = NULL;
	c->type_type = probe_symbol(&c->probe, "PyType_Type");
	c->dict_type = probe_symbol(&c->probe, "PyDict_Type");
	c->tuple_type = probe_symbol(&c->probe, "PyTuple_Type");
	c->str_type = probe_symbol(&c->probe, "PyUnicode_Type");
	c->list_type = probe_symbol(&c->probe, "PyList_Type");
	c->code_type = probe_symbol(&c->probe, "PyCode_Type");
	c->module_type = probe_symbol(&c->probe, "PyModule_Type");
	for (size_t i = 0; layout_type_at(i); i++)
		if (layout_type_at(i)->symbol)
			c->types[i] = probe_symbol(&c->probe, layout_type_at(i)->symbol);
}

static void check_all(struct check *c, const struct field *known)
{
	if (!check_types(c)) {
		for (int id = 0; id < FIELD_COUNT; id++)
			check_field(c, id, false, "the type objects are not of this layout");
		return;
	}
	check_known_fields(c, known);
	check_interpreter(c);
	check_instances(c);
	check_threads(c);
	check_asyncio(c);
	check_collector(c);
	check_objects(c);
	check_shapes(c);
	check_tasks(c);
	check_contradictions(c);
	check_places(c);
	drop_doubtful(c);
	show_enclosed(c);
	follow_ties(c);
	if (!is_same_build(c))
		refuse_what_is_not_shown(c);
}

void layout_check(const struct field *fields, const struct layout_table *table,
	const struct check_target *target, struct check_result *result)
{
	struct check *c = xcalloc(1, sizeof(*c));

	*result = (struct check_result){.refused = 0};
	for (int id = 0; id < FIELD_COUNT; id++)
		result->fields[id] = fields[id].offset != NO_OFFSET ? fields[id] : table->fields[id];
	check_start(c, target);
	c->probe.fields = c->fresh.fields = result->fields;
	c->samples = xcalloc(1, sizeof(*c->samples));
	c->samples->probe = &c->probe;
	c->table = table;
	c->result = result;
	check_all(c, fields);
	drop_refused(c);
	free(c->samples);
	free(c->probe.pages);
	free(c);
}

void check_result_merge(struct check_result *result, const struct check_result *other)
{
	for (int id = 0; id < FIELD_COUNT; id++) {
		uint16_t by = result->refused_by[id];

		if (!by || other->refused_by[id])
			continue;
		result->fields[id] = other->fields[id];
		result->refused_by[id] = 0;
		result->refusals[by - 1].fields--;
		result->refused--;
	}
}

void check_result_deinit(struct check_result *result)
{
	for (size_t i = 0; i < result->refusal_count; i++) {
		free(result->refusals[i].what);
		free(result->refusals[i].why);
	}
	free(result->refusals);
	*result = (struct check_result){.refused = 0};
}

void layout_read_facts(
	const struct field *fields, const struct check_target *target, struct layout_table *table)
{
	struct check_result *result = xcalloc(1, sizeof(*result));
	struct check *c = xcalloc(1, sizeof(*c));

	memcpy(result->fields, fields, sizeof(result->fields));
	check_start(c, target);
	c->probe.fields = c->fresh.fields = result->fields;
	c->result = result;
	check_interpreter(c);
	for (size_t i = 0; layout_type_at(i); i++) {
		check_find_type(c, i);
		type_facts_read(&c->probe, c->types[i], &table->types[i]);
	}
	table->hexversion = c->hexversion;
	check_result_deinit(result);
	free(result);
	free(c->probe.pages);
	free(c);
}
