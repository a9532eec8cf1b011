/* The runtime's own structs: no type object speaks for them, what they refer to does. */
#include "inspector/python/layout_check_private.h"

#define INTERPRETERS_MAX 4096
#define THREADS_MAX	 256
#define FRAMES_MAX	 256
#define LOCALS_MAX	 64
#define CHAIN_MAX	 256
#define THREAD_STATE_MAX 65536
#define TID_MAX		 (1 << 22) /* Linux: PID_MAX_LIMIT */
#define DEPTH_MAX	 1000000
#define OWNER_MAX	 4
#define STATE_MAX	 5
/* 3.14: the low bits of a reference on a frame are flags. */
#define UNTAGGED (~UINT64_C(3))

/* Interpreters ------------------------------------------------------------------------------------------- */

static bool is_dict_with(struct check *c, uint64_t dict, const char *key, uint64_t *value)
{
	return probe_dict_get(&c->probe, dict, key, value);
}

/* sys.hexversion is the version: this shows str, dict and int at once. */
static bool is_sysdict(struct check *c, uint64_t sysdict)
{
	uint64_t object, version;

	if (!is_dict_with(c, sysdict, "hexversion", &object) || !probe_int(&c->probe, object, &version) ||
		version >> 32)
		return false;
	if (c->target->hexversion & 0xffff ? version != c->target->hexversion
					   : version >> 16 != c->target->hexversion >> 16)
		return false;
	c->hexversion = (uint32_t)version;
	return true;
}

static void show_dict_fields(struct check *c)
{
	static const enum field_id ids[] = {FIELD_dict_keys, FIELD_dict_values, FIELD_keys_size,
		FIELD_keys_log2_index_bytes, FIELD_keys_kind, FIELD_keys_nentries, FIELD_keys_indices,
		FIELD_str_length, FIELD_str_kind, FIELD_str_compact, FIELD_str_ascii, FIELD_sizeof_str_ascii,
		FIELD_int_digits, FIELD_stride_int_digit, FIELD_int_tag};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		check_field(c, ids[i], true, NULL);
}

/* Fields of the interpreter that are NULL or an object of a type (0: of any). NULL shows nothing. */
static void check_object_at(struct check *c, enum field_id id, uint64_t type)
{
	uint64_t object, found;

	if (!probe_has(&c->probe, id) || !c->interp)
		return;
	if (!probe_pointer(&c->probe, c->interp, id, &object)) {
		check_field(c, id, false, "it is not in memory");
		return;
	}
	if (!object)
		return;
	found = probe_type_of(&c->probe, object);
	check_weak_field(c, id, found && (!type || found == type), "what is there is something else");
}

/* A program may have put something else into the module: that contradicts nothing. */
static void check_is_attribute(struct check *c, enum field_id id, const char *module, const char *name)
{
	uint64_t object, dict, expected, found;

	if (probe_has(&c->probe, id) && c->modules &&
		probe_dict_get(&c->probe, c->modules, module, &object) &&
		probe_pointer(&c->probe, object, FIELD_module_dict, &dict) &&
		probe_dict_get(&c->probe, dict, name, &expected) &&
		probe_pointer(&c->probe, c->interp, id, &found) && found == expected)
		check_field(c, id, true, NULL);
}

static void check_dict_key(struct check *c, enum field_id id, const char *key)
{
	uint64_t dict, value;

	if (probe_pointer(&c->probe, c->interp, id, &dict) && dict)
		check_field(c, id, probe_dict_get(&c->probe, dict, key, &value), "the dictionary is another");
}

