#include "inspector/asyncio/asyncio.h"

#include "inspector/asyncio/asyncgen.h"
#include "inspector/asyncio/collect.h"
#include "inspector/asyncio/follow.h"
#include "inspector/asyncio/kept_loops.h"
#include "inspector/asyncio/registry.h"
#include "inspector/asyncio/wait_text.h"
#include "inspector/base/address_sort.h"
#include "inspector/base/big.h"
#include "inspector/base/name_order.h"

#include <stdlib.h>
#include <string.h>

/* What is known only while collecting. */
struct collector {
	struct asyncio *a;
	struct found found;
	struct addrmap registered; /* tasks of the registries */
	struct addrmap current;	   /* loop -> task */
	struct addrmap driven;	   /* generator -> place in the chain of a task, follow.h */
	struct stack_index stacks;
};

static void index_stacks(struct collector *c)
{
	struct asyncio *a = c->a;

	c->stacks.threads = &a->threads;
	for (size_t t = 0; t < a->threads.count; t++) {
		const struct pythread *thread = &a->threads.threads[t];

		for (size_t f = 0; f < thread->frame_count; f++) {
			uint64_t generator = pygen_of_frame(a->py, &thread->frames[f]);

			if (generator)
				addrmap_put(&c->stacks.by_generator, generator, (uint64_t)t << 32 | f);
		}
	}
}

static void read_threads_loops(struct collector *c)
{
	struct asyncio *a = c->a;

	a->running_loops = arena_alloc(a->py->arena, a->threads.count * sizeof(uint64_t));
	for (size_t t = 0; t < a->threads.count; t++)
		a->running_loops[t] = registry_running_loop(a->py, &a->classes, &a->threads.threads[t]);
}

static void read_registries(struct collector *c)
{
	for (size_t i = 0; i < c->a->classes.count; i++) {
		registry_tasks(c->a->py, &c->a->classes.names[i], &c->registered);
		registry_listed_tasks(c->a->py, &c->a->threads, i, &c->registered);
		registry_current_tasks(c->a->py, &c->a->classes.names[i], &c->current);
	}
	for (size_t t = 0; t < c->a->threads.count; t++) {
		uint64_t task = registry_running_task(c->a->py, &c->a->threads.threads[t]);

		if (task && c->a->running_loops[t])
			addrmap_put(&c->current, c->a->running_loops[t], task);
	}
}

/* Tasks of the registry that the heap did not give (it was not walked, or in pieces) join the others. */
static void merge_registered(struct collector *c)
{
	struct addrmap seen = ADDRMAP_INIT;

	addrmap_reserve(&seen, c->found.tasks.count + c->registered.used);
	for (size_t i = 0; i < c->found.tasks.count; i++)
		addrmap_put(&seen, c->found.tasks.items[i], 0);
	for (size_t slot = 0; slot < c->registered.size; slot++) {
		uint64_t address = c->registered.slots[slot].key;

		if (address && addrmap_put(&seen, address - 1, 0))
			addresses_add(&c->found.tasks, address - 1);
	}
	addrmap_deinit(&seen);
	addresses_sort(c->found.tasks.items, c->found.tasks.count);
}

/* Memory is there before __init__ has run: until a task has its coroutine and is listed, it is none yet. */
static bool is_made(const struct task *task)
{
	return task->parts.coroutine || task->is_registered || task->future.state != FUTURE_PENDING;
}

