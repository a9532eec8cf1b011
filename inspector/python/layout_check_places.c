/* Where members may lie at all: inside of an instance, not on each other, and as layout_places.def says. */
#include "inspector/python/layout_check_private.h"

#include <string.h>

#define WORD 8

static uint32_t offset_of(const struct check *c, enum field_id id)
{
	return c->result->fields[id].offset;
}

static uint32_t size_of(const struct check *c, enum field_id id)
{
	return c->result->fields[id].size;
}

static bool has(const struct check *c, enum field_id id)
{
	return probe_has(&c->probe, id);
}

/* Neither is known to be right: what other evidence there is for one of them decides. */
static void check_pair(struct check *c, enum field_id a, enum field_id b, bool holds)
{
	static const char why[] = "the table has it elsewhere than beside what it is always beside";

	if (holds || !has(c, a) || !has(c, b))
		return;
	if (!c->is_strong[a])
		check_field(c, a, false, why);
	if (!c->is_strong[b])
		check_field(c, b, false, why);
}

/* The same, where nothing can speak for both. */
static void check_two(struct check *c, enum field_id a, enum field_id b, bool holds)
{
	if (!holds && has(c, a) && has(c, b) && c->is_strong[a] && c->is_strong[b])
		c->is_strong[a] = c->is_strong[b] = false;
	check_pair(c, a, b, holds);
}

