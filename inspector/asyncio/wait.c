#include "inspector/asyncio/wait.h"

#include "inspector/asyncio/parking.h"
#include "inspector/python/closure.h"
#include "inspector/python/instance.h"
#include "inspector/python/sequence.h"
#include "inspector/python/str.h"

#include <stdlib.h>
#include <string.h>

#define TASKS_MAX (1 << 24)
/* Callbacks of one future that are looked at: what stands for something else has one or two. */
#define CALLBACKS_MAX 8

const char *wait_kind_name(enum wait_kind kind)
{
	static const char *const names[] = {
		[WAIT_NONE] = "none",
		[WAIT_FUTURE] = "future",
		[WAIT_TASK] = "task",
		[WAIT_GATHER] = "gather",
		[WAIT_SLEEP] = "sleep",
		[WAIT_QUEUE_GET] = "queue-get",
		[WAIT_QUEUE_PUT] = "queue-put",
		[WAIT_QUEUE_JOIN] = "queue-join",
		[WAIT_LOCK] = "lock",
		[WAIT_EVENT] = "event",
		[WAIT_CONDITION] = "condition",
		[WAIT_SEMAPHORE] = "semaphore",
		[WAIT_SOCKET] = "socket",
		[WAIT_THREAD] = "thread",
		[WAIT_TASK_GROUP] = "task-group",
		[WAIT_WAIT] = "wait",
		[WAIT_SHIELD] = "shield",
		[WAIT_BARRIER] = "barrier",
		[WAIT_SUBPROCESS] = "subprocess",
		[WAIT_SERVER] = "server",
		[WAIT_OTHER] = "other",
	};

	return names[kind];
}

struct task_list {
	struct python *py;
	struct asyncio_classes *classes;
	uint64_t *tasks;
	size_t count, capacity;
};

static void add_if_task(struct task_list *list, uint64_t object)
{
	if (list->count >= TASKS_MAX || !role_is_task(asyncio_role_of(list->py, list->classes, object)))
		return;
	list->tasks = grow_array(list->tasks, &list->capacity, list->count + 1, sizeof(*list->tasks));
	list->tasks[list->count++] = object;
}

static void add_members(struct task_list *list, uint64_t container)
{
	const struct pytype *type = pytype_of(list->py, container, NULL);
	struct sequence_iter iter;
	uint64_t item;

	if (!type || !sequence_open(list->py, container, type->kind, &iter, NULL))
		return;
	while (sequence_next(&iter, &item))
		add_if_task(list, item);
}

static void set_tasks(struct task_list *list, struct wait *wait)
{
	wait->task_count = list->count;
	wait->tasks = arena_alloc(list->py->arena, list->count * sizeof(*list->tasks));
	if (list->count)
		memcpy(wait->tasks, list->tasks, list->count * sizeof(*list->tasks));
	free(list->tasks);
}

/* The asyncio task that a concurrent.futures.Future was made for: run_coroutine_threadsafe() chains the two,
 * and the future's callbacks have the closure of that (Lib/asyncio/futures.py, _chain_future). 0: none. */
static uint64_t task_behind(struct python *py, uint64_t future)
{
	struct sequence_iter iter;
	const struct pytype *type;
	uint64_t list, callback;

	if (!instance_get(py, future, "_done_callbacks", &list, NULL) ||
		!(type = pytype_of(py, list, NULL)) || type->kind != KIND_LIST ||
		!sequence_open(py, list, KIND_LIST, &iter, NULL))
		return 0;
	for (size_t i = 0; i < CALLBACKS_MAX && sequence_next(&iter, &callback); i++) {
		uint64_t source = pyclosure_variable(
			py, callback, "_chain_future.<locals>._call_check_cancel", "source");

		if (source)
			return source;
	}
	return 0;
}

/* Futures that stand for something else say so in their callbacks (Lib/asyncio/tasks.py, futures.py). */
static void by_callbacks(
	struct python *py, const struct future *waiter, struct task_list *list, struct wait *wait)
{
	uint64_t callbacks[CALLBACKS_MAX];
	size_t count = future_callbacks(py, waiter, callbacks, CALLBACKS_MAX);

	for (size_t i = 0; i < count && i < CALLBACKS_MAX; i++) {
		uint64_t inner =
			pyclosure_variable(py, callbacks[i], "shield.<locals>._outer_done_callback", "inner");

		if (inner) {
			wait->kind = WAIT_SHIELD;
			wait->on = inner;
			add_if_task(list, inner);
			return;
		}
		inner = pyclosure_variable(
			py, callbacks[i], "_chain_future.<locals>._call_check_cancel", "source");
		if (inner) {
			wait->kind = WAIT_THREAD;
			wait->on = inner;
			add_if_task(list, inner);
			add_if_task(list, task_behind(py, inner));
			return;
		}
	}
}

