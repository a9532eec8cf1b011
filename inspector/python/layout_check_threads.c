/* Threads and their Python stacks. */
#include "inspector/python/layout_check_private.h"

#include <time.h>

#define THREADS_MAX	 256
#define FRAMES_MAX	 256
#define LOCALS_MAX	 64
#define CHAIN_MAX	 256
#define THREAD_STATE_MAX 65536
#define TID_MAX		 (1 << 22) /* Linux: PID_MAX_LIMIT */
#define OWNER_MAX	 4
/* A stack that changes while it is looked at: about 100 us a look, and a pause now and then, so that a
 * process on the same processor gets on. */
#define STACK_LOOKS	64
#define LOOKS_AT_A_TIME 8
#define PAUSE_NS	2000000L
/* 3.14: the low bits of a reference on a frame are flags. */
#define UNTAGGED (~UINT64_C(3))

/* Threads --------------------------------------------------------------------------------------------- */

struct threads {
	uint64_t at[THREADS_MAX];
	size_t count;
};

static bool find_threads(struct check *c, struct threads *threads)
{
	const struct probe *p = &c->fresh;
	uint64_t at, interp, newer;

	threads->count = 0;
	if (!probe_pointer(p, c->interp, FIELD_interp_threads_head, &at))
		return false;
	/* Before it, there is none: Include/cpython/pystate.h, prev and next begin the struct. */
	if (!probe_word(p, at, &newer) || newer)
		return false;
	while (at && threads->count < THREADS_MAX) {
		if (at % 8 || !probe_pointer(p, at, FIELD_thread_interp, &interp) || interp != c->interp)
			return false;
		threads->at[threads->count++] = at;
		if (!probe_pointer(p, at, FIELD_thread_next, &at))
			return false;
	}
	return threads->count > 0;
}

/* A number that every thread has, and no two the same. */
static bool are_distinct(struct check *c, const struct threads *threads, enum field_id id, uint64_t most)
{
	uint64_t value, other;

	for (size_t i = 0; i < threads->count; i++) {
		if (!probe_unsigned(&c->fresh, threads->at[i], id, &value) || !value || value > most)
			return false;
		for (size_t k = 0; k < i; k++)
			if (!probe_unsigned(&c->fresh, threads->at[k], id, &other) || other == value)
				return false;
	}
	return true;
}

/* pthread_t is the address of the thread's own block. */
static bool are_pthreads(struct check *c, const struct threads *threads)
{
	uint64_t value, word;

	for (size_t i = 0; i < threads->count; i++)
		if (!probe_unsigned(&c->fresh, threads->at[i], FIELD_thread_id, &value) || value % 8 ||
			!probe_word(&c->fresh, value, &word) || word != value)
			return false;
	return true;
}

/* Fields that are NULL or an object of a type (0: of any, which shows nothing when it holds). */
static void check_thread_objects(
	struct check *c, const struct threads *threads, enum field_id id, uint64_t type)
{
	uint64_t object, found;

	for (size_t i = 0; probe_has(&c->fresh, id) && i < threads->count; i++) {
		bool is_right;

		if (probe_pointer(&c->fresh, threads->at[i], id, &object) && !object)
			continue;
		found = probe_type_of(&c->fresh, object);
		is_right = found && (!type || found == type);
		if (type || !is_right)
			check_moving_field(c, id, is_right, "what is there is something else");
		if (!is_right)
			return;
	}
}

/* The stack of handled exceptions ends inside the thread state: Include/cpython/pystate.h, exc_state. */
static bool has_exception_stack(struct check *c, uint64_t thread)
{
	const struct probe *p = &c->fresh;
	uint64_t item, value, previous;

	if (!probe_pointer(p, thread, FIELD_thread_exc_info, &item))
		return false;
	for (int i = 0; i < CHAIN_MAX; i++) {
		if (!item || item % 8 || !probe_pointer(p, item, FIELD_exc_item_value, &value) ||
			!check_is_object_or_null(c, value) ||
			!probe_pointer(p, item, FIELD_exc_item_previous, &previous))
			return false;
		if (!previous)
			return item > thread && item - thread < THREAD_STATE_MAX;
		item = previous;
	}
	return false;
}

/* 3.10 has nothing in it that is read. */
static void check_cframe(struct check *c, const struct threads *threads)
{
	uint64_t cframe, word;

	if (probe_has(&c->fresh, FIELD_thread_cframe))
		check_field(c, FIELD_thread_cframe,
			probe_pointer(&c->fresh, threads->at[0], FIELD_thread_cframe, &cframe) && cframe &&
				cframe % 8 == 0 && probe_word(&c->fresh, cframe, &word),
			"threads have nothing there");
}