static bool read_task(struct collector *c, uint64_t address, struct task *task)
{
	struct python *py = c->a->py;
	const struct pytype *type;
	struct error err;
	uint64_t current;

	error_init(&err);
	*task = (struct task){.address = address};
	if (!future_read(py, &c->a->classes, address, &task->future, &err) ||
		!role_is_task(task->future.role) ||
		!future_task_parts(py, &task->future, &task->parts, &err)) {
		python_note_unreadable(py, &err);
		return false;
	}
	task->name = task->parts.name;
	task->type_name = task->future.type->full_name;
	task->is_registered = addrmap_get(&c->registered, address, NULL);
	if (!is_made(task))
		return false;
	task->is_current = addrmap_get(&c->current, task->future.loop, &current) && current == address;
	type = task->parts.coroutine ? pytype_of(py, task->parts.coroutine, NULL) : NULL;
	if (type && kind_is_generator(type->kind)) {
		const struct pygen gen = {.address = task->parts.coroutine};

		task->coroutine_qualname = pygen_qualname(py, &gen);
	}
	creation_of_task(py, task->parts.source_traceback, &task->creation);
	if (type) {
		task->coroutine_type = type->full_name;
		if (!task->coroutine_qualname)
			task->coroutine_qualname = type->full_name;
		addrmap_put(&c->stacks.task_coroutines, task->parts.coroutine, 0);
	}
	return true;
}

/* What a task is sorted by, side by side: a task is half a kilobyte. */
struct named {
	const char *name;
	size_t length;
	uint64_t address;
	size_t from; /* where the task is */
};

static int by_name(const void *a, const void *b)
{
	const struct named *x = *(const struct named *const *)a, *y = *(const struct named *const *)b;
	int order = name_compare(x->name, x->length, y->name, y->length);

	return order ? order : x->address < y->address ? -1 : x->address > y->address;
}

/* Each task moves to its place, the one that was there to its own, until the first is met again. */
static void move_tasks(struct task *tasks, struct named **order, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct task first = tasks[i];
		size_t to = i;

		while (order[to]->from != i) {
			size_t from = order[to]->from;

			tasks[to] = tasks[from];
			order[to]->from = to;
			to = from;
		}
		tasks[to] = first;
		order[to]->from = to;
	}
}

static void sort_tasks(struct task *tasks, size_t count)
{
	struct named *names = big_alloc(count, sizeof(*names));
	struct named **order = big_alloc(count, sizeof(*order));

	for (size_t i = 0; i < count; i++) {
		names[i] = (struct named){tasks[i].name, strlen(tasks[i].name), tasks[i].address, i};
		order[i] = &names[i];
	}
	qsort(order, count, sizeof(*order), by_name);
	move_tasks(tasks, order, count);
	big_free(names, count, sizeof(*names));
	big_free(order, count, sizeof(*order));
}

static void read_tasks(struct collector *c)
{
	struct asyncio *a = c->a;

	a->task_room = c->found.tasks.count;
	a->tasks = big_alloc(a->task_room, sizeof(*a->tasks));
	addrmap_reserve(&c->stacks.task_coroutines, a->task_room);
	for (size_t i = 0; i < c->found.tasks.count; i++)
		a->task_count += read_task(c, c->found.tasks.items[i], &a->tasks[a->task_count]);
	sort_tasks(a->tasks, a->task_count);
	addrmap_reserve(&a->task_index, a->task_count);
	for (size_t i = 0; i < a->task_count; i++) {
		addrmap_put(&a->task_index, a->tasks[i].address, i);
		if (task_state(&a->tasks[i]) == TASK_PENDING && !a->tasks[i].is_registered)
			a->unregistered++;
	}
}

struct await_pair {
	uint64_t awaited, awaiter; /* addresses of tasks */
};

static int by_awaited(const void *a, const void *b)
{
	const struct await_pair *x = a, *y = b;

	if (x->awaited != y->awaited)
		return x->awaited < y->awaited ? -1 : 1;
	return x->awaiter < y->awaiter ? -1 : x->awaiter > y->awaiter;
}

/* Through a task itself or gather(): what asyncio's own awaited_by would have. */
static bool is_direct(const struct wait *wait)
{
	return wait->kind == WAIT_TASK || wait->kind == WAIT_GATHER;
}

static struct await_pair *list_pairs(const struct asyncio *a, size_t *count)
{
	struct await_pair *pairs = NULL;
	size_t capacity = 0;

