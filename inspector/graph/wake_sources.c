#include "inspector/graph/wake_private.h"

#include "inspector/python/generator.h"
#include "inspector/python/refcount.h"
#include "inspector/python/refs.h"

#include <stdlib.h>
#include <string.h>

/* How far from a callback's object a task is looked for that the callback would cancel: attributes, and what
 * is in containers that are attributes. */
#define GRIP_DEPTH 3
#define GRIP_NODES 64

static void mark(struct wake_finder *f, uint64_t object, uint32_t source)
{
	uint32_t node;

	if (object && heap_index(f->graph->heap, object, &node))
		wake_fix_mark(f->fix, node, source);
}

/* Cancelling a task cancels what it awaits, and so on down. */
static void wake_to_cancel(struct wake_finder *f, size_t task, uint32_t source)
{
	struct addrmap seen = ADDRMAP_INIT;
	size_t *list = NULL, count = 0, capacity = 0;

	list = grow_array(list, &capacity, 1, sizeof(*list));
	list[count++] = task;
	addrmap_put(&seen, task, 0);
	for (size_t at = 0; at < count; at++) {
		const struct wait *wait = &f->a->tasks[list[at]].wait;

		if (f->takes_part[list[at]])
			wake_fix_wake(f->fix, list[at], source);
		for (size_t k = 0; k < wait->task_count; k++) {
			size_t inner = asyncio_find_task(f->a, wait->tasks[k]);

			if (inner == NO_INDEX || !addrmap_put(&seen, inner, 0))
				continue;
			list = grow_array(list, &capacity, count + 1, sizeof(*list));
			list[count++] = inner;
		}
	}
	free(list);
	addrmap_deinit(&seen);
}

static bool is_static(const struct wake_finder *f, uint32_t node)
{
	return f->graph->statics[node / 64] >> (node % 64) & 1;
}

/* Tasks that a callback's object has: asyncio.timeout() keeps the one that it cancels, anyio's cancel scopes
 * a set of them. A large object is passed over: it is no such thing, and its tasks are not for the callback
 * to cancel. */
static void wake_what_is_cancelled(struct wake_finder *f, uint64_t self, uint32_t source)
{
	uint32_t nodes[GRIP_NODES], depth[GRIP_NODES];
	size_t count = 0;
	uint64_t task;

	if (!self || !heap_index(f->graph->heap, self, &nodes[0]) || is_static(f, nodes[0]) ||
		asyncio_find_loop(f->a, self) != NO_INDEX)
		return;
	depth[count++] = 0;
	for (size_t at = 0; at < count; at++) {
		size_t targets;
		const uint32_t *out = graph_targets(f->graph, nodes[at], &targets);

		if (addrmap_get(&f->task_nodes, nodes[at], &task)) {
			wake_to_cancel(f, task, source);
			continue;
		}
		for (size_t k = 0; depth[at] < GRIP_DEPTH && k < targets; k++) {
			if (count == GRIP_NODES || is_static(f, out[k]))
				continue;
			nodes[count] = out[k];
			depth[count++] = depth[at] + 1;
		}
	}
}

/* A timer whose time has come lies with what is ready to be called, then is called: it cancels all the same.
 * Other callbacks are there for a moment only (TaskGroup._on_task_done cancels the others of the group). */
static void mark_what_is_cancelled(
	struct wake_finder *f, const struct loop *loop, const struct handle *handle, enum source_kind kind)
{
	struct source s = {.kind = kind, .loop = loop, .handle = handle, .object = handle->address};

	if (handle->is_cancelled || !handle->callable.self ||
		(handle->is_timer ? handle->future : handle->task) != 0)
		return;
	wake_what_is_cancelled(f, handle->callable.self, wake_add_source(f, &s));
	wake_fix_run(f->fix);
}

/* Lib/asyncio/base_events.py, _run_once and call_at: for a moment only a variable or C code (heappop) has a
 * timer. */
