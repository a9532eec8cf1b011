#include "inspector/asyncio/wait_text.h"

#include "inspector/asyncio/asyncio.h"
#include "inspector/asyncio/naming.h"
#include "inspector/asyncio/primitive.h"
#include "inspector/asyncio/waker.h"
#include "inspector/python/instance.h"
#include "inspector/python/int.h"
#include "inspector/python/repr.h"
#include "inspector/python/sequence.h"
#include "inspector/python/str.h"

#include <math.h>
#include <string.h>

#define DELAY_LIMIT   40
#define NAME_LIMIT    100
#define HOLDERS_SHOWN 2
#define MEMBERS_MAX   (1 << 24)
#define SOCKETS_MAX   64

struct writer {
	struct asyncio *a;
	struct python *py;
	struct naming naming;
	struct wakers wakers;
	struct endpoint_table *endpoints;
	struct addrmap named; /* hash of type and name -> the object that alone is called so, or SEVERAL */
	struct strbuf out;
};

/* Two locks are both called 'lock', each by its own frames: such have their address as well. */
#define SEVERAL UINT64_MAX

/* By Fowler, Noll and Vo. A collision costs an address in a text. */
static uint64_t hash_name(const char *type_name, const char *name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *type_name; type_name++)
		hash = (hash ^ (uint8_t)*type_name) * UINT64_C(0x100000001b3);
	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
	return hash >> 1; /* addrmap has no room for UINT64_MAX as key */
}

static void note_name(struct writer *w, const struct wait *wait)
{
	uint64_t hash, other;

	if (!wait->name || !wait->on)
		return;
	hash = hash_name(wait->on_type, wait->name);
	if (addrmap_get(&w->named, hash, &other) && other != wait->on)
		addrmap_put(&w->named, hash, SEVERAL);
	else
		addrmap_put(&w->named, hash, wait->on);
}

static bool is_ambiguous(const struct writer *w, const char *type_name, const char *name)
{
	uint64_t object;

	return addrmap_get(&w->named, hash_name(type_name, name), &object) && object == SEVERAL;
}

static uint64_t attribute(struct python *py, uint64_t object, const char *name)
{
	uint64_t value;

	return object && instance_get(py, object, name, &value, NULL) && value != py->none ? value : 0;
}

static const char *last_part(const char *dotted)
{
	const char *dot = strrchr(dotted, '.');

	return dot && dot[1] ? dot + 1 : dotted;
}

/* "Lock 'self.lock'", "Lock 'self.lock' at 0x7f10" when another has the same name, or "Lock at 0x7f10" when
 * nobody calls it by one. */
static void append_object(struct writer *w, const char *type_name, const char *name, uint64_t address)
{
	strbuf_append_safe(&w->out, last_part(type_name));
	if (name) {
		strbuf_append(&w->out, " '");
		strbuf_append_safe(&w->out, name);
		strbuf_append_char(&w->out, '\'');
	}
	if (!name || is_ambiguous(w, type_name, name))
		strbuf_printf(&w->out, " at 0x%llx", (unsigned long long)address);
}

static void append_task(struct writer *w, uint64_t address)
{
	size_t index = asyncio_find_task(w->a, address);
	const struct pytype *type;

	if (index != NO_INDEX) {
		strbuf_append(&w->out, "task '");
		strbuf_append_safe(&w->out, w->a->tasks[index].name);
		strbuf_append_char(&w->out, '\'');
		return;
	}
	type = pytype_of(w->py, address, NULL);
	append_object(w, type ? type->full_name : "future", NULL, address);
}

struct member_count {
	size_t all, tasks, done;
};

static void count_members(struct writer *w, uint64_t container, struct member_count *count)
{
	const struct pytype *type = container ? pytype_of(w->py, container, NULL) : NULL;
	struct sequence_iter iter;
	struct future future;
	uint64_t item;

	*count = (struct member_count){0};
	if (!type || !sequence_open(w->py, container, type->kind, &iter, NULL))
		return;
	while (count->all < MEMBERS_MAX && sequence_next(&iter, &item)) {
		count->all++;
		if (!future_read(w->py, &w->a->classes, item, &future, NULL))
			continue;
		count->tasks += role_is_task(future.role);
		count->done += future.state != FUTURE_PENDING;
	}
}

