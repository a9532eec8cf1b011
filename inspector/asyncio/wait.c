#include "inspector/asyncio/wait.h"

#include "inspector/asyncio/asyncio.h"
#include "inspector/asyncio/closure.h"
#include "inspector/asyncio/primitive.h"
#include "inspector/python/closure.h"
#include "inspector/python/instance.h"
#include "inspector/python/memory.h"
#include "inspector/python/refs.h"
#include "inspector/python/repr.h"
#include "inspector/python/sequence.h"
#include "inspector/python/str.h"

#include <stdlib.h>
#include <string.h>

#define TASKS_MAX   (1 << 24)
#define DELAY_LIMIT 40

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
		[WAIT_OTHER] = "other",
	};

	return names[kind];
}

/* Where asyncio's own coroutines park. up is how many frames out from the innermost the primitive's method
 * is: Queue.join waits in the Event.wait that it calls. */
static const struct place {
	const char *file, *qualname; /* end of co_filename, co_qualname */
	unsigned up;
	enum wait_kind kind;
	const char *on; /* the local that holds the primitive; NULL none */
} places[] = {
	{"asyncio/queues.py", "Queue.join", 1, WAIT_QUEUE_JOIN, "self"},
	{"asyncio/queues.py", "Queue.get", 0, WAIT_QUEUE_GET, "self"},
	{"asyncio/queues.py", "Queue.put", 0, WAIT_QUEUE_PUT, "self"},
	{"asyncio/locks.py", "Lock.acquire", 0, WAIT_LOCK, "self"},
	{"asyncio/locks.py", "Event.wait", 0, WAIT_EVENT, "self"},
	{"asyncio/locks.py", "Condition.wait", 0, WAIT_CONDITION, "self"},
	{"asyncio/locks.py", "Semaphore.acquire", 0, WAIT_SEMAPHORE, "self"},
	{"asyncio/taskgroups.py", "TaskGroup.__aexit__", 0, WAIT_TASK_GROUP, "self"},
	{"asyncio/taskgroups.py", "TaskGroup._aexit", 0, WAIT_TASK_GROUP, "self"},
	{"asyncio/tasks.py", "sleep", 0, WAIT_SLEEP, NULL},
	{"asyncio/tasks.py", "_wait", 0, WAIT_WAIT, NULL},
	{"asyncio/streams.py", "StreamReader._wait_for_data", 0, WAIT_SOCKET, "self"},
	{"asyncio/streams.py", "FlowControlMixin._drain_helper", 0, WAIT_SOCKET, "self"},
	{"asyncio/selector_events.py", "BaseSelectorEventLoop.sock_recv", 0, WAIT_SOCKET, "sock"},
	{"asyncio/selector_events.py", "BaseSelectorEventLoop.sock_recv_into", 0, WAIT_SOCKET, "sock"},
	{"asyncio/selector_events.py", "BaseSelectorEventLoop.sock_recvfrom", 0, WAIT_SOCKET, "sock"},
	{"asyncio/selector_events.py", "BaseSelectorEventLoop.sock_sendall", 0, WAIT_SOCKET, "sock"},
	{"asyncio/selector_events.py", "BaseSelectorEventLoop.sock_sendto", 0, WAIT_SOCKET, "sock"},
	{"asyncio/selector_events.py", "BaseSelectorEventLoop.sock_connect", 0, WAIT_SOCKET, "sock"},
	{"asyncio/selector_events.py", "BaseSelectorEventLoop.sock_accept", 0, WAIT_SOCKET, "sock"},
};

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length > tail && text[length - tail - 1] == '/' && strcmp(text + length - tail, end) == 0;
}

static const struct place *find_place(const struct chain *chain, const struct link **link)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i].up >= chain->count)
			continue;
		*link = &chain->links[chain->count - 1 - places[i].up];
		if ((*link)->has_frame && ends_with((*link)->file, places[i].file) &&
			strcmp((*link)->qualname, places[i].qualname) == 0)
			return &places[i];
	}
	return NULL;
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

