/* The runtime's own structs: no type object speaks for them, what they refer to does. Threads are in
 * layout_check_threads.c. */
#include "inspector/python/layout_check_private.h"

#define INTERPRETERS_MAX 4096
/* The low bits of the links of the collector are flags. */
#define UNTAGGED (~UINT64_C(3))

/* A circular list of Include/internal/pycore_llist.h: two words, to the next and to the previous. */
bool check_is_llist(struct check *c, uint64_t head)
{
	uint64_t next, previous, back, forth;

	return probe_word(&c->fresh, head, &next) && probe_word(&c->fresh, head + 8, &previous) &&
	       next % 8 == 0 && previous % 8 == 0 && probe_word(&c->fresh, next + 8, &back) &&
	       probe_word(&c->fresh, previous, &forth) && back == head && forth == head;
}

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

/* From the newest to the oldest, which is number 0. */
static bool find_oldest(struct check *c, bool *has_ids)
{
	const struct probe *p = &c->probe;
	int64_t id, last = INT64_MAX;
	uint64_t at;

	*has_ids = true;
	if (!probe_pointer(p, c->target->runtime, FIELD_runtime_interpreters_head, &at))
		return false;
	for (int i = 0; at && at % 8 == 0 && i < INTERPRETERS_MAX; i++) {
		c->interp = at;
		*has_ids &= probe_signed(p, at, FIELD_interp_id, &id) && id < last;
		last = id;
		if (!probe_pointer(p, at, FIELD_interp_next, &at))
			return false;
	}
	*has_ids &= last == 0;
	return !at && c->interp;
}