static void mark_if_timer(
	struct wake_finder *f, uint32_t node, const struct loop *loop, enum source_kind kind)
{
	uint64_t object = heap_address(f->graph->heap, node);
	const struct pytype *type = pytype_of(f->py, object, NULL);
	struct handle *handle;

	if (!type || strcmp(type->name, "TimerHandle") != 0)
		return;
	handle = arena_alloc(f->py->arena, sizeof(*handle));
	if (handle_read(f->py, &f->a->classes, object, handle) && handle->is_timer)
		mark_what_is_cancelled(f, loop, handle, kind);
}

/* Lib/asyncio/selector_events.py: what other threads and signals wake the loop by. Nothing comes of it alone.
 */
static bool is_own_wakeup(const struct handle *handle)
{
	const char *dot = strrchr(handle->callable.name, '.');

	return strcmp(dot ? dot + 1 : handle->callable.name, "_read_from_self") == 0;
}

static void mark_handle(struct wake_finder *f, const struct loop *loop, const struct handle *handle,
	enum source_kind kind, int64_t number, bool is_self_pipe)
{
	struct source s = {.kind = kind, .loop = loop, .handle = handle, .number = number};
	uint32_t source;

	if (handle->is_cancelled || !handle->callback)
		return;
	source = wake_add_source(f, &s);
	if (!is_own_wakeup(handle))
		f->anything_runs = true;
	mark(f, handle->args, source);
	if (handle->future)
		mark(f, handle->future, source);
	mark(f, handle->callback, source);
	wake_fix_run(f->fix);
	if (handle->is_timer)
		mark_what_is_cancelled(f, loop, handle, SOURCE_TIMEOUT);
	else if (kind == SOURCE_READY || kind == SOURCE_CALLBACK)
		mark_what_is_cancelled(f, loop, handle, kind);
}

/* Timers that set a future or cancel a task: whatever else leads there, this one is told. */
static void mark_timed(struct wake_finder *f, const struct loop *loop, const struct handles *handles)
{
	for (size_t i = 0; i < handles->count; i++) {
		const struct handle *handle = &handles->items[i];
		struct source s = {.kind = SOURCE_TIMER, .loop = loop, .handle = handle};
		size_t task = asyncio_find_task(f->a, handle->task);

		if (handle->is_cancelled || !handle->is_timer)
			continue;
		if (handle->future) {
			mark(f, handle->future, wake_add_source(f, &s));
		} else if (task != NO_INDEX) {
			s.kind = SOURCE_TIMEOUT;
			wake_to_cancel(f, task, wake_add_source(f, &s));
		}
	}
}

static void mark_handles(
	struct wake_finder *f, const struct loop *loop, const struct handles *handles, enum source_kind kind)
{
	for (size_t i = 0; i < handles->count; i++)
		mark_handle(f, loop, &handles->items[i], kind, 0, false);
}

static void mark_loop_handles(struct wake_finder *f, const struct loop *loop)
{
	mark_handles(f, loop, &loop->ready_handles, SOURCE_READY);
	if (loop->running_frame != SIZE_MAX)
		mark_handle(f, loop, &loop->running, SOURCE_CALLBACK, 0, false);
	mark_handles(f, loop, &loop->timers, SOURCE_TIMER);
	for (size_t i = 0; i < loop->descriptors.count; i++) {
		const struct descriptor *d = &loop->descriptors.items[i];

		if (d->has_reader)
			mark_handle(f, loop, &d->reader, SOURCE_READABLE, d->fd, d->is_self_pipe);
		if (d->has_writer)
			mark_handle(f, loop, &d->writer, SOURCE_WRITABLE, d->fd, false);
	}
	for (size_t i = 0; i < loop->signal_count; i++)
		mark_handle(f, loop, &loop->signals[i].handle, SOURCE_SIGNAL, loop->signals[i].signal, false);
}

static void mark_jobs(struct wake_finder *f, const struct workqueue *jobs)
{
	for (size_t i = 0; i < jobs->count; i++) {
		mark(f, jobs->items[i],
			wake_add_source(f, &(struct source){.kind = SOURCE_JOB, .object = jobs->items[i]}));
		wake_fix_run(f->fix);
		f->anything_runs = true;
	}
}

