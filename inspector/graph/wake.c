#include "inspector/graph/wake_private.h"

#include "inspector/python/instance.h"
#include "inspector/python/memory.h"
#include "inspector/python/refs.h"
#include "inspector/python/str.h"

#include <stdlib.h>
#include <string.h>

/* Tasks one behind the other; in a longer queue a proof is not looked for to its end. */
#define STEPS_MAX 1000

const char *wake_class_name(enum wake_class class)
{
	static const char *const names[] = {"none", "will-run", "outside", "idle", "never", "unknown"};

	return names[class];
}

const char *wake_certainty_name(enum wake_certainty certainty)
{
	static const char *const names[] = {"unknown", "likely", "proved"};

	return names[certainty];
}

const char *wake_class_text(const struct wake *wake)
{
	if (wake->class == WAKE_NONE)
		return "";
	if (wake->class == WAKE_NEVER && wake->certainty != WAKE_PROVED)
		return "perhaps never";
	return wake_class_name(wake->class);
}

uint32_t wake_add_source(struct wake_finder *f, const struct source *source)
{
	f->sources = grow_array(f->sources, &f->source_capacity, f->source_count + 1, sizeof(*f->sources));
	f->sources[f->source_count] = *source;
	return (uint32_t)f->source_count++;
}

static uint32_t node_of(const struct wake_finder *f, uint64_t object)
{
	uint32_t node;

	return object && heap_index(f->graph->heap, object, &node) ? node : NO_NODE;
}

/* A loop of which nothing is known is taken for one that runs: nothing is concluded from it. */
static void describe_loops(struct wake_finder *f)
{
	const struct asyncio *a = f->a;

	f->loop_nodes = xcalloc(a->loop_count, sizeof(*f->loop_nodes));
	f->loop_states = xcalloc(a->loop_count, sizeof(*f->loop_states));
	for (size_t i = 0; i < a->loop_count; i++) {
		const struct loop *loop = &a->loops[i];

		f->loop_nodes[i] = node_of(f, loop->address);
		f->loop_states[i] = loop->is_closed == TRUTH_TRUE			   ? WAKE_LOOP_CLOSED
				    : loop->is_running || loop->is_closed == TRUTH_UNKNOWN ? WAKE_LOOP_RUNS
											   : WAKE_LOOP_IDLE;
	}
}

static void describe_tasks(struct wake_finder *f)
{
	const struct asyncio *a = f->a;

	f->tasks = xcalloc(a->task_count, sizeof(*f->tasks));
	f->takes_part = xcalloc(a->task_count, sizeof(*f->takes_part));
	f->by_garbage = xcalloc(a->task_count, sizeof(*f->by_garbage));
	for (size_t i = 0; i < a->task_count; i++) {
		const struct task *task = &a->tasks[i];
		struct wake_task *out = &f->tasks[i];

		*out = (struct wake_task){NO_NODE, NO_NODE, SIZE_MAX, SIZE_MAX};
		if (task_state(task) != TASK_PENDING || (out->node = node_of(f, task->address)) == NO_NODE)
			continue;
		f->takes_part[i] = true;
		addrmap_put(&f->task_nodes, out->node, i);
		out->loop = asyncio_find_loop(a, task->future.loop);
		if (task->wait.kind == WAIT_NONE || task->wait.is_done)
			continue;
		out->waits_for = node_of(f, task->wait.address);
		out->awaited_task = asyncio_find_task(a, task->wait.address);
	}
}

/* What leads from a task to its own frames, to what it waits for, and to those that its end would wake. */
static bool is_own_edge(struct python *py, const struct ref *ref)
{
	static const char *const members[] = {"._coro", "._fut_waiter", "._callbacks[0][0]",
		"._callbacks[0][1]", "._callbacks[1:]", "._asyncio_awaited_by"};
	static const char *const attributes[] = {
		"_coro", "_fut_waiter", "_callbacks", "_Future__asyncio_awaited_by"};

	for (size_t i = 0; ref->kind == EDGE_NAME && i < sizeof(members) / sizeof(*members); i++)
		if (strcmp(ref->text, members[i]) == 0)
			return true;
	if (ref->kind != EDGE_ATTRIBUTE && ref->kind != EDGE_VALUE)
		return false;
	for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++)
		if (pystr_equals(py, ref->object, attributes[i]))
			return true;
	return false;
}

/* One blocked object of a task, of which some references stay ways. */
struct keeper {
	struct wake_finder *f;
	size_t task;
	uint32_t from;
	uint64_t dict; /* the instance's dictionary, when the object has one */
};