static void check_rows(struct check *c)
{
#define SAME(a, b) check_pair(c, FIELD_##a, FIELD_##b, offset_of(c, FIELD_##a) == offset_of(c, FIELD_##b));
#define NEXT(a, b)                                                                                           \
	check_pair(c, FIELD_##a, FIELD_##b, offset_of(c, FIELD_##a) + WORD == offset_of(c, FIELD_##b));
#define LAST(a, size)                                                                                        \
	check_pair(c, FIELD_##a, FIELD_##size, offset_of(c, FIELD_##a) + WORD == size_of(c, FIELD_##size));
#define HEAD(n, a)                                                                                           \
	check_pair(c, FIELD_##a, FIELD_sizeof_object,                                                        \
		offset_of(c, FIELD_##a) == size_of(c, FIELD_sizeof_object) + (n)*WORD);
#define START(a)                                                                                             \
	if (has(c, FIELD_##a) && offset_of(c, FIELD_##a))                                                    \
		check_field(c, FIELD_##a, false, "it is always the first member");
#include "inspector/python/layout_places.def"
#undef SAME
#undef NEXT
#undef LAST
#undef HEAD
#undef START
}

/* Include/internal/pycore_genobject.h, _PyGenObject_HEAD: an _PyErr_StackItem, and then the origin. */
static void check_generator_head(struct check *c)
{
	bool holds = offset_of(c, FIELD_gen_exc_value) - offset_of(c, FIELD_exc_item_value) +
			     offset_of(c, FIELD_exc_item_previous) + WORD ==
		     offset_of(c, FIELD_gen_origin);

	check_pair(c, FIELD_gen_exc_value, FIELD_exc_item_previous, holds);
	check_pair(c, FIELD_exc_item_value, FIELD_gen_origin, holds);
}

/* FutureObj and TaskObj have their numbers in bytes and bits beside each other: from 3.13 on of one
 * bit-field, before that of ints between the pointers. */
static void check_future_numbers(struct check *c)
{
	const struct field *must = &c->result->fields[FIELD_task_must_cancel],
			   *log = &c->result->fields[FIELD_future_log_traceback];
	uint32_t cancel = offset_of(c, FIELD_task_cancel_requests);

	if (must->bits) {
		check_pair(c, FIELD_task_must_cancel, FIELD_future_log_traceback,
			must->offset == log->offset && must->bit == log->bit + 2);
		check_pair(c, FIELD_task_cancel_requests, FIELD_task_must_cancel,
			cancel == (must->offset / 4 + 1) * 4);
		return;
	}
	check_pair(c, FIELD_task_must_cancel, FIELD_task_context,
		must->offset == offset_of(c, FIELD_task_context) + WORD);
	check_pair(c, FIELD_task_cancel_requests, FIELD_task_must_cancel, cancel == must->offset + 8);
	check_pair(c, FIELD_future_log_traceback, FIELD_future_state,
		log->offset == offset_of(c, FIELD_future_state) + 4);
}

/* From 3.13 on a pointer, qsbr, is between what asyncio has in a thread and this queue. */
static void check_queue(struct check *c)
{
	bool has_tasks = has(c, FIELD_thread_tasks_head);
	enum field_id last = has_tasks ? FIELD_thread_tasks_head : FIELD_thread_running_loop;

	check_pair(c, FIELD_thread_mem_free_queue, last,
		offset_of(c, last) + (has_tasks ? 2 * WORD : WORD) + WORD ==
			offset_of(c, FIELD_thread_mem_free_queue));
}

/* Include/cpython/pystate.h: up to 3.11 the type of the exception comes before its value. */
static void check_current_exception(struct check *c)
{
	uint32_t step = offset_of(c, FIELD_thread_current_exception) - offset_of(c, FIELD_thread_c_traceobj);

	check_pair(
		c, FIELD_thread_current_exception, FIELD_thread_c_traceobj, step == WORD || step == 2 * WORD);
}

/* Enumerators count up: Include/internal/pycore_frame.h, Modules/_asynciomodule.c. */
static void check_enumerators(struct check *c)
{
	static const struct {
		enum field_id low, high;
		int64_t least, most;
	} order[] = {
		{FIELD_state_created, FIELD_state_suspended, 1, 1},
		{FIELD_state_suspended, FIELD_state_suspended_await, 1, 1},
		{FIELD_owned_by_thread, FIELD_owned_by_generator, 1, 1},
		{FIELD_owned_by_generator, FIELD_owned_by_frame_object, 1, 1},
		{FIELD_owned_by_frame_object, FIELD_owned_by_cstack, 1, 2},
		{FIELD_future_pending, FIELD_future_cancelled, 1, 1},
		{FIELD_future_cancelled, FIELD_future_finished, 1, 1},
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		int64_t step = c->result->fields[order[i].high].value - c->result->fields[order[i].low].value;

		check_two(c, order[i].low, order[i].high, step >= order[i].least && step <= order[i].most);
	}
}

/* Between a generator that awaits and one that executes there is nothing, and 4 up to one that is cleared;
 * or, with FRAME_SUSPENDED_YIELD_FROM_LOCKED (3.15), one state, and then only one. */
static void check_states(struct check *c)
{
	const struct field *f = c->result->fields;
	enum field_id suspended =
		has(c, FIELD_state_suspended_await) ? FIELD_state_suspended_await : FIELD_state_suspended;
	int64_t below = f[FIELD_state_executing].value - f[suspended].value,
		above = f[FIELD_state_cleared].value - f[FIELD_state_executing].value;

	check_two(c, FIELD_state_executing, FIELD_state_cleared,
		(below == 1 && above == 4) || (below == 2 && above == 1));
}

/* PyCodeObject ends with the first instruction: one char, and what fills the word. */
static void check_code_size(struct check *c)
{
	check_pair(c, FIELD_code_bytecode, FIELD_sizeof_code,
		(offset_of(c, FIELD_code_bytecode) + WORD) / WORD * WORD == size_of(c, FIELD_sizeof_code));
}

/* The int is followed by a pointer. */
static void check_collecting(struct check *c)
{
	if (has(c, FIELD_gc_collecting) && offset_of(c, FIELD_gc_collecting) % WORD)
		check_field(c, FIELD_gc_collecting, false, "it does not begin a word");
}

/* Instances ------------------------------------------------------------------------------------------- */

struct instance {
	uint64_t basicsize, itemsize; /* the largest, of types whose instances are of one struct */
	uint64_t weak, dict;	      /* offsets of what Python adds; 0: none */
};

static uint64_t positive(const struct check *c, uint64_t type, uint64_t offset)
{
	int64_t value;

	if (!probe_word(&c->probe, type + offset, (uint64_t *)&value) || value <= 0)
		return 0;
	return (uint64_t)value;
}

static bool read_instance(struct check *c, const char *name, uint64_t weak_offset, struct instance *found)
{
	*found = (struct instance){.basicsize = 0};
	for (size_t i = 0; layout_type_at(i); i++) {
		uint64_t basicsize, itemsize;

		if (!c->types[i] || strcmp(layout_type_at(i)->instance, name) != 0 ||
			!probe_unsigned(&c->probe, c->types[i], FIELD_type_basicsize, &basicsize) ||
			!probe_unsigned(&c->probe, c->types[i], FIELD_type_itemsize, &itemsize))
			continue;
		if (basicsize > found->basicsize)
			found->basicsize = basicsize;
		if (itemsize > found->itemsize)
			found->itemsize = itemsize;
		if (weak_offset)
			found->weak = positive(c, c->types[i], weak_offset);
		found->dict = positive(c, c->types[i], offset_of(c, FIELD_type_dictoffset));
	}
	return found->basicsize != 0;
}

static bool is_on(const struct field *f, uint64_t place)
{
	return place && f->offset < place + WORD && place < f->offset + f->size;
}

static void check_member_of(struct check *c, enum field_id id, const struct instance *in)
{
	const struct field *f = &c->result->fields[id];
	uint64_t size = f->size < WORD ? f->size : WORD;

	if (in->itemsize ? f->offset > in->basicsize : f->offset + size > in->basicsize)
		check_field(c, id, false, "it is past the end of an instance");
	if (is_on(f, in->weak))
		check_field(c, id, false, "an instance has its weak references there");
	if (id != FIELD_module_dict && is_on(f, in->dict))
		check_field(c, id, false, "an instance has its dictionary there");
}

static void check_size_of(struct check *c, enum field_id id, const struct instance *in)
{
	bool holds = size_of(c, id) == in->basicsize;

	/* With its instructions and objects of variable size it is larger. */
	if (in->itemsize || id == FIELD_sizeof_type || id == FIELD_sizeof_object)
		return;
	check_field(c, id, holds, "an instance has another size");
}

static void check_instance(struct check *c, const char *name, uint64_t weak_offset)
{
	struct instance in;

	if (!read_instance(c, name, weak_offset, &in))
		return;
	for (int id = 0; id < FIELD_COUNT; id++) {
		const char *kind = layout_describe(id)->kind;

		if (!has(c, id) || !check_is_of(id, name))
			continue;
		if (strcmp(kind, "member") == 0)
			check_member_of(c, id, &in);
		else if (strcmp(kind, "sizeof") == 0)
			check_size_of(c, id, &in);
	}
}

/* A bytes ends with its first byte, a frame object, up to 3.10, with its first slot. */
static void check_last_members(struct check *c)
{
	struct instance in;

	if (has(c, FIELD_bytes_value) && read_instance(c, "PyBytesObject", 0, &in))
		check_field(c, FIELD_bytes_value, offset_of(c, FIELD_bytes_value) + 1 == in.basicsize,
			"the bytes are elsewhere in a bytes");
	if (has(c, FIELD_frameobject_localsplus) && read_instance(c, "_frame", 0, &in))
		check_field(c, FIELD_frameobject_localsplus,
			offset_of(c, FIELD_frameobject_localsplus) + WORD == in.basicsize,
			"the slots are elsewhere in a frame");
}

void check_places(struct check *c)
{
	uint64_t weak_offset = 0;

	check_find_member(c, c->type_type, "__weakrefoffset__", &weak_offset);
	for (size_t i = 0; layout_type_at(i); i++)
		check_instance(c, layout_type_at(i)->instance, weak_offset);
	check_last_members(c);
	check_rows(c);
	check_generator_head(c);
	check_future_numbers(c);
	check_queue(c);
	check_current_exception(c);
	check_enumerators(c);
	check_states(c);
	check_code_size(c);
	check_collecting(c);
}
