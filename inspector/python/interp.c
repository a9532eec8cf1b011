#include "inspector/python/interp.h"

#include "inspector/python/dict.h"
#include "inspector/python/instance.h"
#include "inspector/python/int.h"
#include "inspector/python/memory.h"
#include "inspector/python/str.h"

#include <stdlib.h>
#include <string.h>

#define INTERPRETERS_MAX 4096
#define THREADS_MAX	 (1 << 20)
#define FRAMES_MAX	 (1 << 20)
#define NAME_LIMIT	 1024

bool pymodule_get(struct python *py, uint64_t module, const char *name, uint64_t *value, struct error *err)
{
	uint64_t dict;

	return read_pointer(py, module, FIELD_module_dict, &dict, err) &&
	       pydict_get(py, dict, name, value, err);
}

bool pyinterp_module(struct python *py, const struct pyinterp *interp, const char *name, uint64_t *module)
{
	const struct pytype *type;

	if (!pydict_get(py, interp->modules, name, module, NULL))
		return false;
	type = pytype_of(py, *module, NULL);
	return type && type->kind == KIND_MODULE;
}

/* The frame that the thread executes: in the thread state, in 3.11 and 3.12 behind a pointer. */
static bool top_frame(struct python *py, uint64_t thread, uint64_t *frame, struct error *err)
{
	uint64_t cframe;

	if (python_has(py, FIELD_thread_current_frame))
		return read_pointer(py, thread, FIELD_thread_current_frame, frame, err);
	if (python_has(py, FIELD_thread_frame))
		return read_pointer(py, thread, FIELD_thread_frame, frame, err);
	return read_pointer(py, thread, FIELD_thread_cframe, &cframe, err) &&
	       read_pointer(py, cframe, FIELD_cframe_current_frame, frame, err);
}

static void read_stack(struct python *py, struct pythread *thread)
{
	struct pyframe *frames = NULL;
	size_t count = 0, capacity = 0;
	struct addrmap seen = ADDRMAP_INIT;
	struct error err = ERROR_INIT;
	uint64_t at = 0;

	if (!top_frame(py, thread->address, &at, &err))
		thread->is_cut = true;
	while (at && !thread->is_cut) {
		struct pyframe frame;

		if (!addrmap_put(&seen, at, 0) || count >= FRAMES_MAX) {
			error_at(&err, ERROR_CORRUPT, at, "the frames of a thread do not end");
			thread->is_cut = true;
			break;
		}
		if (!pyframe_read(py, at, &frame, &err)) {
			thread->is_cut = true;
			break;
		}
		if (pyframe_is_complete(&frame)) {
			frames = grow_array(frames, &capacity, count + 1, sizeof(*frames));
			frames[count++] = frame;
		}
		at = frame.previous;
	}
	if (thread->is_cut)
		python_note_unreadable(py, &err);
	thread->frame_count = count;
	thread->frames = arena_alloc(py->arena, count * sizeof(*frames));
	if (count)
		memcpy(thread->frames, frames, count * sizeof(*frames));
	free(frames);
	addrmap_deinit(&seen);
}

/* Lib/threading.py: _active maps the ident to the Thread; its _name is its name, and its _native_id what up
 * to 3.10 the thread state does not have. */
static void ask_threading(struct python *py, const struct pyinterp *interp, struct pythread *thread)
{
	uint64_t module, active, value;
	struct dict_iter iter;
	struct dict_entry entry;

	if (!pyinterp_module(py, interp, "threading", &module) ||
		!pymodule_get(py, module, "_active", &active, NULL) || !dict_open(py, active, &iter, NULL))
		return;
	while (dict_next(&iter, &entry)) {
		uint64_t key;

		if (!pyint_unsigned(py, entry.key, &key, NULL) || key != thread->ident)
			continue;
		if (instance_get(py, entry.value, "_name", &value, NULL))
			thread->name = pystr_arena(py, value, NAME_LIMIT, NULL);
		if (!thread->native_id && instance_get(py, entry.value, "_native_id", &value, NULL))
			pyint_unsigned(py, value, &thread->native_id, NULL);
		return;
	}
}