static bool find_interpreter(struct check *c)
{
	const struct probe *p = &c->probe;
	uint64_t at, sysdict;
	int64_t id;
	bool has_id = false, has_sysdict = false;

	if (!probe_pointer(p, c->target->runtime, FIELD_runtime_interpreters_head, &at))
		return false;
	for (int i = 0; at && at % 8 == 0 && i < INTERPRETERS_MAX; i++) {
		c->interp = at; /* the oldest is the last */
		if (!probe_pointer(p, at, FIELD_interp_next, &at))
			return false;
	}
	if (at || !c->interp)
		return false;
	has_id = probe_signed(p, c->interp, FIELD_interp_id, &id) && id == 0;
	has_sysdict = probe_pointer(p, c->interp, FIELD_interp_sysdict, &sysdict) && is_sysdict(c, sysdict);
	check_field(c, FIELD_interp_id, has_id, "the first interpreter is not number 0");
	check_field(c, FIELD_interp_sysdict, has_sysdict, "it has no sys.hexversion, or another one");
	if (has_sysdict) {
		show_dict_fields(c);
		probe_dict_get(p, sysdict, "modules", &c->modules);
	}
	return has_id || has_sysdict;
}

static void check_modules(struct check *c)
{
	const struct probe *p = &c->probe;
	uint64_t modules, builtins, object, module, dict, length, used;

	check_field(c, FIELD_interp_modules,
		c->modules && probe_pointer(p, c->interp, FIELD_interp_modules, &modules) &&
			modules == c->modules,
		"it is not sys.modules");
	check_field(c, FIELD_interp_builtins,
		probe_pointer(p, c->interp, FIELD_interp_builtins, &builtins) &&
			is_dict_with(c, builtins, "__build_class__", &object),
		"it has no __build_class__");
	check_field(c, FIELD_module_dict,
		c->modules && is_dict_with(c, c->modules, "builtins", &module) &&
			probe_type_of(p, module) == c->module_type &&
			probe_pointer(p, module, FIELD_module_dict, &dict) && dict == builtins,
		"the module builtins has another dictionary");
	if (c->modules && probe_dict_length(p, c->modules, &length))
		check_moving_field(c, FIELD_dict_used,
			probe_unsigned(p, c->modules, FIELD_dict_used, &used) && used == length,
			"sys.modules has another length there");
}

void check_interpreter(struct check *c)
{
	if (!find_interpreter(c)) {
		check_field(c, FIELD_runtime_interpreters_head, false, "no interpreter is found there");
		check_field(c, FIELD_interp_next, false, "no interpreter is found by it");
		return;
	}
	check_field(c, FIELD_runtime_interpreters_head, true, NULL);
	check_field(c, FIELD_interp_next, true, NULL);
	check_modules(c);
	check_object_at(c, FIELD_interp_importlib, c->module_type);
	check_object_at(c, FIELD_interp_import_func, 0);
	check_object_at(c, FIELD_interp_dict, c->dict_type);
	check_object_at(c, FIELD_interp_codec_search_path, c->list_type);
	check_object_at(c, FIELD_interp_codec_search_cache, c->dict_type);
	check_object_at(c, FIELD_interp_codec_error_registry, c->dict_type);
	check_object_at(c, FIELD_interp_audit_hooks, c->list_type);
	check_object_at(c, FIELD_interp_before_forkers, c->list_type);
	check_object_at(c, FIELD_interp_after_forkers_parent, c->list_type);
	check_object_at(c, FIELD_interp_after_forkers_child, c->list_type);
	check_object_at(c, FIELD_interp_warnings_filters, c->list_type);
	check_is_attribute(c, FIELD_interp_warnings_filters, "_warnings", "filters");
	check_is_attribute(c, FIELD_interp_import_func, "builtins", "__import__");
	check_dict_key(c, FIELD_interp_codec_error_registry, "strict");
}

/* Threads --------------------------------------------------------------------------------------------- */

struct threads {
	uint64_t at[THREADS_MAX];
	size_t count;
};

static bool find_threads(struct check *c, struct threads *threads)
{
	const struct probe *p = &c->probe;
	uint64_t at, interp;

	threads->count = 0;
	if (!probe_pointer(p, c->interp, FIELD_interp_threads_head, &at))
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
		if (!probe_unsigned(&c->probe, threads->at[i], id, &value) || !value || value > most)
			return false;
		for (size_t k = 0; k < i; k++)
			if (!probe_unsigned(&c->probe, threads->at[k], id, &other) || other == value)
				return false;
	}
	return true;
}