static bool keep_edge(void *context, const struct ref *ref)
{
	struct keeper *k = context;
	uint32_t to = node_of(k->f, ref->target);

	if (to == NO_NODE || is_own_edge(k->f->py, ref))
		return true;
	if (ref->kind == EDGE_NAME && strcmp(ref->text, ".__dict__") == 0)
		k->dict = ref->target;
	wake_fix_keep(k->f->fix, k->from, to);
	return true;
}

static bool is_known(void *context, uint64_t address)
{
	return heap_contains(((struct keeper *)context)->f->graph->heap, address);
}

static void block_object(struct wake_finder *f, size_t task, uint64_t object)
{
	struct keeper k = {.f = f, .task = task, .from = node_of(f, object)};
	struct ref_walk walk = {.py = f->py, .visit = keep_edge, .is_known = is_known, .context = &k};

	refs_of_object(&walk, object, NULL);
	if (!k.dict)
		return;
	k.from = node_of(f, k.dict);
	wake_fix_block(f->fix, task, k.from);
	refs_of_object(&walk, k.dict, NULL);
}

static void block_frames(struct wake_finder *f, size_t i)
{
	const struct chain *chain = &f->a->tasks[i].chain;

	for (size_t k = 0; k < chain->count; k++) {
		const struct link *link = &chain->links[k];
		uint32_t node = link->kind <= LINK_GENERATOR ? node_of(f, link->address) : NO_NODE;

		if (node == NO_NODE)
			continue;
		wake_fix_block(f->fix, i, node);
		/* Up to 3.10 the frame is an object of its own. */
		if (python_has(f->py, FIELD_gen_frame_object) && link->has_frame &&
			(node = node_of(f, link->frame.address)) != NO_NODE)
			wake_fix_block(f->fix, i, node);
	}
}

/* Lib/asyncio/tasks.py, wait_for up to 3.11: it makes a task of what it waits for, and cancels that when the
 * time is over. */
static size_t cancelled_by_wait_for(struct wake_finder *f, const struct chain *chain)
{
	for (size_t k = chain->count; k-- > 0;) {
		const struct link *link = &chain->links[k];
		const char *slash = link->has_frame ? strrchr(link->file, '/') : NULL;
		uint64_t inner;

		if (slash && strcmp(slash, "/tasks.py") == 0 && strcmp(link->qualname, "wait_for") == 0 &&
			pyframe_local(f->py, &link->frame, "timeout_handle") &&
			(inner = pyframe_local(f->py, &link->frame, "fut")))
			return asyncio_find_task(f->a, inner);
	}
	return NO_INDEX;
}

static bool is_method_of(struct python *py, uint64_t object, uint64_t self)
{
	const struct pytype *type = pytype_of(py, object, NULL);
	enum field_id field;
	uint64_t bound;

	if (!type)
		return false;
	switch (type->kind) {
	case KIND_METHOD:
		field = FIELD_method_self;
		break;
	case KIND_CFUNCTION:
	case KIND_CMETHOD:
		field = FIELD_cfunction_self;
		break;
	case KIND_TASKSTEP:
	case KIND_TASKWAKEUP:
	case KIND_METHODWRAPPER:
		return true; /* it has no other reference to a task */
	default:
		return false;
	}
	return read_pointer(py, object, field, &bound, NULL) && bound == self;
}

/* Whether a method of a task is one that asyncio itself calls to go on with it, and no cancel(). */
static bool goes_on(struct python *py, uint64_t method)
{
	struct callable callable;

	callable_read(py, method, &callable);
	return strcmp(callable.name, "Task.__step") == 0 || strcmp(callable.name, "Task.__wakeup") == 0;
}

/* Who has a method of the task in hand can call it: to go on with the task, or to cancel it. */
static void find_grips(struct wake_finder *f, size_t i)
{
	size_t count;
	const uint32_t *sources = graph_sources(f->graph, f->tasks[i].node, &count);
	bool is_gripped = false;

	for (size_t k = 0; k < count; k++) {
		if (!is_method_of(f->py, heap_address(f->graph->heap, sources[k]), f->a->tasks[i].address))
			continue;
		wake_fix_grip(f->fix, sources[k], i);
		is_gripped |= !goes_on(f->py, heap_address(f->graph->heap, sources[k]));
	}
	/* A task that is cancelled cancels what it awaits. */
	for (size_t k = 0; is_gripped && k < f->a->tasks[i].wait.task_count; k++) {
		size_t inner = asyncio_find_task(f->a, f->a->tasks[i].wait.tasks[k]);

		if (inner != NO_INDEX && f->takes_part[inner])
			wake_fix_follow(f->fix, i, inner);
	}
}

