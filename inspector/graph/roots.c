#include "inspector/asyncio/registry.h"
#include "inspector/graph/roots_private.h"

#include "inspector/python/dict.h"
#include "inspector/python/memory.h"
#include "inspector/python/repr.h"
#include "inspector/python/str.h"

#include <stdlib.h>
#include <string.h>

#define NAME_LIMIT    300
#define EXC_DEPTH_MAX 10000
#define ATEXIT_MAX    100000

void roots_add(struct root_finder *f, uint64_t object, const struct ref *ref)
{
	struct root root = f->current;

	if (ref)
		root.ref = *ref;
	if (object && root.kind == ROOT_FRAME && !heap_contains(f->graph->heap, object)) {
		struct roots *roots = f->roots;

		root.node = NO_NODE;
		roots->leaves = grow_array(
			roots->leaves, &roots->leaf_capacity, roots->leaf_count + 1, sizeof(*roots->leaves));
		roots->leaves[roots->leaf_count++] = root;
		return;
	}
	if (!object || !heap_index(f->graph->heap, object, &root.node))
		return;
	f->roots->items =
		grow_array(f->roots->items, &f->capacity, f->roots->count + 1, sizeof(*f->roots->items));
	f->roots->items[f->roots->count++] = root;
}

static void add_modules(struct root_finder *f, const struct pyinterp *interp, bool only_main)
{
	struct dict_entry entry;
	struct dict_iter iter;

	if (!dict_open(f->py, interp->modules, &iter, NULL))
		return;
	while (dict_next(&iter, &entry)) {
		if (pystr_equals(f->py, entry.key, "__main__") != only_main)
			continue;
		f->current = (struct root){.kind = ROOT_MODULE, .holder = entry.value};
		f->current.name = pystr_arena(f->py, entry.key, NAME_LIMIT, NULL);
		if (f->current.name)
			roots_add(f, entry.value, NULL);
	}
}

static bool add_frame_ref(void *context, const struct ref *ref)
{
	roots_add(context, ref->target, ref);
	return true;
}

/* Frames of generators that run are reached through the generator, which the thread holds while it runs. */
static void add_frames(struct root_finder *f)
{
	for (size_t t = 0; t < f->a->threads.count; t++) {
		const struct pythread *thread = &f->a->threads.threads[t];

		for (size_t i = 0; i < thread->frame_count; i++) {
			const struct pyframe *frame = &thread->frames[i];
			uint64_t generator = pygen_of_frame(f->py, frame);
			struct ref_walk walk = {.py = f->py, .visit = add_frame_ref, .context = f};
			struct ref running = {.target = generator, .kind = EDGE_NAME, .text = "<running>"};

			f->current = (struct root){.kind = ROOT_FRAME, .thread = t, .frame = i};
			f->current.holder = frame->frame_object ? frame->frame_object : frame->address;
			if (generator)
				roots_add(f, generator, &running);
			else
				refs_of_frame(&walk, frame);
		}
	}
}

static void add_member(struct root_finder *f, uint64_t base, enum field_id field, const char *name)
{
	uint64_t object;

	f->current.name = name;
	f->current.holder = base;
	if (python_has(f->py, field) && read_pointer(f->py, base, field, &object, NULL))
		roots_add(f, object, NULL);
}

/* A struct of nothing but pointers to objects. */
static void add_struct(struct root_finder *f, uint64_t base, enum field_id field, const char *name)
{
	const struct field *member = python_field(f->py, field);
	uint64_t object;

	f->current.name = name;
	f->current.holder = base;
	for (size_t at = 0; python_has(f->py, field) && at + 8 <= member->size; at += 8)
		if (read_word(f->py, base + member->offset + at, &object, NULL))
			roots_add(f, object, NULL);
}

static void add_exceptions(struct root_finder *f, uint64_t thread)
{
	struct addrmap seen = ADDRMAP_INIT;
	uint64_t item = 0, value;

	read_pointer(f->py, thread, FIELD_thread_exc_info, &item, NULL);
	f->current.name = "exception being handled";
	while (item && addrmap_put(&seen, item, 0) && seen.used < EXC_DEPTH_MAX) {
		if (!read_pointer(f->py, item, FIELD_exc_item_value, &value, NULL))
			break;
		roots_add(f, value, NULL);
		if (!read_pointer(f->py, item, FIELD_exc_item_previous, &item, NULL))
			break;
	}
	addrmap_deinit(&seen);
}

static void add_thread(struct root_finder *f, size_t t)
{
	uint64_t thread = f->a->threads.threads[t].address;

	f->current = (struct root){.kind = ROOT_THREAD, .thread = t};
	add_member(f, thread, FIELD_thread_dict, "dictionary");
	add_member(f, thread, FIELD_thread_context, "context");
	add_member(f, thread, FIELD_thread_current_exception, "exception");
	add_member(f, thread, FIELD_thread_async_exc, "asynchronous exception");
	add_member(f, thread, FIELD_thread_async_gen_firstiter, "asyncgen hook");
	add_member(f, thread, FIELD_thread_async_gen_finalizer, "asyncgen hook");
	add_member(f, thread, FIELD_thread_c_profileobj, "profile function");
	add_member(f, thread, FIELD_thread_c_traceobj, "trace function");
	add_exceptions(f, thread);
}

