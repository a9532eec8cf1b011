#include "inspector/asyncio/primitive.h"

#include "inspector/python/instance.h"
#include "inspector/python/int.h"
#include "inspector/python/memory.h"
#include "inspector/python/sequence.h"

#include <string.h>

/* The length of the container that an attribute holds; -1 when there is none. */
static int64_t length_of(struct python *py, uint64_t object, const char *name)
{
	const struct pytype *type;
	uint64_t value, length;

	if (!instance_get(py, object, name, &value, NULL) || !(type = pytype_of(py, value, NULL)) ||
		(type->kind != KIND_DEQUE && type->kind != KIND_LIST && type->kind != KIND_SET) ||
		!sequence_length(py, value, type->kind, &length, NULL) || length > INT32_MAX)
		return -1;
	return (int64_t)length;
}

static void append_count(struct strbuf *s, int64_t count, const char *one, const char *many)
{
	if (count >= 0)
		strbuf_printf(s, "%s%lld %s", s->text && s->text[s->length - 1] == '(' ? "" : ", ",
			(long long)count, count == 1 ? one : many);
}

static void describe_queue(struct python *py, const struct wait *wait, struct strbuf *s)
{
	int64_t size = length_of(py, wait->on, "_queue"), unfinished;
	uint64_t value;

	strbuf_append(s, " (");
	if (size == 0)
		strbuf_append(s, "empty");
	else
		append_count(s, size, "item", "items");
	if (wait->kind == WAIT_QUEUE_JOIN) {
		if (instance_get(py, wait->on, "_unfinished_tasks", &value, NULL) &&
			pyint_signed(py, value, &unfinished, NULL))
			strbuf_printf(s, ", %lld not task_done()", (long long)unfinished);
	} else if (wait->kind == WAIT_QUEUE_GET) {
		append_count(s, length_of(py, wait->on, "_getters"), "getter", "getters");
	} else {
		append_count(s, length_of(py, wait->on, "_putters"), "putter", "putters");
	}
	strbuf_append_char(s, ')');
}

static void describe_lock(struct python *py, const struct wait *wait, struct strbuf *s)
{
	uint64_t locked;

	strbuf_append(s, " (");
	if (instance_get(py, wait->on, "_locked", &locked, NULL))
		strbuf_append(s, locked == py->true_object ? "locked" : "unlocked");
	append_count(s, length_of(py, wait->on, "_waiters"), "waiter", "waiters");
	strbuf_append_char(s, ')');
}

static void describe_waiters(struct python *py, const struct wait *wait, struct strbuf *s)
{
	int64_t count = length_of(py, wait->on, "_waiters");

	if (count < 0)
		return;
	strbuf_append(s, " (");
	append_count(s, count, "waiter", "waiters");
	strbuf_append_char(s, ')');
}

static void describe_tasks(const struct wait *wait, const char *what, struct strbuf *s)
{
	strbuf_printf(s, "%s of %zu task%s", what, wait->task_count, wait->task_count == 1 ? "" : "s");
}

static void describe_task(
	struct python *py, struct asyncio_classes *classes, const struct wait *wait, struct strbuf *s)
{
	struct task_parts parts;
	struct future future;

	if (wait->task_count && future_read(py, classes, wait->tasks[0], &future, NULL) &&
		future_task_parts(py, &future, &parts, NULL)) {
		strbuf_printf(s, "%stask '", wait->kind == WAIT_SHIELD ? "shielded " : "");
		strbuf_append_safe(s, parts.name);
		strbuf_append_char(s, '\'');
	} else {
		strbuf_printf(s, "%s at 0x%llx", wait->kind == WAIT_SHIELD ? "shield" : "task",
			(unsigned long long)wait->address);
	}
}

static void describe_on(struct python *py, const struct wait *wait, struct strbuf *s)
{
	if (wait->kind == WAIT_THREAD)
		strbuf_append(s, "a thread's ");

	strbuf_append_safe(s, strrchr(wait->on_type, '.') ? strrchr(wait->on_type, '.') + 1 : wait->on_type);
	strbuf_printf(s, " at 0x%llx", (unsigned long long)wait->on);
	switch (wait->kind) {
	case WAIT_QUEUE_GET:
	case WAIT_QUEUE_PUT:
	case WAIT_QUEUE_JOIN:
		describe_queue(py, wait, s);
		break;
	case WAIT_LOCK:
		describe_lock(py, wait, s);
		break;
	case WAIT_EVENT:
	case WAIT_CONDITION:
	case WAIT_SEMAPHORE:
		describe_waiters(py, wait, s);
		break;
	default:
		break;
	}
}

const char *primitive_describe(struct python *py, struct asyncio_classes *classes, const struct wait *wait)
{
	struct strbuf s = STRBUF_INIT;
	const char *text;

	switch (wait->kind) {
	case WAIT_TASK:
	case WAIT_SHIELD:
		describe_task(py, classes, wait, &s);
		break;
	case WAIT_GATHER:
		describe_tasks(wait, "gather", &s);
		break;
	case WAIT_WAIT:
		describe_tasks(wait, "wait", &s);
		break;
	case WAIT_TASK_GROUP:
		describe_tasks(wait, "TaskGroup", &s);
		break;
	default:
		if (wait->on) {
			describe_on(py, wait, &s);
		} else {
			strbuf_append_safe(&s, wait->type_name);
			strbuf_printf(&s, " at 0x%llx", (unsigned long long)wait->address);
		}
	}
	if (wait->is_done)
		strbuf_append(&s, ", done: about to be woken");
	text = arena_strdup(py->arena, strbuf_text(&s));
	strbuf_deinit(&s);
	return text;
}