static void link_weakrefs(struct wake_finder *f)
{
	const struct graph *g = f->graph;

	for (uint32_t word = 0; word <= g->count / 64; word++) {
		for (uint64_t bits = g->weakrefs[word]; bits; bits &= bits - 1) {
			uint32_t node = word * 64 + (uint32_t)__builtin_ctzll(bits), to;
			uint64_t object;

			if (read_pointer(f->py, heap_address(g->heap, node), FIELD_weakref_object, &object,
				    NULL) &&
				(to = node_of(f, object)) != NO_NODE)
				wake_fix_link(f->fix, node, to);
		}
	}
}

static void prepare_referrers(struct wake_finder *f)
{
	uint64_t *nodes = xcalloc((size_t)f->graph->count / 64 + 1, sizeof(*nodes));

	for (size_t i = 0; i < f->a->task_count; i++)
		if (f->takes_part[i])
			nodes[f->tasks[i].node / 64] |= UINT64_C(1) << (f->tasks[i].node % 64);
	graph_prepare_referrers(f->graph, nodes);
	free(nodes);
}

static void prepare(struct wake_finder *f)
{
	prepare_referrers(f);
	f->fix = wake_fix_create(
		f->graph, f->tasks, f->a->task_count, f->loop_nodes, f->loop_states, f->a->loop_count);
	link_weakrefs(f);
	for (size_t i = 0; i < f->a->task_count; i++) {
		size_t inner;

		if (!f->takes_part[i])
			continue;
		block_object(f, i, f->a->tasks[i].address);
		block_frames(f, i);
		find_grips(f, i);
		inner = cancelled_by_wait_for(f, &f->a->tasks[i].chain);
		if (inner != NO_INDEX && f->takes_part[inner])
			wake_fix_follow(f->fix, i, inner);
	}
	wake_fix_prepare(f->fix);
}

/* What forbids to conclude from what was not found. */
static bool is_blind(const struct wake_finder *f, size_t i)
{
	const struct task *task = &f->a->tasks[i];
	size_t loop = f->tasks[i].loop;

	return !f->a->heap_is_complete || f->tasks[i].node == NO_NODE || loop == NO_INDEX ||
	       f->a->loops[loop].ready < 0 ||
	       (task->wait.kind != WAIT_NONE && !task->wait.is_done && f->tasks[i].waits_for == NO_NODE);
}

static enum wake_class class_of(struct wake_finder *f, size_t i, const struct wake_result *r)
{
	if (!r->is_woken)
		return is_blind(f, i) ? WAKE_UNKNOWN : WAKE_NEVER;
	if (r->round >= ROUND_NATIVE)
		return WAKE_UNKNOWN;
	/* Where nothing is left to run, nobody will look it up. */
	if (r->round == ROUND_IDLE)
		return f->anything_runs ? WAKE_IDLE : WAKE_NEVER;
	if (r->source != NO_SOURCE && f->sources[r->source].kind <= SOURCE_READY_TASK)
		return WAKE_WILL_RUN;
	return WAKE_OUTSIDE;
}

/* What it waits for, or the last of the tasks that it waits for one behind the other, may be set by garbage
 * that is destroyed. */
static bool rests_on_garbage(const struct wake_finder *f, size_t i)
{
	for (size_t steps = 0; f->any_by_garbage && i != SIZE_MAX; i = f->tasks[i].awaited_task)
		if (f->by_garbage[i] || ++steps > STEPS_MAX)
			return true;
	return false;
}

/* A timer that sets the very future, and a handle that goes on with the task, leave nothing to be concluded.
 * Counts of references that are split between threads are not as good a proof as those that are not. */
static enum wake_certainty certainty_of(
	struct wake_finder *f, size_t i, enum wake_class class, const struct wake_result *r)
{
	const struct source *s = r->source != NO_SOURCE ? &f->sources[r->source] : NULL;

	switch (class) {
	case WAKE_WILL_RUN:
		return WAKE_PROVED;
	case WAKE_OUTSIDE:
		return s && (s->kind == SOURCE_TIMEOUT ||
				    (s->handle && s->handle->future == f->a->tasks[i].wait.address))
			       ? WAKE_PROVED
			       : WAKE_LIKELY;
	case WAKE_IDLE:
		return WAKE_LIKELY;
	case WAKE_NEVER:
		return r->is_woken || python_is_free_threaded(f->py) || rests_on_garbage(f, i) ? WAKE_LIKELY
											       : WAKE_PROVED;
	default:
		return WAKE_CERTAINTY_UNKNOWN;
	}
}