static bool is_code(const struct pyframe *frame, const char *file, const char *name)
{
	const char *slash = frame->code ? strrchr(frame->code->filename, '/') : NULL;

	return slash && strcmp(slash + 1, file) == 0 && strcmp(frame->code->name, name) == 0;
}

/* Lib/concurrent/futures/thread.py, _worker: every executor's threads know their queue. */
static void mark_worker_jobs(struct wake_finder *f)
{
	const struct pythreads *threads = &f->a->threads;

	for (size_t t = 0; t < threads->count; t++) {
		for (size_t i = 0; i < threads->threads[t].frame_count; i++) {
			const struct pyframe *frame = &threads->threads[t].frames[i];
			struct workqueue jobs;
			uint64_t queue;

			if (is_code(frame, "thread.py", "_worker") &&
				(queue = pyframe_local(f->py, frame, "work_queue")) &&
				workqueue_read(f->py, queue, &jobs))
				mark_jobs(f, &jobs);
		}
	}
}

/* The outermost frame that the loop of the thread calls: those outside of it go on only when the loop has
 * ended. As many as there are for a thread without a loop. */
static size_t frames_in_loop(const struct wake_finder *f, size_t thread)
{
	const struct pythread *t = &f->a->threads.threads[thread];

	if (!f->a->running_loops[thread])
		return t->frame_count;
	for (size_t i = t->frame_count; i-- > 0;)
		if (is_code(&t->frames[i], "base_events.py", "run_forever"))
			return i;
	return t->frame_count;
}

static void mark_threads(struct wake_finder *f)
{
	for (size_t t = 0; t < f->a->threads.count; t++) {
		size_t within = frames_in_loop(f, t), loop = asyncio_find_loop(f->a, f->a->running_loops[t]);
		uint32_t source = wake_add_source(f, &(struct source){.kind = SOURCE_THREAD, .thread = t});

		for (size_t i = 0; i < f->roots->count; i++) {
			const struct root *root = &f->roots->items[i];

			if (root->thread != t || !((root->kind == ROOT_FRAME && root->frame < within) ||
							 root->kind == ROOT_THREAD))
				continue;
			wake_fix_mark(f->fix, root->node, source);
			if (loop != NO_INDEX)
				mark_if_timer(f, root->node, &f->a->loops[loop], SOURCE_TIMEOUT);
		}
		wake_fix_run(f->fix);
		f->anything_runs |= loop == NO_INDEX || f->a->loops[loop].doing != LOOP_POLLING;
	}
}

/* Tasks that are executed, or that their loop will go on with: what they wait for, if anything, is done. */
static void wake_ready_tasks(struct wake_finder *f)
{
	uint32_t running = wake_add_source(f, &(struct source){.kind = SOURCE_RUNNING});
	uint32_t ready = wake_add_source(f, &(struct source){.kind = SOURCE_READY_TASK});

	for (size_t i = 0; i < f->a->task_count; i++) {
		const struct task *task = &f->a->tasks[i];

		if (!f->takes_part[i])
			continue;
		if (task->is_current || task->chain.is_running)
			wake_fix_wake(f->fix, i, running);
		else if (task->wait.kind == WAIT_NONE || task->wait.is_done || task->parts.must_cancel)
			wake_fix_wake(f->fix, i, ready);
	}
}

void wake_mark_direct(struct wake_finder *f)
{
	wake_fix_round(f->fix, ROUND_DIRECT);
	wake_ready_tasks(f);
	for (size_t i = 0; i < f->a->loop_count; i++) {
		if (!f->a->loops[i].is_running)
			continue;
		mark_timed(f, &f->a->loops[i], &f->a->loops[i].timers);
		mark_timed(f, &f->a->loops[i], &f->a->loops[i].ready_handles);
	}
	for (size_t i = 0; i < f->a->loop_count; i++)
		if (f->a->loops[i].is_running)
			mark_loop_handles(f, &f->a->loops[i]);
	for (size_t i = 0; i < f->a->loop_count; i++)
		mark_jobs(f, &f->a->loops[i].executor.backlog);
	mark_worker_jobs(f);
	mark_threads(f);
}