	*count = 0;
	for (size_t i = 0; i < a->task_count; i++) {
		const struct wait *wait = &a->tasks[i].wait;

		for (size_t k = 0; is_direct(wait) && k < wait->task_count; k++) {
			pairs = grow_array(pairs, &capacity, *count + 1, sizeof(*pairs));
			pairs[(*count)++] = (struct await_pair){wait->tasks[k], a->tasks[i].address};
		}
	}
	return pairs;
}

/* Tells each task who awaits it. */
static void link_awaiters(struct asyncio *a)
{
	size_t count, at = 0;
	struct await_pair *pairs = list_pairs(a, &count);

	if (count)
		qsort(pairs, count, sizeof(*pairs), by_awaited);
	while (at < count) {
		size_t index = asyncio_find_task(a, pairs[at].awaited), end = at, kept = 0;
		uint64_t *list;

		while (end < count && pairs[end].awaited == pairs[at].awaited)
			end++;
		list = arena_alloc(a->py->arena, (end - at) * sizeof(uint64_t));
		for (size_t i = at; i < end; i++)
			list[kept++] = pairs[i].awaiter;
		if (index != NO_INDEX) {
			a->tasks[index].awaited_by = list;
			a->tasks[index].awaited_by_count = kept;
		}
		at = end;
	}
	free(pairs);
}

/* The link of a task's chain that is this generator; NULL. */
static struct link *driven_link(const struct collector *c, uint64_t address, size_t *task)
{
	uint64_t place;

	if (!addrmap_get(&c->driven, address, &place))
		return NULL;
	*task = driven_task(place);
	return &c->a->tasks[*task].chain.links[driven_number(place)];
}

/* One that a task drives was read when its chain was followed. */
static bool read_coroutine(const struct collector *c, uint64_t address, struct coroutine *coroutine)
{
	struct python *py = c->a->py;
	struct error err;
	struct link *link;

	*coroutine = (struct coroutine){.used_by = NO_INDEX, .task = NO_INDEX};
	link = driven_link(c, address, &coroutine->task);
	if (link) {
		coroutine->gen = link->gen;
		coroutine->qualname = link->qualname;
		coroutine->chain = (struct chain){
			.count = 1, .links = link, .is_running = link->gen.state == GEN_RUNNING};
		return true;
	}
	error_init(&err);
	if (!pygen_read(py, address, &coroutine->gen, &err)) {
		python_note_unreadable(py, &err);
		return false;
	}
	coroutine->qualname = pygen_qualname(py, &coroutine->gen);
	if (!coroutine->qualname)
		coroutine->qualname = "?";
	return true;
}

static void read_coroutines(struct collector *c)
{
	struct asyncio *a = c->a;

	a->coroutine_room = c->found.coroutines.count;
	a->coroutines = big_alloc(a->coroutine_room, sizeof(*a->coroutines));
	addrmap_reserve(&a->coroutine_index, c->found.coroutines.count);
	for (size_t i = 0; i < c->found.coroutines.count; i++) {
		struct coroutine *coroutine = &a->coroutines[a->coroutine_count];

		if (read_coroutine(c, c->found.coroutines.items[i], coroutine))
			addrmap_put(&a->coroutine_index, coroutine->gen.address, a->coroutine_count++);
	}
}

static void mark_awaited(struct asyncio *a)
{
	for (size_t i = 0; i < a->coroutine_count; i++) {
		size_t next;

		/* What a task's coroutine awaits is in the chain of that task. */
		if (a->coroutines[i].task != NO_INDEX)
			continue;
		next = asyncio_find_coroutine(a, chain_next(a->py, &a->coroutines[i].gen));
		if (next != NO_INDEX && next != i)
			a->coroutines[next].is_awaited = true;
	}
}

static void follow_coroutines(struct collector *c)
{
	struct asyncio *a = c->a;

	for (size_t i = 0; i < a->coroutine_count; i++) {
		struct coroutine *coroutine = &a->coroutines[i];

		if (coroutine->task != NO_INDEX)
			continue; /* read_coroutine */
		if (coroutine->is_awaited)
			chain_own_frame(a->py, &coroutine->gen, &coroutine->chain);
		else
			chain_follow(
				a->py, &a->classes, &c->stacks, coroutine->gen.address, &coroutine->chain);
	}
}

