#include "inspector/asyncio/primitive.h"

#include "inspector/python/dict.h"
#include "inspector/python/instance.h"
#include "inspector/python/int.h"
#include "inspector/python/repr.h"
#include "inspector/python/sequence.h"
#include "inspector/python/str.h"

#include <stdio.h>
#include <string.h>

#define ARGUMENTS_LIMIT 100
#define STATE_LIMIT	40

void fact_append(struct facts_text *facts, const char *format, ...)
{
	va_list args;
	char text[512];

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	strbuf_append(facts->out, facts->is_open ? ", " : " (");
	strbuf_append_safe(facts->out, text);
	facts->is_open = true;
}

void facts_close(struct facts_text *facts)
{
	if (facts->is_open)
		strbuf_append_char(facts->out, ')');
	facts->is_open = false;
}

static uint64_t attribute(struct python *py, uint64_t object, const char *name)
{
	uint64_t value;

	return object && instance_get(py, object, name, &value, NULL) && value != py->none ? value : 0;
}

static int64_t number_of(struct python *py, uint64_t object, const char *name)
{
	uint64_t value = attribute(py, object, name);
	int64_t number;

	return value && pyint_signed(py, value, &number, NULL) ? number : -1;
}

/* The length of the container that an attribute holds; 0 for None, -1 when there is none. */
static int64_t length_of(struct python *py, uint64_t object, const char *name)
{
	const struct pytype *type;
	uint64_t value, length;

	if (!instance_get(py, object, name, &value, NULL) || !(type = pytype_of(py, value, NULL)))
		return -1;
	if (value == py->none)
		return 0;
	if (pytype_is_dict(type) ? !pydict_length(py, value, &length, NULL)
				 : (type->kind != KIND_DEQUE && type->kind != KIND_LIST &&
					   type->kind != KIND_SET && type->kind != KIND_TUPLE) ||
					   !sequence_length(py, value, type->kind, &length, NULL))
		return -1;
	return length > INT32_MAX ? -1 : (int64_t)length;
}

static void append_count(struct facts_text *facts, int64_t count, const char *one, const char *many)
{
	if (count >= 0)
		fact_append(facts, "%lld %s", (long long)count, count == 1 ? one : many);
}

static void append_waiters(struct python *py, uint64_t primitive, struct facts_text *facts)
{
	append_count(facts, length_of(py, primitive, "_waiters"), "waiter", "waiters");
}

static void append_queue(struct python *py, const struct wait *wait, struct facts_text *facts)
{
	int64_t size = length_of(py, wait->on, "_queue"), most = number_of(py, wait->on, "_maxsize");

	if (size == 0)
		fact_append(facts, "empty");
	else if (size > 0 && most > 0)
		fact_append(facts, size >= most ? "full, %lld of %lld items" : "%lld of %lld items",
			(long long)size, (long long)most);
	else
		append_count(facts, size, "item", "items");
	if (wait->kind == WAIT_QUEUE_JOIN) {
		int64_t unfinished = number_of(py, wait->on, "_unfinished_tasks");

		if (unfinished >= 0)
			fact_append(facts, "%lld not task_done()", (long long)unfinished);
		append_waiters(py, attribute(py, wait->on, "_finished"), facts);
	}
	if (wait->kind == WAIT_QUEUE_GET)
		append_count(facts, length_of(py, wait->on, "_getters"), "getter", "getters");
	if (wait->kind == WAIT_QUEUE_PUT)
		append_count(facts, length_of(py, wait->on, "_putters"), "putter", "putters");
	if (attribute(py, wait->on, "_is_shutdown") == py->true_object)
		fact_append(facts, "shut down");
}

static void append_event(struct python *py, uint64_t event, struct facts_text *facts)
{
	uint64_t value = attribute(py, event, "_value");

	if (value)
		fact_append(facts, value == py->true_object ? "set" : "not set");
	append_waiters(py, event, facts);
}

static void append_condition(struct python *py, uint64_t condition, struct facts_text *facts)
{
	uint64_t locked = attribute(py, attribute(py, condition, "_lock"), "_locked");

	append_waiters(py, condition, facts);
	if (locked)
		fact_append(facts, locked == py->true_object ? "its lock is locked" : "its lock is free");
}