/* pthread_t is the address of the thread's own block. */
static bool are_pthreads(struct check *c, const struct threads *threads)
{
	uint64_t value, word;

	for (size_t i = 0; i < threads->count; i++)
		if (!probe_unsigned(&c->probe, threads->at[i], FIELD_thread_id, &value) || value % 8 ||
			!probe_word(&c->probe, value, &word) || word != value)
			return false;
	return true;
}

/* Fields that are NULL or an object of a type (0: of any, which shows nothing when it holds). */
static void check_thread_objects(
	struct check *c, const struct threads *threads, enum field_id id, uint64_t type)
{
	uint64_t object, found;

	for (size_t i = 0; probe_has(&c->probe, id) && i < threads->count; i++) {
		bool is_right;

		if (probe_pointer(&c->probe, threads->at[i], id, &object) && !object)
			continue;
		found = probe_type_of(&c->probe, object);
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
	const struct probe *p = &c->probe;
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

static void check_exceptions(struct check *c, const struct threads *threads)
{
	bool holds = true;

	for (size_t i = 0; i < threads->count; i++)
		holds &= has_exception_stack(c, threads->at[i]);
	check_moving_field(c, FIELD_thread_exc_info, holds, "the stack of handled exceptions is not there");
	check_moving_field(c, FIELD_exc_item_value, holds, "the stack of handled exceptions is not there");
	check_moving_field(c, FIELD_exc_item_previous, holds, "the stack of handled exceptions is not there");
}

/* A circular list of Include/internal/pycore_llist.h: two words, to the next and to the previous. */
static bool is_llist(struct check *c, uint64_t head)
{
	uint64_t next, previous, back, forth;

	return probe_word(&c->probe, head, &next) && probe_word(&c->probe, head + 8, &previous) &&
	       next % 8 == 0 && previous % 8 == 0 && probe_word(&c->probe, next + 8, &back) &&
	       probe_word(&c->probe, previous, &forth) && back == head && forth == head;
}

/* 3.13: near the running loop is a circular list that only free-threaded builds fill. All that follows
 * PyThreadState moves together from one micro version to the next. */
static bool find_queue(struct check *c, const struct threads *threads, int *step)
{
	static const int steps[] = {0, 8, -8, 16, -16, 24, -24, 32, -32};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		uint32_t at = c->result->fields[FIELD_thread_mem_free_queue].offset + (uint32_t)steps[i];
		size_t good = 0;

		while (good < threads->count && is_llist(c, threads->at[good] + at))
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

	if (!probe_has(&c->probe, FIELD_thread_mem_free_queue))
		return;
	holds = find_queue(c, threads, &step);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		if (holds && c->result->fields[ids[i]].source == SOURCE_BUILT_IN)
			c->result->fields[ids[i]].offset += (uint32_t)step;
		check_field(c, ids[i], holds, "what is next to it is not there");
	}
	check_thread_objects(c, threads, FIELD_thread_running_loop, 0);
	check_thread_objects(c, threads, FIELD_thread_running_task, 0);
	if (!probe_has(&c->probe, FIELD_thread_tasks_head))
		return;
	for (size_t i = 0; i < threads->count; i++)
		has_lists &= is_llist(c, threads->at[i] + c->result->fields[FIELD_thread_tasks_head].offset);
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
		if (!probe_word(&c->probe, locals + 8 * i, &word))
			return false;
		if (word > 1 && (word & 3) != 3 && !check_is_object(c, word & UNTAGGED))
			return false;
	}
	return true;
}

static bool has_bytecode(struct check *c, uint64_t code, uint64_t at)
{
	uint64_t units, start = code + c->result->fields[FIELD_code_bytecode].offset;

	return probe_unsigned(&c->probe, code, FIELD_var_size, &units) && units && units < UINT32_MAX &&
	       at + 2 >= start && at <= start + 2 * units;
}

