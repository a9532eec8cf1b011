/* layout_check: whether a build of CPython is really of the layout that a table says, struct by struct.
 *
 * A table of another build is a hypothesis. The target is looked at through it, and what is found must make
 * sense: type objects have their name and size, dictionaries have the keys that every Python has, threads
 * refer to their interpreter, the collector's lists are circles, objects have objects where pointers should
 * be. What does not hold is refused, by name; what nothing in the target can show, too, unless target and
 * table are of the same build by version and size of _PyRuntime. */
#ifndef ASYNCINSPECT_PYTHON_LAYOUT_CHECK_H
#define ASYNCINSPECT_PYTHON_LAYOUT_CHECK_H

#include "inspector/python/layout_probe.h"
#include "inspector/python/layout_table.h"

struct check_target {
	const struct target *target;
	probe_symbol_fn find_symbol;
	void *context;
	uint64_t runtime, runtime_size; /* of _PyRuntime; size 0: unknown */
	uint32_t hexversion;		/* the low half may be 0: then it is read */
};

struct check_refusal {
	char *what, *why; /* owned; "PyDictObject", or one field: "_is.sysdict" */
	size_t fields;	  /* how many it cost */
};

struct check_result {
	struct field fields[FIELD_COUNT]; /* those of the layout, and of the table those that hold */
	struct check_refusal *refusals;	  /* owned */
	size_t refusal_count, refusal_capacity;
	uint16_t refused_by[FIELD_COUNT]; /* number of the refusal that cost the field, plus 1; 0: none did */
	size_t refused;			  /* fields of the table that are not used */
	bool may_have_run; /* something that a running process changes was among the reasons: try again */
};

/* fields are what better sources say, FIELD_COUNT of them: they are taken as right. Never fails: at worst
 * everything is refused. The result needs check_result_deinit. */
void layout_check(const struct field *fields, const struct layout_table *table,
	const struct check_target *target, struct check_result *result);

/* Takes from other, of the same table and target, the fields that held there. Refusals may be left that cost
 * nothing. */
void check_result_merge(struct check_result *result, const struct check_result *other);
void check_result_deinit(struct check_result *result);

/* Fills the facts of the rows of layout_types.def, and the whole version, from a target whose layout is
 * fields. */
void layout_read_facts(
	const struct field *fields, const struct check_target *target, struct layout_table *table);

#endif