static bool find_interpreter(struct check *c)
{
	const struct probe *p = &c->probe;
	uint64_t sysdict, oldest;
	bool has_id = false, has_sysdict = false;

	if (!find_oldest(c, &has_id))
		return false;
	/* The main one, which is the oldest, stands next to the newest: pycore_runtime.h, pyinterpreters. */
	if (!probe_word(
		    p, c->target->runtime + p->fields[FIELD_runtime_interpreters_head].offset + 8, &oldest) ||
		oldest != c->interp)
		return false;
	has_sysdict = probe_pointer(p, c->interp, FIELD_interp_sysdict, &sysdict) && is_sysdict(c, sysdict);
	check_field(c, FIELD_interp_id, has_id, "interpreters have no such numbers");
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

/* Python/import.c: the module that is frozen in. */
static void check_importlib(struct check *c)
{
	uint64_t found, expected;

	if (probe_has(&c->probe, FIELD_interp_importlib) && c->modules &&
		probe_dict_get(&c->probe, c->modules, "_frozen_importlib", &expected))
		check_field(c, FIELD_interp_importlib,
			probe_pointer(&c->probe, c->interp, FIELD_interp_importlib, &found) &&
				found == expected,
			"it is not the module _frozen_importlib");
}

/* What builtins.__import__ was at the start. */
static void check_import_func(struct check *c)
{
	uint64_t function, def, name;

	if (probe_has(&c->probe, FIELD_interp_import_func))
		check_field(c, FIELD_interp_import_func,
			probe_pointer(&c->probe, c->interp, FIELD_interp_import_func, &function) &&
				probe_pointer(&c->probe, function, FIELD_cfunction_def, &def) &&
				probe_pointer(&c->probe, def, FIELD_methoddef_name, &name) &&
				probe_is_cstring(&c->probe, name, "__import__"),
			"it is not the function __import__");
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
	check_importlib(c);
	check_import_func(c);
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
	check_dict_key(c, FIELD_interp_codec_error_registry, "strict");
}

/* The collector ----------------------------------------------------------------------------------------- */

/* Four words are read one after another, while a process that runs changes the list: several tries. */
#define CIRCLE_TRIES 32

/* A list of the collector goes round: the neighbours of its head refer back to it. */
static bool is_circle(struct check *c, uint64_t head)
{
	const struct probe *p = &c->fresh;
	uint64_t next, previous, back, forth;

	for (int i = 0; i < CIRCLE_TRIES; i++) {
		if (!probe_pointer(p, head, FIELD_gc_head_next, &next) ||
			!probe_pointer(p, head, FIELD_gc_head_prev, &previous) || !next || !previous ||
			!probe_pointer(p, next & UNTAGGED, FIELD_gc_head_prev, &back) ||
			!probe_pointer(p, previous & UNTAGGED, FIELD_gc_head_next, &forth))
			return false;
		if ((back & UNTAGGED) == head && (forth & UNTAGGED) == head)
			return true;
	}
	return false;
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

	return probe_pointer(&c->fresh, head, FIELD_gc_head_next, &next) &&
	       ((next & UNTAGGED) == head ||
		       (probe_type_of(&c->fresh,
				(next & UNTAGGED) + c->result->fields[FIELD_sizeof_gc_head].size) != 0));
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
		(callbacks ? probe_type_of(&c->probe, callbacks) == c->list_type : !garbage);
	/* Up to 3.9 both are NULL until the module gc is imported. */
	check_field(c, FIELD_gc_garbage, holds, "no list is there");
	check_field(c, FIELD_gc_callbacks, holds, "no list is there");
}

/* The counts of a free-threaded build are before the type, which every source knows. */
static bool is_free_threaded(struct check *c)
{
	static const enum field_id counts[] = {
		FIELD_object_gc_bits, FIELD_object_ref_local, FIELD_object_ref_shared};
	const struct field *fields = c->probe.fields;
	bool is = true;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		is &= probe_has(&c->probe, counts[i]) && !c->is_refused[counts[i]] &&
		      fields[counts[i]].offset + fields[counts[i]].size <= fields[FIELD_object_type].offset;
	for (size_t i = 0; !is && i < sizeof(counts) / sizeof(counts[0]); i++)
		check_field(c, counts[i], false, "the type of an object is in their place");
	return is;
}

/* A free-threaded build has the lists as well, and nothing ever on them: any place is right. */
static void check_heaps_for_lists(struct check *c)
{
	static const enum field_id lists[] = {FIELD_gc_generations, FIELD_sizeof_gc_generation,
		FIELD_gc_permanent, FIELD_gc_head_next, FIELD_gc_head_prev, FIELD_sizeof_gc_head};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		check_field(c, lists[i], true, NULL);
	check_heaps(c);
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
	check_gc_lists(c, gc);
	check_weak_field(c, FIELD_gc_collecting,
		probe_unsigned(p, gc, FIELD_gc_collecting, &collecting) && collecting <= 1,
		"it is neither 0 nor 1");
	if (is_free_threaded(c)) {
		check_field(c, id, !c->is_refused[FIELD_gc_callbacks], "its lists are not there");
		check_heaps_for_lists(c);
		return;
	}
	if (probe_has(p, FIELD_gc_permanent))
		check_moving_field(c, FIELD_gc_permanent,
			is_circle(c, gc + p->fields[FIELD_gc_permanent].offset),
			"the list of permanent objects is not there");
	check_generations(c, gc);
	check_field(c, id, !c->is_refused[FIELD_gc_generations] || !c->is_refused[FIELD_gc_permanent],
		"the lists of the collector are not there");
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
			check_is_llist(c, c->interp + p->fields[FIELD_interp_tasks_head].offset),
			"the list of tasks is not there");
	if (!c->modules || !probe_dict_get(p, c->modules, "_asyncio", &module) ||
		!probe_pointer(p, module, FIELD_module_state, &state) ||
		!probe_pointer(p, module, FIELD_module_dict, &dict))
		return;
	check_state_field(c, FIELD_state_other_tasks, state, dict, "_scheduled_tasks");
	check_state_field(c, FIELD_state_other_eager_tasks, state, dict, "_eager_tasks");
}