static bool runs_until_complete(const struct asyncio *a, uint64_t task)
{
	for (size_t t = 0; t < a->threads.count; t++) {
		const struct pythread *thread = &a->threads.threads[t];

		for (size_t i = 0; i < thread->frame_count; i++) {
			const struct pyframe *frame = &thread->frames[i];

			if (strcmp(frame->code->name, "run_until_complete") == 0 &&
				pyframe_local(a->py, frame, "future") == task)
				return true;
		}
	}
	return false;
}

static bool is_frame_of(const struct wake_finder *f, uint32_t node)
{
	const struct pytype *type = pytype_of(f->py, heap_address(f->graph->heap, node), NULL);

	return type &&
	       (kind_is_generator(type->kind) || type->kind == KIND_FRAME || type->kind == KIND_FUTUREITER);
}

/* Whether nothing has the future of a suspended task but the await itself: the task, the iterator that await
 * made, and the value stack. A variable of the frames is another matter, and so is an object that was made to
 * be waited for (an Event's deque of waiters); an Event that no variable has is alone as well. */
static bool is_alone(const struct wake_finder *f, size_t i)
{
	const struct task *task = &f->a->tasks[i];
	uint32_t node = f->tasks[i].waits_for;
	const uint32_t *sources;
	size_t count;

	if (task->wait.kind == WAIT_EVENT && (node = node_of(f, task->wait.on)) != NO_NODE) {
		sources = graph_sources(f->graph, node, &count);
		return count == 1 && is_frame_of(f, sources[0]); /* self of Event.wait() */
	}
	if (node == NO_NODE || task->wait.kind != WAIT_FUTURE)
		return false;
	sources = graph_sources(f->graph, node, &count);
	for (size_t k = 0; k < count; k++)
		if (sources[k] != f->tasks[i].node && !is_frame_of(f, sources[k]))
			return false;
	for (size_t k = 0; k < task->chain.count; k++) {
		const struct link *link = &task->chain.links[k];

		for (uint32_t v = 0; link->has_frame && v < link->frame.code->nlocalsplus; v++)
			if (pyframe_variable(f->py, &link->frame, v) == task->wait.address)
				return false;
	}
	return true;
}

static void judge(struct wake_finder *f, size_t i, struct wake *wake)
{
	struct wake_result r = wake_fix_result(f->fix, i);
	struct wait *wait = &f->a->tasks[i].wait;

	*wake = (struct wake){.class = WAKE_NONE};
	if (task_state(&f->a->tasks[i]) != TASK_PENDING)
		return;
	wake->class = class_of(f, i, &r);
	wake->certainty = certainty_of(f, i, wake->class, &r);
	wake->grounds = wake_grounds(f, i, &r);
	if (wake->class == WAKE_NEVER) {
		wake->is_main = runs_until_complete(f->a, f->a->tasks[i].address);
		wake->is_alone = is_alone(f, i);
	}
	/* One task of many that could do something about it says little: the grounds name it. */
	if (!wait->wakes_by && wait->kind != WAIT_NONE && wake->class == WAKE_OUTSIDE &&
		r.by_task == SIZE_MAX)
		wait->wakes_by = wake_source_text(f, &r);
}

void wake_compute(struct asyncio *a, struct graph *graph, const struct roots *roots,
	const struct reach *reach, struct wakes *wakes)
{
	struct wake_finder f = {.a = a, .py = a->py, .graph = graph, .roots = roots};

	*wakes = (struct wakes){.count = a->task_count, .items = xcalloc(a->task_count, sizeof(struct wake))};
	if (!a->task_count)
		return;
	describe_loops(&f);
	describe_tasks(&f);
	prepare(&f);
	wake_mark_direct(&f);
	wake_mark_active(&f);
	wake_mark_idle(&f);
	wake_mark_native(&f, reach);
	wake_look_at_garbage(&f, reach);
	for (size_t i = 0; i < a->task_count; i++)
		judge(&f, i, &wakes->items[i]);
	wakes->is_dead = !f.anything_runs;
	wake_fix_destroy(f.fix);
	addrmap_deinit(&f.task_nodes);
	free(f.tasks);
	free(f.takes_part);
	free(f.by_garbage);
	free(f.loop_nodes);
	free(f.loop_states);
	free(f.sources);
}

void wake_deinit(struct wakes *wakes)
{
	free(wakes->items);
	*wakes = (struct wakes){0};
}