/* "4 tasks (1 done)" */
static void append_members(struct writer *w, uint64_t container, struct facts_text *facts)
{
	struct member_count count;

	count_members(w, container, &count);
	strbuf_printf(&w->out, "%zu %s%s", count.all, count.tasks == count.all ? "task" : "future",
		count.all == 1 ? "" : "s");
	if (count.done)
		fact_append(facts, "%zu done", count.done);
}

/* wait(), wait_for(), as_completed(). */
static void append_wait(struct writer *w, const struct task *task, struct facts_text *facts)
{
	const struct wait *wait = &task->wait;
	const struct chain *chain = &task->chain;
	uint64_t when = 0;

	if (wait->operation && strcmp(wait->operation, "as_completed") == 0) {
		strbuf_append(&w->out, "as_completed");
		if (wait->members) {
			strbuf_append(&w->out, " of ");
			append_members(w, wait->members, facts);
		}
	} else if (wait->members) {
		strbuf_append(&w->out, "wait for ");
		append_members(w, wait->members, facts);
		when = pyframe_local(w->py, &chain->links[chain->count - 1].frame, "return_when");
	} else {
		strbuf_append(&w->out, "wait_for ");
		append_task(w, wait->on);
		/* Lib/asyncio/tasks.py up to 3.11: _cancel_and_wait */
		if (chain->count && strcmp(chain->links[chain->count - 1].qualname, "wait_for") != 0)
			fact_append(facts, "which was cancelled");
	}
	if (when && !pystr_equals(w->py, when, "ALL_COMPLETED"))
		fact_append(facts, "%s", pystr_arena(w->py, when, NAME_LIMIT, NULL));
}

static void append_sleep(struct writer *w, const struct task *task)
{
	const struct chain *chain = &task->chain;
	const struct timer *timer = wakers_timer(&w->wakers, task);
	uint64_t delay = pyframe_local(w->py, &chain->links[chain->count - 1].frame, "delay");

	strbuf_append(&w->out, "sleep(");
	if (delay)
		pyrepr_append(w->py, delay, DELAY_LIMIT, &w->out);
	strbuf_append_char(&w->out, ')');
	if (timer && target_monotonic(w->py->target) >= 0 && isfinite(timer->when)) {
		strbuf_append(&w->out, ", ends");
		deadline_append(w->a, timer->when, &w->out);
	}
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "task 'a' at app.py:31" */
static void append_holder(
	struct writer *w, const struct task *task, const struct lock_holder *holder, struct strbuf *out)
{
	if (holder->task != SIZE_MAX && &w->a->tasks[holder->task] == task)
		strbuf_append(out, "this task itself");
	else if (holder->task != SIZE_MAX)
		strbuf_printf(out, "task '%s'", w->a->tasks[holder->task].name);
	else
		strbuf_printf(out, "%s, which no task drives", holder->qualname);
	if (holder->file && holder->line)
		strbuf_printf(out, " at %s:%u", base_name(holder->file), holder->line);
}

static void append_holders(struct writer *w, const struct task *task, struct facts_text *facts)
{
	const struct wait *wait = &task->wait;
	uint64_t locked = attribute(w->py, wait->on, "_locked");
	struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < wait->holder_count && i < HOLDERS_SHOWN; i++) {
		strbuf_append(&text, i ? " and " : "likely held by ");
		append_holder(w, task, &wait->holders[i], &text);
	}
	if (wait->holder_count > HOLDERS_SHOWN)
		strbuf_printf(&text, " and %zu more", wait->holder_count - HOLDERS_SHOWN);
	if (wait->holder_count)
		fact_append(facts, "%s", strbuf_text(&text));
	else if (wait->kind == WAIT_SEMAPHORE || locked == w->py->true_object)
		fact_append(facts, "holder unknown");
	strbuf_deinit(&text);
}