/* The names and the kinds of the locals are as many as the locals. */
static bool has_names(struct check *c, uint64_t code, uint64_t locals)
{
	const struct probe *p = &c->probe;
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
	const struct probe *p = &c->probe;
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
	const struct probe *p = &c->probe;
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
	const struct probe *p = &c->probe;
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
	bool are_structs = probe_has(&c->probe, FIELD_frame_localsplus), has_right = false;
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
			    &c->probe, at, are_structs ? FIELD_frame_previous : FIELD_frameobject_back, &at))
			return false;
	}
	return has_right;
}

static void check_frames(struct check *c, const struct threads *threads)
{
	static const enum field_id ids[] = {FIELD_thread_current_frame, FIELD_thread_cframe,
		FIELD_thread_frame, FIELD_cframe_current_frame, FIELD_code_nlocalsplus,
		FIELD_code_localsplusnames, FIELD_code_localspluskinds};
	bool has_any = false;

	for (size_t i = 0; i < threads->count && !has_any; i++)
		has_any = has_stack(c, threads->at[i]);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		check_moving_field(c, ids[i], has_any, "no thread has a Python stack there");
	for (int id = 0; id < FIELD_COUNT; id++)
		if (check_is_of(id, "_PyInterpreterFrame"))
			check_moving_field(c, id, has_any, "no thread has a Python stack of such frames");
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
	check_thread_objects(c, &threads, FIELD_thread_context, probe_symbol(&c->probe, "PyContext_Type"));
	check_thread_objects(c, &threads, FIELD_thread_current_exception, 0);
	check_thread_objects(c, &threads, FIELD_thread_async_exc, 0);
	check_thread_objects(c, &threads, FIELD_thread_async_gen_firstiter, 0);
	check_thread_objects(c, &threads, FIELD_thread_async_gen_finalizer, 0);
	check_thread_objects(c, &threads, FIELD_thread_c_profileobj, 0);
	check_thread_objects(c, &threads, FIELD_thread_c_traceobj, 0);
	check_exceptions(c, &threads);
	check_thread_tail(c, &threads);
	check_frames(c, &threads);
}

/* The collector ----------------------------------------------------------------------------------------- */

/* A list of the collector goes round: the neighbours of its head refer back to it. */
static bool is_circle(struct check *c, uint64_t head)
{
	const struct probe *p = &c->probe;
	uint64_t next, previous, back, forth;

	return probe_pointer(p, head, FIELD_gc_head_next, &next) &&
	       probe_pointer(p, head, FIELD_gc_head_prev, &previous) && next && previous &&
	       probe_pointer(p, next & UNTAGGED, FIELD_gc_head_prev, &back) &&
	       probe_pointer(p, previous & UNTAGGED, FIELD_gc_head_next, &forth) &&
	       (back & UNTAGGED) == head && (forth & UNTAGGED) == head;
}

static bool are_generations(struct check *c, uint64_t first)
{
	uint64_t stride = c->result->fields[FIELD_sizeof_gc_generation].size;

	return is_circle(c, first) && is_circle(c, first + stride) && is_circle(c, first + 2 * stride);
}

/* What follows a head is an object. */
static bool has_objects(struct check *c, uint64_t head)
{
	uint64_t next;

	return probe_pointer(&c->probe, head, FIELD_gc_head_next, &next) &&
	       ((next & UNTAGGED) == head ||
		       check_is_object(c, (next & UNTAGGED) + c->result->fields[FIELD_sizeof_gc_head].size));
}

/* Debian's 3.13 aligns the heads to 4 bytes, so that they start 4 bytes earlier than everybody else's. */
static void check_generations(struct check *c, uint64_t gc)
{
	static const int steps[] = {0, -4, 4};
	struct field *f = &c->result->fields[FIELD_gc_generations];
	uint64_t stride = c->result->fields[FIELD_sizeof_gc_generation].size;
	bool holds;

	if (!probe_has(&c->probe, FIELD_gc_generations))
		return;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		uint32_t at = f->offset + (uint32_t)steps[i];

		if ((steps[i] && f->source != SOURCE_BUILT_IN) || !are_generations(c, gc + at))
			continue;
		f->offset = at;
		holds = has_objects(c, gc + at) && has_objects(c, gc + at + 2 * stride);
		check_moving_field(c, FIELD_gc_generations, holds, "no objects are on the lists");
		check_moving_field(c, FIELD_sizeof_gc_head, holds, "no objects are on the lists");
		check_field(c, FIELD_sizeof_gc_generation, true, NULL);
		check_field(c, FIELD_gc_head_next, true, NULL);
		check_field(c, FIELD_gc_head_prev, true, NULL);
		return;
	}
	check_moving_field(c, FIELD_gc_generations, false, "the lists of the collector are not there");
	check_moving_field(c, FIELD_sizeof_gc_generation, false, "the lists of the collector are not there");
}

