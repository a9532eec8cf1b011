/* Objects of the target, looked at through the layout: pointers lead to objects of the kinds that must be
 * there. */
#include "inspector/python/layout_check_private.h"

#include <string.h>

#define WALK_MAX   2048 /* each way */
#define LINK_FLAGS 3	/* Include/internal/pycore_gc.h */
#define KINDS_MAX  3

enum { ANY = KIND_UNKNOWN };

struct row {
	enum type_kind holder;
	enum field_id id;
	bool may_be_null;
	uint8_t kinds[KINDS_MAX]; /* the first ANY: all; else the others up to a 0 */
};

/* The rows that are more exact come first. */
static const struct row rows[] = {
#define KIND_ANY	      ANY
#define MUST(holder, id, ...) {KIND_##holder, FIELD_##id, false, {KINDS(__VA_ARGS__, , )}},
#define MAY(holder, id, ...)  {KIND_##holder, FIELD_##id, true, {KINDS(__VA_ARGS__, , )}},
#define KIND_		      0
#define KINDS(a, b, c, ...)   KIND_##a, KIND_##b, KIND_##c
#include "inspector/python/layout_samples.def"
#undef MUST
#undef MAY
#define GROUP(name)
#define REFERENCE(kind, id, type, member, edge) {KIND_##kind, FIELD_ref_##id, true, {ANY}},
#include "inspector/python/layout_refs.def"
#undef REFERENCE
#undef GROUP
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

void outcome_add(struct outcome *outcome, bool is_right)
{
	outcome->right += is_right;
	outcome->wrong += !is_right;
	outcome->objects += is_right;
}

void check_outcome(struct check *c, enum field_id id, const struct outcome *outcome, const char *why)
{
	if (outcome->wrong * 8 > outcome->right + outcome->wrong)
		check_moving_field(c, id, false, why);
	else if (outcome->objects)
		check_field(c, id, true, NULL);
}

static bool is_of_kinds(const struct row *row, enum type_kind kind)
{
	for (size_t i = 0; i < KINDS_MAX && (!i || row->kinds[i]); i++)
		if (row->kinds[i] == ANY || row->kinds[i] == kind)
			return true;
	return false;
}

/* While a process runs, an object that was sampled may be no more: the collector's links are then cleared. */
static bool is_gone(struct check *c, const struct row *row, uint64_t holder)
{
	uint64_t previous;

	return c->samples->is_tracked[row->holder] && !probe_has(&c->probe, FIELD_object_gc_bits) &&
	       (!probe_pointer(&c->fresh, holder - c->probe.fields[FIELD_sizeof_gc_head].size,
			FIELD_gc_head_prev, &previous) ||
		       (previous & ~(uint64_t)LINK_FLAGS) == 0);
}

static void look(struct check *c, const struct row *row, uint64_t holder, struct outcome *outcome)
{
	uint64_t object;
	enum type_kind kind;
	bool is_exact, is_right;

	if (!probe_pointer(&c->probe, holder, row->id, &object)) {
		outcome->wrong++;
	} else if (!object) {
		outcome->right += row->may_be_null;
		outcome->wrong += !row->may_be_null;
	} else {
		is_right = samples_kind(c->samples, object, &kind, &is_exact) && is_of_kinds(row, kind);
		outcome->right += is_right;
		outcome->wrong += !is_right;
		/* An object of any kind may be that of a neighbour. */
		outcome->objects += is_right && row->kinds[0] != ANY;
		if (is_right)
			samples_offer(c->samples, object);
	}
}

static bool has_better_row(size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (rows[k].id == rows[i].id)
			return true;
	return false;
}

static void check_row(struct check *c, const struct row *row)
{
	struct outcome outcome = {.right = 0};

	for (size_t i = 0; i < c->samples->count[row->holder]; i++) {
		uint64_t holder = c->samples->at[row->holder][i];
		struct outcome before = outcome;

		look(c, row, holder, &outcome);
		if (outcome.wrong != before.wrong && is_gone(c, row, holder))
			outcome = before;
	}
	check_outcome(c, row->id, &outcome, "in objects of this process there is something else");
}

/* Where no list of the collector leads: what modules have. */
static void offer_values(struct check *c, uint64_t dict, uint64_t most)
{
	struct probe_entries e;

	if (!probe_entries_open(&c->probe, dict, most, &e))
		return;
	for (uint64_t i = 0; i < e.count; i++) {
		uint64_t value = probe_entries_value(&e, i);

		if (value)
			samples_offer(c->samples, value);
	}
	probe_entries_close(&e);
}

static void offer_modules(struct check *c)
{
	static const char *const names[] = {"builtins", "sys", "asyncio.events", "functools", "types"};
	uint64_t module, dict;

	/* The first of them are those of C code. */
	offer_values(c, c->modules, 4096);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (probe_dict_get(&c->probe, c->modules, names[i], &module) &&
			probe_pointer(&c->probe, module, FIELD_module_dict, &dict))
			offer_values(c, dict, 4096);
}

static void walk_lists(struct check *c)
{
	const struct probe *p = &c->probe;
	bool is_global = probe_has(p, FIELD_runtime_gc) && !probe_has(p, FIELD_interp_gc);
	uint64_t gc = is_global ? c->target->runtime + p->fields[FIELD_runtime_gc].offset
				: c->interp + p->fields[FIELD_interp_gc].offset;
	uint64_t stride = p->fields[FIELD_sizeof_gc_generation].size;

	if (probe_has(p, FIELD_object_gc_bits) || c->is_refused[FIELD_gc_generations] ||
		!probe_has(p, FIELD_gc_generations) || !stride)
		return;
	/* The oldest moves least, and has at its end what the program made last. */
	for (int i = 2; i >= 0; i--) {
		uint64_t head = gc + p->fields[FIELD_gc_generations].offset + (uint64_t)i * stride;

		samples_walk(c->samples, head, FIELD_gc_head_prev, LINK_FLAGS, WALK_MAX);
		if (i == 2)
			samples_walk(c->samples, head, FIELD_gc_head_next, LINK_FLAGS, WALK_MAX);
	}
}

static void offer_codes(struct check *c)
{
	for (size_t i = 0; i < c->samples->count[KIND_FUNCTION]; i++) {
		uint64_t code;

		if (probe_pointer(&c->probe, c->samples->at[KIND_FUNCTION][i], FIELD_function_code, &code))
			samples_offer(c->samples, code);
	}
}

void check_objects(struct check *c)
{
	if (!c->interp || !c->modules)
		return;
	offer_modules(c);
	walk_lists(c);
	offer_codes(c);
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (probe_has(&c->probe, rows[i].id) && !has_better_row(i))
			check_row(c, &rows[i]);
}