static bool is_loose_asyncgen(const struct coroutine *c)
{
	return c->gen.kind == KIND_ASYNCGEN && c->gen.state == GEN_SUSPENDED && c->task == NO_INDEX &&
	       !c->is_awaited;
}

/* Only asked when there is an async generator that nobody awaits: it may be between two steps. */
static void mark_used_asyncgens(struct collector *c)
{
	struct asyncio *a = c->a;
	struct addrmap in_use = ADDRMAP_INIT;
	size_t loose = 0;

	for (size_t i = 0; i < a->coroutine_count; i++)
		loose += is_loose_asyncgen(&a->coroutines[i]);
	if (!loose)
		return;
	for (size_t i = 0; i < a->coroutine_count; i++) {
		const struct chain *chain = &a->coroutines[i].chain;

		if (chain->count && chain->links[0].has_frame)
			asyncgen_mark_used(a->py, &a->classes, &chain->links[0].frame, i, &in_use);
	}
	for (size_t t = 0; t < a->threads.count; t++)
		for (size_t f = 0; f < a->threads.threads[t].frame_count; f++)
			asyncgen_mark_used(
				a->py, &a->classes, &a->threads.threads[t].frames[f], NO_INDEX, &in_use);
	for (size_t i = 0; i < a->coroutine_count; i++) {
		struct coroutine *coroutine = &a->coroutines[i];
		uint64_t by;

		coroutine->is_in_use = addrmap_get(&in_use, coroutine->gen.address, &by);
		if (coroutine->is_in_use && by != i)
			coroutine->used_by = (size_t)by;
	}
	addrmap_deinit(&in_use);
}

static void read_loops(struct collector *c)
{
	struct asyncio *a = c->a;
	struct addresses *loops = &c->found.loops;

	for (size_t t = 0; t < a->threads.count; t++)
		if (a->running_loops[t])
			addresses_add(loops, a->running_loops[t]);
	for (size_t i = 0; i < a->task_count; i++) {
		uint64_t loop = a->tasks[i].future.loop;

		if ((!i || loop != a->tasks[i - 1].future.loop) &&
			asyncio_role_of(a->py, &a->classes, loop) == ROLE_LOOP)
			addresses_add(loops, loop);
	}
	addresses_sort(loops->items, loops->count);
	a->loops = xcalloc(loops->count, sizeof(*a->loops));
	for (size_t i = 0; i < loops->count; i++) {
		size_t thread = NO_INDEX;
		uint64_t current = 0;

		if (i && loops->items[i] == loops->items[i - 1])
			continue;
		for (size_t t = 0; t < a->threads.count; t++)
			if (a->running_loops[t] == loops->items[i])
				thread = t;
		addrmap_get(&c->current, loops->items[i], &current);
		addrmap_put(&a->loop_index, loops->items[i], a->loop_count);
		loop_read(a->py, &a->classes, &a->threads, loops->items[i], thread, current,
			&a->loops[a->loop_count++]);
	}
}

/* Without the heap: the coroutines that tasks drive, and the work items that threads have or will take. */
static void find_driven(struct collector *c)
{
	struct addresses *coroutines = &c->found.coroutines;

	for (size_t i = 0; i < c->a->task_count; i++) {
		const struct chain *chain = &c->a->tasks[i].chain;

		for (size_t k = 0; k < chain->count; k++) {
			const struct link *link = &chain->links[k];
			size_t task;

			if ((link->kind == LINK_COROUTINE || link->kind == LINK_ASYNC_GENERATOR) &&
				driven_link(c, link->address, &task) == link)
				addresses_add(coroutines, link->address);
		}
	}
	addresses_sort(coroutines->items, coroutines->count);
	jobs_collect(c->a->py, &c->a->threads, &c->found.work_items);
}