/* Python/ceval_gil.c: before last_holder is the interval in microseconds; locked is -1 before there is a
 * thread; last_holder is a thread, which may have ended.
 */
static bool is_gil(struct check *c, const struct threads *threads, uint64_t gil)
{
	const struct probe *p = &c->fresh;
	uint64_t holder, interval, word;
	int64_t locked;

	if (!gil || gil % 8 || !probe_signed(p, gil, FIELD_gil_locked, &locked) || locked < -1 ||
		locked > 1 || !probe_pointer(p, gil, FIELD_gil_last_holder, &holder) || holder % 8 ||
		!probe_word(p, gil + p->fields[FIELD_gil_last_holder].offset - 8, &interval) || !interval ||
		interval > 1000000000)
		return false;
	for (size_t i = 0; i < threads->count; i++)
		if (threads->at[i] == holder)
			return true;
	/* Who runs Python has held it: take_gil() sets the holder, and nothing clears it. Of a process whose
	 * only thread is left, and waits, it may be one that has ended. */
	return holder && probe_word(p, holder, &word) && (threads->count > 1 || locked == 0);
}

static void check_gil(struct check *c, const struct threads *threads)
{
	const struct probe *p = &c->fresh;
	enum field_id id = probe_has(p, FIELD_interp_gil) ? FIELD_interp_gil : FIELD_runtime_gil;
	const enum field_id ids[] = {id, FIELD_gil_locked, FIELD_gil_last_holder};
	uint64_t gil;
	bool holds;

	if (!probe_has(p, id))
		return;
	gil = c->target->runtime + p->fields[id].offset;
	if (id == FIELD_interp_gil && !probe_pointer(p, c->interp, id, &gil))
		return;
	holds = is_gil(c, threads, gil);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (holds && ids[i] == FIELD_gil_locked)
			check_hint(c, ids[i]); /* 0 is in many places */
		else
			check_moving_field(c, ids[i], holds, "no lock of the interpreter is there");
}

static void check_exceptions(struct check *c, const struct threads *threads)
{
	bool holds = true;

	for (size_t i = 0; i < threads->count; i++)
		holds &= has_exception_stack(c, threads->at[i]);
	check_moving_field(c, FIELD_thread_exc_info, holds, "the stack of handled exceptions is not there");
	check_moving_field(c, FIELD_exc_item_value, holds, "the stack of handled exceptions is not there");
	check_moving_field(c, FIELD_exc_item_previous, holds, "the stack of handled exceptions is not there");
}

/* 3.13: near the running loop is a circular list that only free-threaded builds fill. All that follows
 * PyThreadState moves together from one micro version to the next. */
static bool find_queue(struct check *c, const struct threads *threads, int *step)
{
	static const int steps[] = {0, 8, -8, 16, -16, 24, -24, 32, -32};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		uint32_t at = c->result->fields[FIELD_thread_mem_free_queue].offset + (uint32_t)steps[i];
		size_t good = 0;

		while (good < threads->count && check_is_llist(c, threads->at[good] + at))
			good++;
		if (good == threads->count) {
			*step = steps[i];
			return true;
		}
	}
	return false;
}

static void check_thread_tail(struct check *c, const struct threads *threads)
{
	static const enum field_id ids[] = {FIELD_thread_running_loop, FIELD_thread_running_task,
		FIELD_thread_tasks_head, FIELD_thread_mem_free_queue};
	bool holds, has_lists = true;
	int step = 0;

	if (!probe_has(&c->fresh, FIELD_thread_mem_free_queue))
		return;
	holds = find_queue(c, threads, &step);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		if (holds && c->result->fields[ids[i]].source == SOURCE_BUILT_IN)
			c->result->fields[ids[i]].offset += (uint32_t)step;
		if (holds)
			check_hint(c, ids[i]);
		else
			check_field(c, ids[i], false, "what is next to it is not there");
	}
	check_thread_objects(c, threads, FIELD_thread_running_loop, 0);
	check_thread_objects(c, threads, FIELD_thread_running_task, 0);
	if (!probe_has(&c->fresh, FIELD_thread_tasks_head))
		return;
	for (size_t i = 0; i < threads->count; i++)
		has_lists &=
			check_is_llist(c, threads->at[i] + c->result->fields[FIELD_thread_tasks_head].offset);
	check_moving_field(c, FIELD_thread_tasks_head, has_lists, "the list of tasks is not there");
	check_field(c, FIELD_llist_next, c->result->fields[FIELD_llist_next].offset == 0,
		"lists are not of this form");
}

/* Frames ---------------------------------------------------------------------------------------------- */

enum frame_verdict { FRAME_WRONG, FRAME_SKIPPED, FRAME_RIGHT };