static void append_waiters(struct writer *w, const struct wait *wait, struct facts_text *facts)
{
	uint64_t waiters = attribute(w->py, wait->on, "_waiters"), length;
	const struct pytype *type = waiters ? pytype_of(w->py, waiters, NULL) : NULL;

	if (type && type->kind == KIND_DEQUE && sequence_length(w->py, waiters, KIND_DEQUE, &length, NULL))
		fact_append(facts, "%llu waiter%s", (unsigned long long)length, length == 1 ? "" : "s");
}

/* A Condition's lock has no name, but the Condition that is being entered has. */
static const char *name_of_lock(struct writer *w, const struct task *task, const char **type_name)
{
	const struct wait *wait = &task->wait;
	uint64_t owner;

	for (size_t i = wait->first; i < task->chain.count; i++) {
		const struct link *link = &task->chain.links[i];

		owner = link->has_frame ? pyframe_local(w->py, &link->frame, "self") : 0;
		if (owner && owner != wait->on && attribute(w->py, owner, "_lock") == wait->on) {
			const struct pytype *type = pytype_of(w->py, owner, NULL);

			*type_name = arena_printf(
				w->py->arena, "lock of %s", type ? last_part(type->full_name) : "?");
			return naming_find(&w->naming, &task->chain, wait->first, owner);
		}
	}
	return NULL;
}

static void append_lock(struct writer *w, const struct task *task, struct facts_text *facts)
{
	const struct wait *wait = &task->wait;
	const char *type_name = wait->on_type, *name = name_of_lock(w, task, &type_name);

	append_object(w, type_name, name ? name : wait->name, wait->on);
	primitive_append_facts(w->py, wait, facts);
	append_holders(w, task, facts);
	append_waiters(w, wait, facts);
}

static void append_connection(struct writer *w, const struct connection *c, struct facts_text *facts)
{
	static const char *const streams[] = {"stdin", "stdout", "stderr"};
	const char *arguments;

	if (c->process && c->process_fd >= 0 && c->process_fd <= 2)
		fact_append(facts, "%s of process %lld", streams[c->process_fd],
			(long long)primitive_process(w->py, c->process, &arguments));
	else if (c->is_pipe)
		fact_append(facts, "pipe");
	if (c->is_tls)
		fact_append(facts, "TLS");
	if (c->fd >= 0)
		fact_append(facts, "fd %lld", (long long)c->fd);
	if (c->peer)
		fact_append(facts, "peer %s", c->peer);
	else if (c->local)
		fact_append(facts, "local %s", c->local);
}

static void append_process(struct writer *w, const struct wait *wait, struct facts_text *facts)
{
	const char *arguments;
	int64_t pid = primitive_process(w->py, wait->on, &arguments);

	if (pid > 0)
		fact_append(facts, "pid %lld", (long long)pid);
	if (arguments)
		fact_append(facts, "%s", arguments);
}

static void append_job_place(struct writer *w, const struct job *job, struct facts_text *facts)
{
	const struct pythread *thread;

	if (job->thread == SIZE_MAX) {
		fact_append(facts, job->is_of_process ? "in another process" : "no thread has begun it");
		if (job->is_queued && job->before_it)
			fact_append(
				facts, "%zu job%s before it", job->before_it, job->before_it == 1 ? "" : "s");
		return;
	}
	thread = &w->a->threads.threads[job->thread];
	if (thread->name)
		fact_append(facts, "thread '%s' %llu", thread->name, (unsigned long long)thread->native_id);
	else
		fact_append(facts, "thread %llu", (unsigned long long)thread->native_id);
	if (job->place)
		fact_append(
			facts, "at %s:%u", base_name(job->place->code->filename), pyframe_line(job->place));
}