static void add_atexit(struct root_finder *f, uint64_t interp)
{
	uint64_t callbacks, count, callback;

	/* From 3.14 on a list. */
	if (!python_has(f->py, FIELD_interp_atexit_count)) {
		add_member(f, interp, FIELD_interp_atexit_callbacks, "atexit");
		return;
	}
	if (!python_has(f->py, FIELD_interp_atexit_callbacks) ||
		!python_has(f->py, FIELD_interp_atexit_count) ||
		!read_pointer(f->py, interp, FIELD_interp_atexit_callbacks, &callbacks, NULL) ||
		!read_unsigned(f->py, interp, FIELD_interp_atexit_count, &count, NULL) || count > ATEXIT_MAX)
		return;
	for (uint64_t i = 0; i < count; i++) {
		if (!read_word(f->py, callbacks + 8 * i, &callback, NULL) || !callback)
			continue;
		add_member(f, callback, FIELD_atexit_func, "atexit");
		add_member(f, callback, FIELD_atexit_args, "atexit");
		add_member(f, callback, FIELD_atexit_kwargs, "atexit");
	}
}

static void add_interpreter(struct root_finder *f, const struct pyinterp *interp)
{
	static const struct {
		enum field_id field;
		const char *name;
	} members[] = {
		{FIELD_interp_modules, "sys.modules"},
		{FIELD_interp_sysdict, "sys"},
		{FIELD_interp_builtins, "builtins"},
		{FIELD_interp_importlib, "importlib"},
		{FIELD_interp_import_func, "__import__"},
		{FIELD_interp_dict, "dictionary"},
		{FIELD_interp_codec_search_path, "codecs"},
		{FIELD_interp_codec_search_cache, "codecs"},
		{FIELD_interp_codec_error_registry, "codecs"},
		{FIELD_interp_audit_hooks, "audit hooks"},
		{FIELD_interp_before_forkers, "fork hooks"},
		{FIELD_interp_after_forkers_parent, "fork hooks"},
		{FIELD_interp_after_forkers_child, "fork hooks"},
		{FIELD_interp_warnings_filters, "warnings.filters"},
	};
	uint64_t gc = python_gc_state(f->py, interp->address);

	f->current = (struct root){.kind = ROOT_INTERPRETER};
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		add_member(f, interp->address, members[i].field, members[i].name);
	add_struct(f, interp->address, FIELD_interp_ast, "types of ast");
	add_struct(f, interp->address, FIELD_interp_cached_objects, "cached objects");
	add_member(f, gc, FIELD_gc_garbage, "gc.garbage");
	add_member(f, gc, FIELD_gc_callbacks, "gc.callbacks");
	add_atexit(f, interp->address);
}

static void find_registries(const struct asyncio *a, const struct graph *graph, struct roots *roots)
{
	roots->registries = xcalloc(a->classes.count, REGISTRY_SETS * sizeof(*roots->registries));
	for (size_t i = 0; i < a->classes.count && i < a->threads.interp_count; i++) {
		uint64_t sets[REGISTRY_SETS];
		size_t count =
			registry_strong_sets(a->py, &a->threads.interps[i], &a->classes.names[i], sets);

		for (size_t k = 0; k < count; k++)
			if (heap_index(graph->heap, sets[k], &roots->registries[roots->registry_count]))
				roots->registry_count++;
	}
}

void roots_find(const struct asyncio *a, const struct graph *graph, struct roots *roots)
{
	struct root_finder f = {.a = a, .py = a->py, .graph = graph, .roots = roots};

	*roots = (struct roots){0};
	for (int only_main = 1; only_main >= 0; only_main--)
		for (size_t i = 0; i < a->threads.interp_count; i++)
			add_modules(&f, &a->threads.interps[i], only_main);
	add_frames(&f);
	for (size_t t = 0; t < a->threads.count; t++) {
		f.current = (struct root){
			.kind = ROOT_LOOP, .thread = t, .holder = a->threads.threads[t].address};
		roots_add(&f, a->running_loops[t], NULL);
	}
	for (size_t t = 0; t < a->threads.count; t++)
		add_thread(&f, t);
	for (size_t i = 0; i < a->threads.interp_count; i++)
		add_interpreter(&f, &a->threads.interps[i]);
	roots_add_types(&f);
	find_registries(a, graph, roots);
}

void roots_deinit(struct roots *roots)
{
	free(roots->items);
	free(roots->registries);
	free(roots->leaves);
	*roots = (struct roots){0};
}

const char *root_name(const struct asyncio *a, const struct root *root)
{
	struct arena *arena = a->py->arena;
	bool is_of_thread = root->kind == ROOT_FRAME || root->kind == ROOT_LOOP || root->kind == ROOT_THREAD;
	unsigned long long tid =
		is_of_thread ? (unsigned long long)a->threads.threads[root->thread].native_id : 0;

	switch (root->kind) {
	case ROOT_MODULE:
		return arena_printf(arena, "module %s", root->name);
	case ROOT_FRAME:
		return arena_printf(arena, "thread %llu frame %s", tid,
			a->threads.threads[root->thread].frames[root->frame].code->qualname);
	case ROOT_LOOP:
		return arena_printf(arena, "loop of thread %llu", tid);
	case ROOT_THREAD:
		return arena_printf(arena, "thread %llu %s", tid, root->name);
	case ROOT_TYPE:
		return arena_printf(arena, "type %s", root->name);
	default:
		return arena_printf(arena, "interpreter %s", root->name);
	}
}