/* Two lists, one after the other: in every version there is something else around them. */
static void check_gc_lists(struct check *c, uint64_t gc)
{
	uint64_t garbage, callbacks;
	bool holds;

	if (!probe_has(&c->probe, FIELD_gc_garbage) || !probe_has(&c->probe, FIELD_gc_callbacks))
		return;
	holds = probe_pointer(&c->probe, gc, FIELD_gc_garbage, &garbage) &&
		probe_pointer(&c->probe, gc, FIELD_gc_callbacks, &callbacks) &&
		(!garbage || probe_type_of(&c->probe, garbage) == c->list_type) &&
		probe_type_of(&c->probe, callbacks) == c->list_type;
	check_field(c, FIELD_gc_garbage, holds, "no list is there");
	check_field(c, FIELD_gc_callbacks, holds, "no list is there");
}

/* 3.8 has one collector, in the runtime. */
void check_collector(struct check *c)
{
	const struct probe *p = &c->probe;
	bool is_global = probe_has(p, FIELD_runtime_gc) && !probe_has(p, FIELD_interp_gc);
	enum field_id id = is_global ? FIELD_runtime_gc : FIELD_interp_gc;
	uint64_t gc, collecting;

	if (!probe_has(p, id) || (!is_global && !c->interp))
		return;
	gc = (is_global ? c->target->runtime : c->interp) + p->fields[id].offset;
	if (probe_has(p, FIELD_gc_permanent))
		check_moving_field(c, FIELD_gc_permanent,
			is_circle(c, gc + p->fields[FIELD_gc_permanent].offset),
			"the list of permanent objects is not there");
	check_generations(c, gc);
	check_field(c, id, !c->is_refused[FIELD_gc_generations] || !c->is_refused[FIELD_gc_permanent],
		"the lists of the collector are not there");
	check_gc_lists(c, gc);
	check_weak_field(c, FIELD_gc_collecting,
		probe_unsigned(p, gc, FIELD_gc_collecting, &collecting) && collecting <= 1,
		"it is neither 0 nor 1");
}

/* _asyncio ---------------------------------------------------------------------------------------------- */

/* Attributes of the module that its state refers to as well (Modules/_asynciomodule.c: module_exec). */
static void check_state_field(
	struct check *c, enum field_id id, uint64_t state, uint64_t dict, const char *attribute)
{
	uint64_t object, expected;

	if (!probe_has(&c->probe, id) || !probe_dict_get(&c->probe, dict, attribute, &expected))
		return;
	check_field(c, id, probe_pointer(&c->probe, state, id, &object) && object == expected,
		"the module's own attribute is another");
}

void check_asyncio(struct check *c)
{
	const struct probe *p = &c->probe;
	uint64_t module, state, dict;

	if (c->interp && probe_has(p, FIELD_interp_tasks_head))
		check_moving_field(c, FIELD_interp_tasks_head,
			is_llist(c, c->interp + p->fields[FIELD_interp_tasks_head].offset),
			"the list of tasks is not there");
	if (!c->modules || !probe_dict_get(p, c->modules, "_asyncio", &module) ||
		!probe_pointer(p, module, FIELD_module_state, &state) ||
		!probe_pointer(p, module, FIELD_module_dict, &dict))
		return;
	check_state_field(c, FIELD_state_other_tasks, state, dict, "_scheduled_tasks");
	check_state_field(c, FIELD_state_other_eager_tasks, state, dict, "_eager_tasks");
}