static void append_thread(struct writer *w, const struct wait *wait, struct facts_text *facts)
{
	const struct job *job = wait->on ? jobs_of(&w->a->jobs, wait->on) : NULL;
	const char *operation = wait->operation ? wait->operation : job ? "run_in_executor" : NULL;

	if (wait->task_count) {
		size_t index = asyncio_find_task(w->a, wait->tasks[0]);

		append_task(w, wait->tasks[0]);
		if (index != NO_INDEX)
			fact_append(
				facts, "of loop 0x%llx", (unsigned long long)w->a->tasks[index].future.loop);
		return;
	}
	if (operation) {
		bool is_call =
			strcmp(operation, "run_in_executor") == 0 || strcmp(operation, "to_thread") == 0;

		strbuf_append_safe(&w->out, operation);
		if (job) {
			strbuf_append(&w->out, is_call ? "(" : ": ");
			strbuf_append_safe(&w->out, job->function.name);
			strbuf_append(&w->out, is_call ? ")" : "");
		}
	} else {
		strbuf_append(&w->out, wait->on ? "concurrent " : "");
		append_object(w, wait->on ? wait->on_type : wait->type_name, wait->name,
			wait->on ? wait->on : wait->address);
	}
	if (job)
		append_job_place(w, job, facts);
}

/* Addresses of a server's sockets: of the kernel, by the descriptors that its loop watches. */
static void append_server_sockets(struct writer *w, const struct wait *wait, struct facts_text *facts)
{
	uint64_t sockets = attribute(w->py, wait->on, "_sockets"), socket;
	const struct pytype *type = sockets ? pytype_of(w->py, sockets, NULL) : NULL;
	struct sequence_iter iter;

	if (!type || type->kind != KIND_LIST || !sequence_open(w->py, sockets, KIND_LIST, &iter, NULL))
		return;
	for (size_t i = 0; i < SOCKETS_MAX && sequence_next(&iter, &socket); i++) {
		const struct watch *watch = watches_find(&w->wakers.watches, socket);
		struct connection c = {.fd = watch ? watch->fd : -1};

		connection_ask_kernel(w->py, w->endpoints, &c);
		append_connection(w, &c, facts);
	}
}

static void append_words(struct writer *w, struct task *task, struct facts_text *facts)
{
	struct wait *wait = &task->wait;

	switch (wait->kind) {
	case WAIT_TASK:
		append_task(w, wait->address);
		break;
	case WAIT_SHIELD:
		strbuf_append(&w->out, "shield of ");
		append_task(w, wait->on);
		break;
	case WAIT_GATHER:
		strbuf_append(&w->out, "gather of ");
		append_members(w, wait->members, facts);
		break;
	case WAIT_WAIT:
		append_wait(w, task, facts);
		break;
	case WAIT_SLEEP:
		append_sleep(w, task);
		break;
	case WAIT_LOCK:
	case WAIT_SEMAPHORE:
		append_lock(w, task, facts);
		break;
	case WAIT_SOCKET:
		strbuf_append_safe(&w->out, wait->operation);
		append_connection(w, &wait->connection, facts);
		break;
	case WAIT_SUBPROCESS:
		strbuf_append_safe(&w->out, wait->operation);
		append_process(w, wait, facts);
		break;
	case WAIT_THREAD:
		append_thread(w, wait, facts);
		break;
	case WAIT_SERVER:
		strbuf_append_safe(&w->out, wait->operation);
		append_server_sockets(w, wait, facts);
		primitive_append_facts(w->py, wait, facts);
		break;
	case WAIT_TASK_GROUP:
		strbuf_append_safe(&w->out, wait->on_type ? last_part(wait->on_type) : "TaskGroup");
		primitive_append_facts(w->py, wait, facts);
		break;
	default:
		append_object(w, wait->on ? wait->on_type : wait->type_name, wait->name,
			wait->on ? wait->on : wait->address);
		primitive_append_facts(w->py, wait, facts);
		if (wait->kind == WAIT_FUTURE && wait->operation)
			fact_append(facts, "%s", wait->operation);
	}
}