/* Lib/asyncio/locks.py: _BarrierState is an Enum; its members keep their value in _value_. */
static void append_barrier(struct python *py, uint64_t barrier, struct facts_text *facts)
{
	int64_t parties = number_of(py, barrier, "_parties"), count = number_of(py, barrier, "_count");
	uint64_t value = attribute(py, attribute(py, barrier, "_state"), "_value_");
	const char *state = value ? pystr_arena(py, value, STATE_LIMIT, NULL) : NULL;

	if (state)
		fact_append(facts, "%s", state);
	if (parties >= 0 && count >= 0)
		fact_append(facts, "%lld of %lld parties", (long long)count, (long long)parties);
}

/* Lib/asyncio/taskgroups.py: _tasks are those that are not done. */
static void append_task_group(struct python *py, const struct wait *wait, struct facts_text *facts)
{
	int64_t errors = length_of(py, wait->on, "_errors");

	append_count(facts, (int64_t)wait->task_count, "task open", "tasks open");
	if (errors > 0)
		fact_append(facts, "%lld failed", (long long)errors);
	if (attribute(py, wait->on, "_aborting") == py->true_object)
		fact_append(facts, "the others are being cancelled");
}

static void append_server(struct python *py, uint64_t server, struct facts_text *facts)
{
	/* A set of weak references from 3.13 on, a count before. */
	int64_t clients = number_of(py, server, "_active_count");

	if (clients < 0)
		clients = length_of(py, attribute(py, server, "_clients"), "data");
	append_count(facts, clients, "connection", "connections");
}

void primitive_append_facts(struct python *py, const struct wait *wait, struct facts_text *facts)
{
	uint64_t value;

	if (!wait->on)
		return;
	switch (wait->kind) {
	case WAIT_QUEUE_GET:
	case WAIT_QUEUE_PUT:
	case WAIT_QUEUE_JOIN:
		append_queue(py, wait, facts);
		break;
	case WAIT_LOCK:
		value = attribute(py, wait->on, "_locked");
		/* Where a holder was found, that says it. */
		if (value && !wait->holder_count)
			fact_append(facts, value == py->true_object ? "locked" : "unlocked");
		break;
	case WAIT_EVENT:
		append_event(py, wait->on, facts);
		break;
	case WAIT_CONDITION:
		append_condition(py, wait->on, facts);
		break;
	case WAIT_SEMAPHORE:
		if (number_of(py, wait->on, "_value") >= 0)
			fact_append(facts, "value %lld", (long long)number_of(py, wait->on, "_value"));
		break;
	case WAIT_BARRIER:
		append_barrier(py, wait->on, facts);
		break;
	case WAIT_TASK_GROUP:
		append_task_group(py, wait, facts);
		break;
	case WAIT_SERVER:
		append_server(py, wait->on, facts);
		break;
	default:
		break;
	}
}

/* As one would type it in a shell. */
static void append_argument(struct python *py, uint64_t argument, struct strbuf *s)
{
	const char *text = pystr_arena(py, argument, ARGUMENTS_LIMIT, NULL);

	strbuf_append(s, s->length ? " " : "");
	if (!text)
		pyrepr_append(py, argument, ARGUMENTS_LIMIT, s);
	else if (*text && !strpbrk(text, " \t\n'\"\\$`"))
		strbuf_append_safe(s, text);
	else
		pyrepr_append(py, argument, ARGUMENTS_LIMIT, s);
}

int64_t primitive_process(struct python *py, uint64_t transport, const char **arguments)
{
	uint64_t args = attribute(py, attribute(py, transport, "_proc"), "args"), item;
	const struct pytype *type = args ? pytype_of(py, args, NULL) : NULL;
	struct strbuf s = STRBUF_INIT;
	struct sequence_iter iter;

	*arguments = NULL;
	if (type && (type->kind == KIND_TUPLE || type->kind == KIND_LIST) &&
		sequence_open(py, args, type->kind, &iter, NULL))
		while (s.length < ARGUMENTS_LIMIT && sequence_next(&iter, &item))
			append_argument(py, item, &s);
	else if (args)
		append_argument(py, args, &s);
	if (s.length)
		*arguments = arena_printf(py->arena, "%.*s%s", ARGUMENTS_LIMIT, strbuf_text(&s),
			s.length > ARGUMENTS_LIMIT ? "..." : "");
	strbuf_deinit(&s);
	return number_of(py, transport, "_pid");
}