void wake_mark_active(struct wake_finder *f)
{
	wake_fix_round(f->fix, ROUND_ACTIVE);
	for (size_t i = 0; i < f->a->loop_count; i++) {
		const struct loop *loop = &f->a->loops[i];

		if (loop->is_running)
			mark(f, loop->address,
				wake_add_source(f, &(struct source){.kind = SOURCE_LOOP, .loop = loop}));
	}
	wake_fix_run(f->fix);
}

void wake_mark_idle(struct wake_finder *f)
{
	wake_fix_round(f->fix, ROUND_IDLE);
	for (size_t i = 0; i < f->roots->count; i++) {
		const struct root *root = &f->roots->items[i];

		wake_fix_mark(f->fix, root->node,
			wake_add_source(f, &(struct source){.kind = SOURCE_ROOT, .root = root}));
		wake_fix_run(f->fix);
	}
	wake_fix_run(f->fix);
}

/* A reference that was found, but may not be counted: of memory that was scanned, or borrowed by a frame. */
struct doubt {
	uint64_t target;
	bool is_doubtful;
};

static bool look_for_doubt(void *context, const struct ref *ref)
{
	struct doubt *d = context;

	d->is_doubtful |= ref->target == d->target && (!ref_is_exact(ref) || ref->is_borrowed);
	return !d->is_doubtful;
}

static bool is_known(void *context, uint64_t address)
{
	return address == ((struct doubt *)context)->target;
}

static bool is_doubtful(const struct graph *g, uint32_t from, uint64_t target)
{
	struct doubt d = {.target = target};
	struct ref_walk walk = {.py = g->py, .visit = look_for_doubt, .is_known = is_known, .context = &d};

	return !refs_of_object(&walk, heap_address(g->heap, from), NULL) || d.is_doubtful;
}

/* A frame or a scanned object is asked again; others hold what they refer to. */
static bool may_doubt(const struct graph *g, uint32_t from)
{
	const struct pytype *type = pytype_of(g->py, heap_address(g->heap, from), NULL);

	return !type || type->scan_to > type->scan_from || kind_is_generator(type->kind) ||
	       type->kind == KIND_FRAME || type->kind == KIND_MODULE;
}

/* Whether somebody may hold the object that is none of the objects that are known to: it has more references
 * than were found, or one of those found may be none. */
bool wake_has_room_for_others(const struct graph *g, uint32_t node)
{
	uint64_t object = heap_address(g->heap, node);
	size_t found;
	const uint32_t *sources = graph_sources(g, node, &found);
	int64_t count;

	if (!pyobject_refcount(g->py, object, &count, NULL) || count > (int64_t)found)
		return true;
	for (size_t i = 0; i < found; i++)
		if (may_doubt(g, sources[i]) && is_doubtful(g, sources[i], object))
			return true;
	return false;
}

void wake_mark_native(struct wake_finder *f, const struct reach *reach)
{
	uint64_t *asked = xcalloc((size_t)f->graph->count / 64 + 1, sizeof(*asked));

	wake_fix_round(f->fix, ROUND_NATIVE);
	wake_fix_run(f->fix);
	for (uint32_t node = 0; node < f->graph->count; node++)
		if (!wake_fix_is_marked(f->fix, node) || !reach_has(reach, node))
			asked[node / 64] |= UINT64_C(1) << (node % 64);
	graph_prepare_referrers(f->graph, asked);
	for (uint32_t node = 0; node < f->graph->count; node++) {
		if (wake_fix_is_marked(f->fix, node) || !wake_has_room_for_others(f->graph, node))
			continue;
		wake_fix_mark(f->fix, node,
			wake_add_source(f, &(struct source){.kind = SOURCE_NATIVE,
						   .object = heap_address(f->graph->heap, node)}));
		mark_if_timer(f, node, NULL, SOURCE_NATIVE);
		wake_fix_run(f->fix);
	}
	free(asked);
}