static void append_timeout(struct writer *w, const struct task *task)
{
	const struct timer *timeout = wakers_timeout(&w->wakers, task);

	if (!timeout)
		return;
	strbuf_append(&w->out, ", timeout");
	deadline_append(w->a, timeout->when, &w->out);
}

/* Where a connection is to lead: arguments of asyncio's own functions. */
static void read_address(struct writer *w, const struct task *task, struct connection *c)
{
	for (size_t i = task->chain.count; !c->peer && i-- > task->wait.first;) {
		const struct link *link = &task->chain.links[i];
		const char *name = link->has_frame ? last_part(link->qualname) : "";

		if (strcmp(name, "sock_connect") == 0)
			c->peer = connection_address(w->py, pyframe_local(w->py, &link->frame, "address"));
	}
}

/* Where data comes from: the transport of a StreamReader or StreamWriter, a transport, a socket. */
static void find_connection(struct writer *w, struct task *task)
{
	struct wait *wait = &task->wait;
	struct connection *c = &wait->connection;
	uint64_t transport = 0;
	const struct watch *watch;
	bool is_writer =
		wait->operation && (strstr(wait->operation, "drain") || strstr(wait->operation, "send") ||
					   strstr(wait->operation, "connect"));

	/* Lib/asyncio/streams.py: who waits in drain() is the protocol, which may not know the transport; the
	 * writer is a frame further out, and does. */
	for (size_t i = wait->first; !transport && i < task->chain.count; i++)
		if (task->chain.links[i].has_frame)
			transport = attribute(w->py,
				pyframe_local(w->py, &task->chain.links[i].frame, "self"), "_transport");
	if (!wait->on || !connection_of_transport(w->py, transport ? transport : wait->on, c)) {
		watch = watches_find(&w->wakers.watches, wait->address);
		if (!watch && wait->on)
			watch = watches_find_direction(&w->wakers.watches, wait->on, is_writer);
		*c = (struct connection){.fd = watch ? watch->fd : -1};
	}
	c->is_writer = is_writer;
	read_address(w, task, c);
	connection_ask_kernel(w->py, w->endpoints, c);
}

static void describe(struct writer *w, struct task *task)
{
	struct wait *wait = &task->wait;
	struct facts_text facts = {.out = &w->out};

	if (wait->kind == WAIT_LOCK || wait->kind == WAIT_SEMAPHORE)
		wait->holder_count = holders_of(&w->a->holders, wait->on, &wait->holders);
	if (wait->kind == WAIT_SOCKET)
		find_connection(w, task);
	strbuf_reset(&w->out);
	append_words(w, task, &facts);
	facts_close(&facts);
	if (wait->is_done)
		strbuf_append(&w->out, ", done: about to be woken");
	else
		append_timeout(w, task);
	wait->text = arena_strdup(w->py->arena, strbuf_text(&w->out));
	waker_find(w->a, &w->wakers, task);
}

static void find_name(struct writer *w, struct task *task)
{
	struct wait *wait = &task->wait;

	wait->name = wait->on ? naming_find(&w->naming, &task->chain, wait->first, wait->on)
			      : naming_find_near(&w->naming, &task->chain, wait->first, wait->address);
	note_name(w, wait);
}

void waits_describe(struct asyncio *a)
{
	struct writer w = {.a = a, .py = a->py};

	naming_init(a->py, &w.naming);
	wakers_init(a, &w.wakers);
	w.endpoints = endpoint_table_create(a->py->target);
	for (size_t i = 0; i < a->task_count; i++)
		if (a->tasks[i].wait.kind != WAIT_NONE)
			find_name(&w, &a->tasks[i]);
	for (size_t i = 0; i < a->task_count; i++)
		if (a->tasks[i].wait.kind != WAIT_NONE)
			describe(&w, &a->tasks[i]);
	naming_deinit(&w.naming);
	wakers_deinit(&w.wakers);
	endpoint_table_destroy(w.endpoints);
	addrmap_deinit(&w.named);
	strbuf_deinit(&w.out);
}