static void read_threads(struct python *py, size_t index, struct pythreads *all, size_t *capacity)
{
	const struct pyinterp *interp = &all->interps[index];
	struct addrmap seen = ADDRMAP_INIT;
	struct error err = ERROR_INIT;
	uint64_t at = 0;

	if (!read_pointer(py, interp->address, FIELD_interp_threads_head, &at, &err))
		python_note_unreadable(py, &err);
	while (at && addrmap_put(&seen, at, 0) && all->count < THREADS_MAX) {
		struct pythread thread = {.address = at, .interp = index};

		if (!read_unsigned(py, at, FIELD_thread_id, &thread.ident, &err) ||
			!read_pointer(py, at, FIELD_thread_next, &at, &err)) {
			python_note_unreadable(py, &err);
			break;
		}
		read_unsigned(py, thread.address, FIELD_thread_native_id, &thread.native_id, NULL);
		ask_threading(py, interp, &thread);
		read_stack(py, &thread);
		all->threads = grow_array(all->threads, capacity, all->count + 1, sizeof(thread));
		all->threads[all->count++] = thread;
	}
	addrmap_deinit(&seen);
}

static bool read_interps(struct python *py, struct pythreads *all, struct error *err)
{
	struct addrmap seen = ADDRMAP_INIT;
	struct pyinterp *interps = NULL;
	size_t capacity = 0;
	uint64_t at;

	if (!read_pointer(py, py->runtime, FIELD_runtime_interpreters_head, &at, err))
		return false;
	while (at && addrmap_put(&seen, at, 0) && all->interp_count < INTERPRETERS_MAX) {
		struct pyinterp interp = {.address = at};

		if (!read_signed(py, at, FIELD_interp_id, &interp.id, err) ||
			!read_pointer(py, at, FIELD_interp_modules, &interp.modules, err) ||
			!read_pointer(py, at, FIELD_interp_sysdict, &interp.sysdict, err) ||
			!read_pointer(py, at, FIELD_interp_builtins, &interp.builtins, err) ||
			!read_pointer(py, at, FIELD_interp_next, &at, err)) {
			free(interps);
			addrmap_deinit(&seen);
			return false;
		}
		interps = grow_array(interps, &capacity, all->interp_count + 1, sizeof(interp));
		interps[all->interp_count++] = interp;
	}
	addrmap_deinit(&seen);
	if (!all->interp_count)
		return error_set(err, ERROR_NOT_FOUND,
			"Python has not started yet, or has ended: it has no interpreter");
	all->interps = arena_alloc(py->arena, all->interp_count * sizeof(*interps));
	for (size_t i = 0; i < all->interp_count; i++) /* CPython puts the newest first */
		all->interps[i] = interps[all->interp_count - 1 - i];
	free(interps);
	return true;
}

/* A thread of the system that runs code of several interpreters has a state in each, and threading of the one
 * that started it knows its name. */
static void share_names(struct pythreads *all)
{
	struct addrmap named = ADDRMAP_INIT;

	for (size_t i = 0; i < all->count; i++)
		if (all->threads[i].name && all->threads[i].native_id)
			addrmap_put(&named, all->threads[i].native_id, i);
	for (size_t i = 0; i < all->count; i++) {
		uint64_t other;

		if (!all->threads[i].name && addrmap_get(&named, all->threads[i].native_id, &other))
			all->threads[i].name = all->threads[other].name;
	}
	addrmap_deinit(&named);
}

static void find_system_calls(struct python *py, struct pythreads *all)
{
	struct addrmap by_tid = ADDRMAP_INIT;
	size_t count;
	const struct target_thread *threads = target_threads(py->target, &count);

	for (size_t i = 0; i < count; i++)
		addrmap_put(&by_tid, (uint64_t)threads[i].tid, i);
	for (size_t i = 0; i < all->count; i++) {
		uint64_t index = 0;

		if ((count == 1 && all->count == 1) ||
			(!target_namespace_pid(py->target) &&
				addrmap_get(&by_tid, all->threads[i].native_id, &index))) {
			all->threads[i].call = threads[index].call;
			all->threads[i].is_running =
				threads[index].has_registers && !threads[index].call.is_waiting;
		}
	}
	addrmap_deinit(&by_tid);
}

bool pythreads_read(struct python *py, struct pythreads *all, struct error *err)
{
	struct pythread *oldest_first;
	size_t capacity = 0;

	*all = (struct pythreads){0};
	if (!read_interps(py, all, err))
		return false;
	python_confirm_version(py, all->interps[0].sysdict);
	for (size_t i = all->interp_count; i-- > 0;)
		read_threads(py, i, all, &capacity);
	oldest_first = arena_alloc(py->arena, all->count * sizeof(*oldest_first));
	for (size_t i = 0; i < all->count; i++)
		oldest_first[i] = all->threads[all->count - 1 - i];
	free(all->threads);
	all->threads = oldest_first;
	share_names(all);
	find_system_calls(py, all);
	gil_find(py, all);
	return true;
}
