#include "inspector/python/layout_builtin.h"

#include "inspector/base/alloc.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ATTEMPTS    8
#define PAUSE_NS    10000000L
#define TABLES_MAX  256
#define OTHER_BUILD 100000

/* The Makefile joins the files to one. */
__asm__(".pushsection .rodata\n"
	"layout_builtin_start:\n"
	".incbin \"" LAYOUT_TABLES "\"\n"
	"layout_builtin_end:\n"
	".byte 0\n"
	".popsection\n");
extern const char layout_builtin_start[], layout_builtin_end[];

const char *layout_builtin_texts(size_t *length)
{
	*length = (size_t)(layout_builtin_end - layout_builtin_start);
	return layout_builtin_start;
}

struct candidate {
	struct layout_table *table; /* owned */
	unsigned distance;
};

static int by_distance(const void *a, const void *b)
{
	unsigned first = ((const struct candidate *)a)->distance,
		 second = ((const struct candidate *)b)->distance;

	return (first > second) - (first < second);
}

/* Micro versions apart; a build of another kind is farther than any version. */
static unsigned distance(const struct layout_table *table, const struct check_target *target, bool is_debug)
{
	int micro = (int)(table->hexversion >> 8 & 255) - (int)(target->hexversion >> 8 & 255);
	bool is_other_size = target->runtime_size && table->runtime_size != target->runtime_size;

	return (unsigned)abs(micro) * 2 + is_other_size + (table->is_debug != is_debug ? OTHER_BUILD : 0);
}

static bool find_candidates(const char *texts, size_t length, const struct check_target *target,
	bool is_debug, struct candidate *candidates, size_t *count, struct error *err)
{
	*count = 0;
	while (length && *count < TABLES_MAX) {
		struct layout_table *table = xmalloc(sizeof(*table));
		size_t used;

		if (!layout_table_parse(texts, length, table, &used, err)) {
			free(table);
			return false;
		}
		texts += used;
		length -= used;
		if (table->hexversion >> 16 == target->hexversion >> 16)
			candidates[(*count)++] = (struct candidate){table, distance(table, target, is_debug)};
		else
			free(table);
	}
	qsort(candidates, *count, sizeof(*candidates), by_distance);
	return true;
}

/* A process that runs may have changed what was looked at: what it refutes once must be refuted each time. */
static void check_patiently(const struct layout *layout, const struct layout_table *table,
	const struct check_target *target, bool is_live, struct check_result *best)
{
	struct check_result result;

	layout_check(layout->fields, table, target, best);
	for (int i = 1; is_live && i < ATTEMPTS && best->may_have_run; i++) {
		nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
		layout_check(layout->fields, table, target, &result);
		check_result_merge(best, &result);
		best->may_have_run = result.may_have_run && best->refused;
		check_result_deinit(&result);
	}
}

/* Fields that nobody asks for need not hold. */
static void drop_unwanted(struct layout_table *table, const bool *wanted)
{
	for (int id = 0; id < FIELD_COUNT; id++)
		if (!wanted[id])
			table->fields[id] = (struct field){.offset = NO_OFFSET};
}

static bool report(struct layout *layout, const struct layout_table *table, const struct check_result *best,
	struct error *err)
{
	const char *kind = table->is_debug ? " (debug)" : "";
	const struct check_refusal *first = NULL;

	layout_note(layout, false, xasprintf("built-in: the table of CPython %s%s", table->version, kind));
	for (size_t i = 0; i < best->refusal_count; i++) {
		const struct check_refusal *r = &best->refusals[i];

		if (!r->fields)
			continue;
		if (!first)
			first = r;
		layout_note(layout, false, xasprintf("built-in: not used for %s: %s", r->what, r->why));
	}
	if (!first)
		return true;
	layout_note(layout, true,
		xasprintf("%zu fields of the built-in layout of CPython %s%s do not hold for this build and "
			  "are "
			  "not used (asyncinspect layout tells which)",
			best->refused, table->version, kind));
	return error_set(err, ERROR_MISMATCH,
		"the built-in layout of CPython %s%s does not hold for this build: %s: %s", table->version,
		kind, first->what, first->why);
}

bool layout_use_tables(struct layout *layout, const struct check_target *target, bool is_debug, bool is_live,
	const bool *wanted, const char *texts, size_t length, struct error *err)
{
	struct candidate *candidates = xcalloc(TABLES_MAX, sizeof(*candidates));
	struct check_result *best = xcalloc(1, sizeof(*best)), *next = xcalloc(1, sizeof(*next));
	const struct layout_table *chosen = NULL;
	size_t count = 0;
	bool ok = find_candidates(texts, length, target, is_debug, candidates, &count, err);

	for (size_t i = 0; ok && i < count && (!chosen || best->refused); i++) {
		drop_unwanted(candidates[i].table, wanted);
		check_patiently(layout, candidates[i].table, target, is_live, next);
		if (!chosen || next->refused < best->refused) {
			struct check_result *swap = best;

			best = next;
			next = swap;
			chosen = candidates[i].table;
		}
		check_result_deinit(next);
	}
	if (chosen) {
		memcpy(layout->fields, best->fields, sizeof(layout->fields));
		ok = report(layout, chosen, best, err);
	} else if (ok) {
		ok = error_set(
			err, ERROR_NOT_FOUND, "there is no built-in layout for this version of CPython");
	}
	check_result_deinit(best);
	for (size_t i = 0; i < count; i++)
		free(candidates[i].table);
	free(candidates);
	free(best);
	free(next);
	return ok;
}

static bool find_symbol(void *context, const char *name, struct symbol *symbol)
{
	return module_symbol(context, name, symbol, NULL);
}

static struct check_target target_of(const struct layout_request *r)
{
	return (struct check_target){
		.target = r->target,
		.find_symbol = find_symbol,
		.context = r->python,
		.runtime = r->runtime,
		.runtime_size = r->runtime_size,
		.hexversion = r->hexversion,
	};
}

/* Exported by debug builds alone, in every version: Objects/object.c. */
static bool is_debug_build(const struct layout_request *r)
{
	struct symbol symbol;

	return module_symbol(r->python, "_Py_NegativeRefcount", &symbol, NULL);
}

bool layout_use_builtin(
	struct layout *layout, const struct layout_request *r, const bool *wanted, struct error *err)
{
	struct check_target target = target_of(r);
	size_t length;
	const char *texts = layout_builtin_texts(&length);

	return layout_use_tables(layout, &target, is_debug_build(r), target_kind(r->target) == TARGET_LIVE,
		wanted, texts, length, err);
}

char *layout_export(const struct layout *layout, const struct layout_request *r, struct error *err)
{
	struct check_target target = target_of(r);
	struct layout_table *table = xcalloc(1, sizeof(*table));
	struct strbuf text = STRBUF_INIT;
	bool is_dwarf = true;

	for (int id = 0; id < FIELD_COUNT; id++)
		is_dwarf &= layout->fields[id].source == SOURCE_DWARF || !layout_has(layout, id);
	if (!is_dwarf) {
		free(table);
		error_set(err, ERROR_UNSUPPORTED, "only a layout from debug information is exported");
		return NULL;
	}
	layout_read_facts(layout->fields, &target, table);
	table->is_debug = is_debug_build(r);
	table->runtime_size = r->runtime_size;
	memcpy(table->fields, layout->fields, sizeof(table->fields));
	layout_table_print(table, &text);
	free(table);
	return strbuf_steal(&text);
}
