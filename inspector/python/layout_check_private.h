/* What layout_check*.c share. */
#ifndef ASYNCINSPECT_PYTHON_LAYOUT_CHECK_PRIVATE_H
#define ASYNCINSPECT_PYTHON_LAYOUT_CHECK_PRIVATE_H

#include "inspector/base/alloc.h"
#include "inspector/python/layout_check.h"
#include "inspector/python/layout_samples.h"

struct check {
	struct probe probe; /* through result->fields */
	struct probe fresh; /* the same, reading each time what is there now: for what a process changes */
	const struct check_target *target;
	const struct layout_table *table;
	struct check_result *result;
	bool is_shown[FIELD_COUNT], is_refused[FIELD_COUNT];
	bool is_strong[FIELD_COUNT];	   /* shown by itself, not only by the size of its struct */
	bool is_contradicted[FIELD_COUNT]; /* refused, or another in a better source */
	uint32_t hexversion;		   /* whole, also where the target's was not */
	uint64_t interp, modules;	   /* 0: not found */
	struct samples *samples;	   /* owned */
	uint64_t types[LAYOUT_TYPES_MAX];  /* type objects; 0: not found */
	uint64_t type_type, dict_type, tuple_type, str_type, list_type, code_type, module_type, none_type;
};

/* Whether the struct of a field has this name. */
bool check_is_of(enum field_id id, const char *name);

/* The field holds or does not, and why not: a clause. A field that a better source gave stays. */
bool check_field(struct check *c, enum field_id id, bool holds, const char *why);

/* The same for what is right in several places: when it holds, that shows nothing. */
void check_weak_field(struct check *c, enum field_id id, bool holds, const char *why);

/* It holds, as far as its neighbours tell: not more than a hint. */
void check_hint(struct check *c, enum field_id id);

/* All fields of a struct. */
void check_refuse_struct(struct check *c, const char *name, const char *why);
void check_show_struct(struct check *c, const char *name);

/* The same, for what a running process may change under our hands. */
bool check_moving_field(struct check *c, enum field_id id, bool holds, const char *why);

bool check_is_object(const struct check *c, uint64_t address);
bool check_is_object_or_null(const struct check *c, uint64_t address);

/* A circular list of two words, to the next and to the previous. */
bool check_is_llist(struct check *c, uint64_t head);

/* layout_check_types.c. False: type objects cannot be read, so that nothing else can. */
bool check_types(struct check *c);
void check_instances(struct check *c); /* after check_interpreter: types are found in modules, too */
void check_find_type(struct check *c, size_t i);
/* The offset of an attribute, as the type's own table of members has it. */
bool check_find_member(struct check *c, uint64_t type, const char *attribute, uint64_t *offset);
bool type_facts_read(const struct probe *p, uint64_t type, struct type_facts *facts);

/* layout_check_threads.c: threads, frames. */
void check_threads(struct check *c);

/* layout_check_state.c: runtime, interpreters, the collector, _asyncio. */
void check_interpreter(struct check *c);
void check_collector(struct check *c);
void check_asyncio(struct check *c);

/* layout_check_places.c: inside of an instance, and beside what it is always beside. */
void check_places(struct check *c);

/* How a place in objects turned out: some may change while they are looked at. */
struct outcome {
	size_t right, wrong;
	size_t objects; /* of those that are right: where something was, not only nothing else */
};

void outcome_add(struct outcome *outcome, bool is_right);
/* Refuses the field when too many were wrong, shows it when something was right. */
void check_outcome(struct check *c, enum field_id id, const struct outcome *outcome, const char *why);

/* layout_check_objects.c: sampled objects have what layout_samples.def says. */
void check_objects(struct check *c);

/* layout_check_shapes.c: containers hold as many objects as they say. */
void check_shapes(struct check *c);

/* layout_check_tasks.c: coroutines, their frames, futures and tasks are in states that fit. */
void check_tasks(struct check *c);

/* layout_check_heaps.c: where the objects of a free-threaded build are. */
void check_heaps(struct check *c);

#endif
