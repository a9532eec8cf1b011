#include "inspector/findings/fate.h"

#include "inspector/findings/in_hand.h"

#include <string.h>

#define BASES_MAX 64

static bool is_in_turn(const struct addrmap *iterated, const struct retention *r)
{
	if (addrmap_get(iterated, r->object, NULL))
		return true;
	for (size_t i = 0; i < r->referrer_count; i++)
		if (addrmap_get(iterated, r->referrers[i].from, NULL))
			return true;
	return false;
}

static bool is_queue(const struct pytype *type)
{
	static const char *const names[] = {"asyncio.queues.Queue", "queue.Queue", "_queue.SimpleQueue",
		"queue._PySimpleQueue", "multiprocessing.queues.Queue"};

	for (int depth = 0; type && depth < BASES_MAX; depth++, type = type->base)
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strcmp(type->full_name, names[i]) == 0)
				return true;
	return false;
}

/* What a loop that runs will call: handles of Lib/asyncio/events.py. */
static const struct handle *find_handle(const struct asyncio *a, uint64_t address, bool *is_timer)
{
	for (size_t i = 0; i < a->loop_count; i++) {
		const struct loop *loop = &a->loops[i];

		if (!loop->is_running)
			continue;
		if (loop->running.address == address)
			return &loop->running;
		for (size_t k = 0; k < loop->ready_handles.count; k++)
			if (loop->ready_handles.items[k].address == address)
				return &loop->ready_handles.items[k];
		for (size_t k = 0; k < loop->timers.count; k++)
			if (loop->timers.items[k].address == address) {
				*is_timer = true;
				return &loop->timers.items[k];
			}
	}
	return NULL;
}

/* Makes a task of its argument. */
static bool is_starter(const struct handle *handle)
{
	const char *dot = strrchr(handle->callable.name, '.'), *name = dot ? dot + 1 : handle->callable.name;

	return strcmp(name, "ensure_future") == 0 || strcmp(name, "create_task") == 0 ||
	       strcmp(name, "run_coroutine_threadsafe") == 0;
}

/* The edge from a handle leads to what it calls or to the arguments, and not to its context. */
static bool is_called_with(const struct ref *ref)
{
	return ref->text && (strcmp(ref->text, "_args") == 0 || strcmp(ref->text, "_callback") == 0);
}

static enum fate fate_by_path(const struct model *model, const struct path *path)
{
	for (size_t i = 0; i < path->count; i++) {
		bool is_timer = false;
		const struct handle *handle = find_handle(model->asyncio, path->steps[i].from, &is_timer);
		const struct pytype *type;

		if (handle && is_called_with(&path->steps[i].ref))
			return is_timer && !is_starter(handle) ? FATE_PERHAPS : FATE_COMING;
		type = pytype_of(model->py, path->steps[i].from, NULL);
		if (type && is_queue(type))
			return FATE_PERHAPS;
	}
	return FATE_LOST;
}

enum fate fate_of(const struct model *model, const struct addrmap *iterated, const struct orphan *orphan)
{
	const struct retention *r = &orphan->retention;
	enum fate fate = FATE_LOST;

	if (is_in_hand(model, r) || is_in_turn(iterated, r))
		return FATE_COMING;
	for (size_t i = 0; i < r->path_count; i++) {
		enum fate by_path = fate_by_path(model, &r->paths[i]);

		if (by_path < fate)
			fate = by_path;
	}
	return fate;
}