/* Locals are objects, or not set. 3.14: 1 is not set, the lowest two bits 11 an integer. */
static bool are_locals(struct check *c, uint64_t locals, uint64_t count)
{
	uint64_t word;

	for (uint64_t i = 0; i < count && i < LOCALS_MAX; i++) {
		if (!probe_word(&c->fresh, locals + 8 * i, &word))
			return false;
		if (word > 1 && (word & 3) != 3 && !check_is_object(c, word & UNTAGGED))
			return false;
	}
	return true;
}

static bool has_bytecode(struct check *c, uint64_t code, uint64_t at)
{
	uint64_t units, start = code + c->result->fields[FIELD_code_bytecode].offset;

	return probe_unsigned(&c->fresh, code, FIELD_var_size, &units) && units && units < UINT32_MAX &&
	       at + 2 >= start && at <= start + 2 * units;
}

/* The names and the kinds of the locals are as many as the locals. */
static bool has_names(struct check *c, uint64_t code, uint64_t locals)
{
	const struct probe *p = &c->fresh;
	uint64_t names, kinds, count, kinds_count;

	return probe_pointer(p, code, FIELD_code_localsplusnames, &names) &&
	       probe_type_of(p, names) == c->tuple_type && probe_unsigned(p, names, FIELD_var_size, &count) &&
	       count == locals && probe_pointer(p, code, FIELD_code_localspluskinds, &kinds) &&
	       check_is_object(c, kinds) && probe_unsigned(p, kinds, FIELD_var_size, &kinds_count) &&
	       kinds_count == locals;
}

/* A frame that is a struct: Include/internal/pycore_frame.h. Those of C code have no code object, or one
 * without a function. */
static enum frame_verdict look_at_struct(struct check *c, uint64_t frame)
{
	const struct probe *p = &c->fresh;
	uint64_t code, function, instruction, owner, object, count, function_type;

	if (!probe_pointer(p, frame, FIELD_frame_code, &code) ||
		!probe_pointer(p, frame, FIELD_frame_function, &function) ||
		!probe_pointer(p, frame, FIELD_frame_instruction, &instruction) ||
		!probe_unsigned(p, frame, FIELD_frame_owner, &owner) || owner > OWNER_MAX ||
		!probe_pointer(p, frame, FIELD_frame_object, &object))
		return FRAME_WRONG;
	code &= UNTAGGED;
	function &= UNTAGGED;
	function_type = probe_type_of(p, function);
	if (probe_type_of(p, code) != c->code_type || function_type != probe_symbol(p, "PyFunction_Type"))
		return owner >= 3 ? FRAME_SKIPPED : FRAME_WRONG;
	if (!has_bytecode(c, code, instruction) || !probe_unsigned(p, code, FIELD_code_nlocalsplus, &count) ||
		count > UINT16_MAX || !has_names(c, code, count) ||
		(object && probe_type_of(p, object) != probe_symbol(p, "PyFrame_Type")) ||
		!are_locals(c, frame + p->fields[FIELD_frame_localsplus].offset, count))
		return FRAME_WRONG;
	return FRAME_RIGHT;
}

/* A frame that is an object: up to 3.10. */
static enum frame_verdict look_at_object(struct check *c, uint64_t frame)
{
	const struct probe *p = &c->fresh;
	uint64_t code, stack, locals, count, names[LOCALS_MAX];
	size_t cells, frees;

	locals = frame + p->fields[FIELD_frameobject_localsplus].offset;
	if (probe_type_of(p, frame) != probe_symbol(p, "PyFrame_Type") ||
		!probe_pointer(p, frame, FIELD_frameobject_code, &code) ||
		probe_type_of(p, code) != c->code_type ||
		!probe_unsigned(p, code, FIELD_code_nlocals, &count) || count > UINT16_MAX ||
		!probe_pointer(p, frame, FIELD_frameobject_valuestack, &stack) ||
		!are_locals(c, locals, count))
		return FRAME_WRONG;
	if (!probe_pointer(p, code, FIELD_code_cellvars, &code) ||
		!probe_tuple(p, code, names, LOCALS_MAX, &cells))
		return FRAME_WRONG;
	probe_pointer(p, frame, FIELD_frameobject_code, &code);
	if (!probe_pointer(p, code, FIELD_code_freevars, &code) ||
		!probe_tuple(p, code, names, LOCALS_MAX, &frees) ||
		stack != locals + 8 * (count + cells + frees))
		return FRAME_WRONG;
	return FRAME_RIGHT;
}