static void collect(struct collector *c, const struct asyncio_options *options)
{
	size_t tasks_most = c->a->heap ? 0 : options->tasks_most;

	if (c->a->heap)
		collect_from_heap(c->a->py, &c->a->classes, c->a->heap, &c->found);
	read_threads_loops(c);
	read_registries(c);
	if (tasks_most && c->registered.used > tasks_most) {
		c->a->is_cut = true;
		return;
	}
	merge_registered(c);
	index_stacks(c);
	read_tasks(c);
	tasks_follow(c->a, &c->stacks, &c->driven);
	link_awaiters(c->a);
	if (!c->a->heap)
		find_driven(c);
	read_coroutines(c);
	mark_awaited(c->a);
	follow_coroutines(c);
	mark_used_asyncgens(c);
	holders_find(c->a, &c->a->holders);
	jobs_find(
		c->a->py, &c->a->threads, c->found.work_items.items, c->found.work_items.count, &c->a->jobs);
	if (!c->a->heap && options->needs_loops)
		kept_loops_add(c->a->py, &c->a->classes, &c->a->threads, &c->found.loops);
	read_loops(c);
	waits_describe(c->a);
}

struct asyncio *asyncio_collect(struct python *py, const struct asyncio_options *options, struct error *err)
{
	struct asyncio *a = xcalloc(1, sizeof(*a));
	struct collector c = {.a = a};

	a->py = py;
	a->heap_is_complete = true;
	if (!pythreads_read(py, &a->threads, err))
		goto fail;
	a->is_imported = asyncio_classes_find(py, &a->threads, &a->classes);
	if (options->needs_heap) {
		a->heap = heap_walk(py, &a->heap_is_complete, err);
		a->is_interrupted = !a->heap && progress_is_interrupted(py->progress);
		if (!a->heap && !a->is_interrupted)
			goto fail;
	}
	collect(&c, options);
	found_deinit(&c.found);
	addrmap_deinit(&c.registered);
	addrmap_deinit(&c.current);
	addrmap_deinit(&c.driven);
	addrmap_deinit(&c.stacks.by_generator);
	addrmap_deinit(&c.stacks.task_coroutines);
	return a;
fail:
	asyncio_destroy(a);
	return NULL;
}

void asyncio_destroy(struct asyncio *a)
{
	if (!a)
		return;
	heap_destroy(a->heap);
	holders_deinit(&a->holders);
	jobs_deinit(&a->jobs);
	asyncio_classes_deinit(&a->classes);
	addrmap_deinit(&a->task_index);
	addrmap_deinit(&a->loop_index);
	addrmap_deinit(&a->coroutine_index);
	big_free(a->tasks, a->task_room, sizeof(*a->tasks));
	free(a->loops);
	big_free(a->coroutines, a->coroutine_room, sizeof(*a->coroutines));
	for (size_t i = 0; i < a->helper_count; i++)
		python_discard(a->helpers[i]);
	free(a);
}

static size_t find(const struct addrmap *map, uint64_t address)
{
	uint64_t index;

	return addrmap_get(map, address, &index) ? (size_t)index : NO_INDEX;
}

size_t asyncio_find_task(const struct asyncio *a, uint64_t address)
{
	return find(&a->task_index, address);
}

size_t asyncio_find_loop(const struct asyncio *a, uint64_t address)
{
	return find(&a->loop_index, address);
}

size_t asyncio_find_coroutine(const struct asyncio *a, uint64_t address)
{
	return find(&a->coroutine_index, address);
}

bool asyncio_is_orphan(const struct asyncio *a, const struct coroutine *c)
{
	(void)a;
	if (c->gen.kind == KIND_ASYNCGEN)
		return is_loose_asyncgen(c) && !c->is_in_use;
	return c->task == NO_INDEX && (c->gen.state == GEN_CREATED || c->gen.state == GEN_SUSPENDED);
}