/* Futures that stand for something else say so in their callbacks (Lib/asyncio/tasks.py, futures.py). */
static void by_callbacks(
	struct python *py, const struct future *waiter, struct task_list *list, struct wait *wait)
{
	uint64_t callbacks[8];
	size_t count = future_callbacks(py, waiter, callbacks, 8);

	for (size_t i = 0; i < count && i < 8; i++) {
		uint64_t inner =
			pyclosure_variable(py, callbacks[i], "shield.<locals>._outer_done_callback", "inner");

		if (inner) {
			wait->kind = WAIT_SHIELD;
			add_if_task(list, inner);
			return;
		}
		inner = pyclosure_variable(
			py, callbacks[i], "_chain_future.<locals>._call_check_cancel", "source");
		if (inner) {
			wait->kind = WAIT_THREAD;
			wait->on = inner;
			return;
		}
	}
}

static void by_place(struct python *py, const struct chain *chain, struct task_list *list, struct wait *wait)
{
	const struct link *link;
	const struct place *place = find_place(chain, &link);
	uint64_t value;

	if (!place)
		return;
	wait->kind = place->kind;
	if (place->on)
		wait->on = pyframe_local(py, &link->frame, place->on);
	if (place->kind == WAIT_TASK_GROUP && wait->on && instance_get(py, wait->on, "_tasks", &value, NULL))
		add_members(list, value);
	if (place->kind == WAIT_WAIT && (value = pyframe_local(py, &link->frame, "fs")))
		add_members(list, value);
	if (place->kind == WAIT_SLEEP && (value = pyframe_local(py, &link->frame, "delay"))) {
		struct strbuf s = STRBUF_INIT;

		strbuf_append(&s, "sleep(");
		pyrepr_append(py, value, DELAY_LIMIT, &s);
		strbuf_append(&s, ")");
		wait->text = arena_strdup(py->arena, strbuf_text(&s));
		strbuf_deinit(&s);
	}
}

static void by_future(
	struct python *py, const struct future *waiter, struct task_list *list, struct wait *wait)
{
	uint64_t children;

	if (role_is_task(waiter->role)) {
		wait->kind = WAIT_TASK;
		add_if_task(list, waiter->address);
	} else if (strcmp(waiter->type->name, "_GatheringFuture") == 0) {
		wait->kind = WAIT_GATHER;
		if (instance_get(py, waiter->address, "_children", &children, NULL))
			add_members(list, children);
	}
}

void wait_find(struct python *py, struct asyncio_classes *classes, uint64_t address,
	const struct chain *chain, struct wait *wait)
{
	struct task_list list = {.py = py, .classes = classes};
	const struct pytype *type;
	struct future waiter;

	*wait = (struct wait){.kind = WAIT_NONE};
	if (!address)
		return;
	wait->address = address;
	type = pytype_of(py, address, NULL);
	wait->type_name = type ? type->full_name : "?";
	wait->kind = WAIT_OTHER;
	if (future_read(py, classes, address, &waiter, NULL)) {
		wait->kind = WAIT_FUTURE;
		wait->is_done = waiter.state != FUTURE_PENDING;
		by_future(py, &waiter, &list, wait);
		if (wait->kind == WAIT_FUTURE)
			by_place(py, chain, &list, wait);
		if (wait->kind == WAIT_FUTURE)
			by_callbacks(py, &waiter, &list, wait);
	}
	set_tasks(&list, wait);
	if (wait->on && (type = pytype_of(py, wait->on, NULL)))
		wait->on_type = type->full_name;
	else
		wait->on = 0;
}

void waits_describe(struct asyncio *a, const struct timers *timers)
{
	for (size_t i = 0; i < a->task_count; i++) {
		struct wait *wait = &a->tasks[i].wait;

		if (wait->kind == WAIT_NONE)
			continue;
		if (wait->kind == WAIT_LOCK || wait->kind == WAIT_SEMAPHORE)
			wait->holder_count = holders_of(&a->holders, wait->on, &wait->holders);
		if (!wait->text)
			wait->text = primitive_describe(a->py, &a->classes, wait);
	}
}
