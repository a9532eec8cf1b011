#include "inspector/asyncio/wait_text.h"

#include "inspector/asyncio/wait_writer.h"
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

/* Two locks are both called 'lock', each by its own frames: such have their address as well. */
#define SEVERAL UINT64_MAX

/* The facts of a primitive, as they were written for the first task that waits in it so. */
struct told {
	enum wait_kind kind;
	const char *text;
};

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

uint64_t writer_attribute(struct writer *w, uint64_t object, const char *name)
{
	uint64_t value;

	return object && instance_get(w->py, object, name, &value, NULL) && value != w->py->none ? value : 0;
}

const char *writer_last_part(const char *dotted)
{
	const char *dot = strrchr(dotted, '.');

	return dot && dot[1] ? dot + 1 : dotted;
}

const char *writer_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void writer_append_object(struct writer *w, const char *type_name, const char *name, uint64_t address)
{
	strbuf_append_safe(&w->out, writer_last_part(type_name));
	if (name) {
		strbuf_append(&w->out, " '");
		strbuf_append_safe(&w->out, name);
		strbuf_append_char(&w->out, '\'');
	}
	if (!name || is_ambiguous(w, type_name, name))
		strbuf_printf(&w->out, " at 0x%llx", (unsigned long long)address);
}

void writer_append_task(struct writer *w, uint64_t address)
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
	writer_append_object(w, type ? type->full_name : "future", NULL, address);
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
		writer_append_task(w, wait->on);
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
		strbuf_printf(out, " at %s:%u", writer_base_name(holder->file), holder->line);
}

static void append_holders(struct writer *w, const struct task *task, struct facts_text *facts)
{
	const struct wait *wait = &task->wait;
	uint64_t locked = writer_attribute(w, wait->on, "_locked");
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
	uint64_t waiters = writer_attribute(w, wait->on, "_waiters"), length;
	const struct pytype *type = waiters ? pytype_of(w->py, waiters, NULL) : NULL;

	if (type && type->kind == KIND_DEQUE && sequence_length(w->py, waiters, KIND_DEQUE, &length, NULL))
		fact_append(facts, "%llu waiter%s", (unsigned long long)length, length == 1 ? "" : "s");
}

/* What a primitive tells of itself is the same in the text of each task that waits in it; many do, in one
 * queue. It stands first in its bracket. */
static void append_facts(struct writer *w, const struct wait *wait, struct facts_text *facts)
{
	size_t before = w->out.length;
	struct told *told;
	uint64_t known;

	if (addrmap_get(&w->told, wait->on, &known)) {
		told = (struct told *)(uintptr_t)known;
		if (told->kind == wait->kind) {
			strbuf_append(&w->out, told->text);
			facts->is_open = told->text[0] != '\0';
			return;
		}
	}
	primitive_append_facts(w->py, wait, facts);
	if (!wait->on)
		return;
	told = arena_alloc(w->py->arena, sizeof(*told));
	told->kind = wait->kind;
	told->text = arena_strdup(w->py->arena, strbuf_text(&w->out) + before);
	addrmap_put(&w->told, wait->on, (uint64_t)(uintptr_t)told);
}

/* A Condition's lock has no name, but the Condition that is being entered has. */
static const char *name_of_lock(struct writer *w, const struct task *task, const char **type_name)
{
	const struct wait *wait = &task->wait;
	uint64_t owner;

	for (size_t i = wait->first; i < task->chain.count; i++) {
		const struct link *link = &task->chain.links[i];

		owner = link->has_frame ? pyframe_local(w->py, &link->frame, "self") : 0;
		if (owner && owner != wait->on && writer_attribute(w, owner, "_lock") == wait->on) {
			const struct pytype *type = pytype_of(w->py, owner, NULL);

			*type_name = arena_printf(
				w->py->arena, "lock of %s", type ? writer_last_part(type->full_name) : "?");
			return naming_find(&w->naming, &task->chain, wait->first, owner);
		}
	}
	return NULL;
}

static void append_lock(struct writer *w, const struct task *task, struct facts_text *facts)
{
	const struct wait *wait = &task->wait;
	const char *type_name = wait->on_type, *name = name_of_lock(w, task, &type_name);

	writer_append_object(w, type_name, name ? name : wait->name, wait->on);
	append_facts(w, wait, facts);
	append_holders(w, task, facts);
	append_waiters(w, wait, facts);
}

static void append_words(struct writer *w, struct task *task, struct facts_text *facts)
{
	struct wait *wait = &task->wait;

	switch (wait->kind) {
	case WAIT_TASK:
		writer_append_task(w, wait->address);
		break;
	case WAIT_SHIELD:
		strbuf_append(&w->out, "shield of ");
		writer_append_task(w, wait->on);
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
		writer_append_socket(w, wait, facts);
		break;
	case WAIT_SUBPROCESS:
		strbuf_append_safe(&w->out, wait->operation);
		writer_append_process(w, wait, facts);
		break;
	case WAIT_THREAD:
		writer_append_thread(w, wait, facts);
		break;
	case WAIT_SERVER:
		writer_append_server(w, wait, facts);
		break;
	case WAIT_TASK_GROUP:
		strbuf_append_safe(&w->out, wait->on_type ? writer_last_part(wait->on_type) : "TaskGroup");
		append_facts(w, wait, facts);
		break;
	default:
		writer_append_object(w, wait->on ? wait->on_type : wait->type_name, wait->name,
			wait->on ? wait->on : wait->address);
		append_facts(w, wait, facts);
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

static void describe(struct writer *w, struct task *task)
{
	struct wait *wait = &task->wait;
	struct facts_text facts = {.out = &w->out};

	if (wait->kind == WAIT_LOCK || wait->kind == WAIT_SEMAPHORE)
		wait->holder_count = holders_of(&w->a->holders, wait->on, &wait->holders);
	if (wait->kind == WAIT_SOCKET)
		writer_find_connection(w, task);
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
	threadsafe_read(a, &w.threadsafe);
	w.endpoints = endpoint_table_create(a->py->target);
	for (size_t i = 0; i < a->task_count; i++)
		if (a->tasks[i].wait.kind != WAIT_NONE)
			find_name(&w, &a->tasks[i]);
	for (size_t i = 0; i < a->task_count; i++)
		if (a->tasks[i].wait.kind != WAIT_NONE)
			describe(&w, &a->tasks[i]);
	naming_deinit(&w.naming);
	wakers_deinit(&w.wakers);
	threadsafe_deinit(&w.threadsafe);
	endpoint_table_destroy(w.endpoints);
	addrmap_deinit(&w.named);
	addrmap_deinit(&w.told);
	strbuf_deinit(&w.out);
}