/* In 3.8 to 3.12 the coroutine of as_completed() shares nothing with the generator that made it but the queue
 * of those that are done: that generator is on the value stack of the frame that iterates it. */
static uint64_t generator_of(
	struct python *py, const struct pyframe *frame, uint64_t queue, struct pyframe *found)
{
	for (uint32_t i = frame->code->nlocalsplus; i < frame->slots; i++) {
		uint64_t object = pyframe_slot(py, frame, i);
		const struct pytype *type = object ? pytype_of(py, object, NULL) : NULL;
		struct pygen gen;

		if (type && type->kind == KIND_GENERATOR && pygen_read(py, object, &gen, NULL) &&
			gen.state != GEN_CLOSED && pygen_frame(py, &gen, found, NULL) && found->code &&
			strcmp(found->code->name, "as_completed") == 0 &&
			pyframe_local(py, found, "done") == queue)
			return object;
	}
	return 0;
}

static void by_as_completed(struct python *py, const struct chain *chain, const struct parking *parking,
	struct task_list *list, struct wait *wait)
{
	const struct pyframe *own = &parking->at->frame;
	uint64_t iterator = pyframe_local(py, own, "self"), todo = 0;
	struct pyframe frame;

	if (iterator) {
		wait->on = iterator;
		instance_get(py, iterator, "_todo", &todo, NULL);
		wait->timed_by = iterator;
	} else {
		wait->timed_by = pyframe_local(py, own, "done");
		if (parking->first > 0 && chain->links[parking->first - 1].has_frame)
			wait->on = generator_of(
				py, &chain->links[parking->first - 1].frame, wait->timed_by, &frame);
		if (wait->on)
			todo = pyframe_local(py, &frame, "todo");
	}
	wait->members = todo;
	if (todo)
		add_members(list, todo);
}

static void by_wait(struct python *py, const struct chain *chain, const struct parking *parking,
	struct task_list *list, struct wait *wait)
{
	uint64_t value;

	if (strcmp(parking->operation, "as_completed") == 0) {
		by_as_completed(py, chain, parking, list, wait);
		wait->is_any = true;
	} else if ((value = pyframe_local(py, &parking->at->frame, "fs")) != 0) {
		wait->members = value;
		add_members(list, value);
		value = pyframe_local(py, &parking->at->frame, "return_when");
		wait->is_any = value && pystr_equals(py, value, "FIRST_COMPLETED");
	} else if ((value = pyframe_local(py, &parking->at->frame, "fut")) != 0) {
		wait->on = value;
		add_if_task(list, value);
	}
}

static void by_parking(struct python *py, const struct chain *chain, const struct parking *parking,
	struct task_list *list, struct wait *wait)
{
	uint64_t value;

	wait->kind = parking->kind;
	wait->on = parking->on;
	if (wait->kind == WAIT_TASK_GROUP && wait->on && instance_get(py, wait->on, "_tasks", &value, NULL)) {
		wait->members = value;
		add_members(list, value);
	} else if (wait->kind == WAIT_WAIT) {
		by_wait(py, chain, parking, list, wait);
	}
}

static void by_future(
	struct python *py, const struct future *waiter, struct task_list *list, struct wait *wait)
{
	if (role_is_task(waiter->role)) {
		wait->kind = WAIT_TASK;
		add_if_task(list, waiter->address);
	} else if (strcmp(waiter->type->name, "_GatheringFuture") == 0) {
		wait->kind = WAIT_GATHER;
		if (instance_get(py, waiter->address, "_children", &wait->members, NULL))
			add_members(list, wait->members);
	}
}

void wait_find(struct python *py, struct asyncio_classes *classes, uint64_t address,
	const struct chain *chain, struct wait *wait)
{
	struct task_list list = {.py = py, .classes = classes};
	const struct pytype *type;
	struct parking parking;
	struct future waiter;

	*wait = (struct wait){.kind = WAIT_NONE, .connection.fd = -1};
	if (!address)
		return;
	wait->address = address;
	type = pytype_of(py, address, NULL);
	wait->type_name = type ? type->full_name : "?";
	wait->kind = WAIT_OTHER;
	parking_find(py, chain, &parking);
	wait->operation = parking.operation;
	wait->first = parking.first;
	if (future_read(py, classes, address, &waiter, NULL)) {
		wait->kind = WAIT_FUTURE;
		wait->is_done = waiter.state != FUTURE_PENDING;
		by_future(py, &waiter, &list, wait);
		if (wait->kind == WAIT_FUTURE)
			by_parking(py, chain, &parking, &list, wait);
		if (wait->kind == WAIT_FUTURE || wait->kind == WAIT_THREAD)
			by_callbacks(py, &waiter, &list, wait);
	}
	set_tasks(&list, wait);
	if (wait->on && (type = pytype_of(py, wait->on, NULL)))
		wait->on_type = type->full_name;
	else
		wait->on = 0;
}