static bool top_frame(struct check *c, uint64_t thread, uint64_t *frame)
{
	const struct probe *p = &c->fresh;
	uint64_t cframe;

	if (probe_has(p, FIELD_thread_current_frame))
		return probe_pointer(p, thread, FIELD_thread_current_frame, frame);
	if (probe_has(p, FIELD_cframe_current_frame))
		return probe_pointer(p, thread, FIELD_thread_cframe, &cframe) &&
		       probe_pointer(p, cframe, FIELD_cframe_current_frame, frame);
	return probe_pointer(p, thread, FIELD_thread_frame, frame);
}

/* The stack from its top to its end: some frame must be right, none may be wrong. */
static bool has_stack(struct check *c, uint64_t thread)
{
	bool are_structs = probe_has(&c->fresh, FIELD_frame_localsplus), has_right = false;
	uint64_t at;

	if (!top_frame(c, thread, &at))
		return false;
	for (int i = 0; at && i < FRAMES_MAX; i++) {
		enum frame_verdict verdict = FRAME_WRONG;

		if (at % 8 == 0)
			verdict = are_structs ? look_at_struct(c, at) : look_at_object(c, at);
		if (verdict == FRAME_WRONG)
			return false;
		has_right |= verdict == FRAME_RIGHT;
		if (!probe_pointer(
			    &c->fresh, at, are_structs ? FIELD_frame_previous : FIELD_frameobject_back, &at))
			return false;
	}
	return has_right;
}

/* Of a process that runs one look in a few meets a stack that is whole, and fewer when it calls a lot. */
static bool any_has_stack(struct check *c, const struct threads *threads)
{
	int looks = target_kind(c->target->target) == TARGET_LIVE ? STACK_LOOKS : 1;

	for (int look = 0; look < looks; look++) {
		for (size_t i = 0; i < threads->count; i++)
			if (has_stack(c, threads->at[i]))
				return true;
		if (look % LOOKS_AT_A_TIME == LOOKS_AT_A_TIME - 1)
			nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
	}
	return false;
}

static void check_frames(struct check *c, const struct threads *threads)
{
	static const enum field_id ids[] = {FIELD_thread_current_frame, FIELD_thread_cframe,
		FIELD_thread_frame, FIELD_cframe_current_frame, FIELD_code_nlocalsplus,
		FIELD_code_localsplusnames, FIELD_code_localspluskinds};
	bool has_any = any_has_stack(c, threads);

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		check_moving_field(c, ids[i], has_any, "no thread has a Python stack there");
	for (int id = 0; id < FIELD_COUNT; id++)
		if (check_is_of(id, "_PyInterpreterFrame") && (!has_any || layout_describe(id)->type))
			check_moving_field(c, id, has_any, "no thread has a Python stack of such frames");
		else if (check_is_of(id, "_PyInterpreterFrame"))
			check_hint(c, id); /* constants */
}

void check_threads(struct check *c)
{
	struct threads threads;

	if (!c->interp)
		return;
	if (!find_threads(c, &threads)) {
		check_moving_field(
			c, FIELD_interp_threads_head, false, "no thread of the interpreter is there");
		check_moving_field(
			c, FIELD_thread_interp, false, "no thread of the interpreter has it there");
		check_moving_field(c, FIELD_thread_next, false, "no thread of the interpreter has it there");
		return;
	}
	check_field(c, FIELD_interp_threads_head, true, NULL);
	check_field(c, FIELD_thread_interp, true, NULL);
	check_field(c, FIELD_thread_next, true, NULL);
	check_field(c, FIELD_thread_native_id, are_distinct(c, &threads, FIELD_thread_native_id, TID_MAX),
		"threads have no IDs of their own there");
	check_field(c, FIELD_thread_id,
		are_distinct(c, &threads, FIELD_thread_id, UINT64_MAX) && are_pthreads(c, &threads),
		"threads have no pthread_t there");
	check_thread_objects(c, &threads, FIELD_thread_dict, c->dict_type);
	check_thread_objects(c, &threads, FIELD_thread_context, probe_symbol(&c->fresh, "PyContext_Type"));
	check_thread_objects(c, &threads, FIELD_thread_current_exception, 0);
	check_thread_objects(c, &threads, FIELD_thread_async_exc, 0);
	check_thread_objects(c, &threads, FIELD_thread_async_gen_firstiter, 0);
	check_thread_objects(c, &threads, FIELD_thread_async_gen_finalizer, 0);
	check_thread_objects(c, &threads, FIELD_thread_c_profileobj, 0);
	check_thread_objects(c, &threads, FIELD_thread_c_traceobj, 0);
	check_cframe(c, &threads);
	check_exceptions(c, &threads);
	check_gil(c, &threads);
	check_thread_tail(c, &threads);
	check_frames(c, &threads);
}
