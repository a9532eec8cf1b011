#include "inspector/asyncio/loop.h"

#include "inspector/python/instance.h"
#include "inspector/python/int.h"
#include "inspector/python/sequence.h"

#include <string.h>

const char *loop_doing_name(enum loop_doing doing)
{
	static const char *const names[] = {"polling", "callback", "stopped", "closed", "running"};

	return names[doing];
}

static enum truth read_truth(struct python *py, uint64_t loop, const char *name)
{
	uint64_t value;

	if (!instance_get(py, loop, name, &value, NULL))
		return TRUTH_UNKNOWN;
	return value == py->true_object	   ? TRUTH_TRUE
	       : value == py->false_object ? TRUTH_FALSE
					   : TRUTH_UNKNOWN;
}

static int64_t read_length(struct python *py, uint64_t loop, const char *name, enum type_kind kind)
{
	const struct pytype *type;
	uint64_t value, length;

	if (!instance_get(py, loop, name, &value, NULL) || !(type = pytype_of(py, value, NULL)) ||
		type->kind != kind || !sequence_length(py, value, kind, &length, NULL) || length > INT64_MAX)
		return -1;
	return (int64_t)length;
}

static double read_seconds(struct python *py, uint64_t loop, const char *name)
{
	uint64_t value;
	double seconds;
	int64_t whole;

	if (!instance_get(py, loop, name, &value, NULL))
		return -1;
	if (pyfloat_value(py, value, &seconds, NULL))
		return seconds;
	return pyint_signed(py, value, &whole, NULL) ? (double)whole : -1;
}

/* A selector's select() is the innermost Python frame while the loop waits for the outside. */
static bool is_polling(const struct pythread *thread)
{
	const struct pycode *code = thread->frame_count ? thread->frames[0].code : NULL;
	const char *slash = code ? strrchr(code->filename, '/') : NULL;

	return slash && strcmp(slash + 1, "selectors.py") == 0 && strcmp(code->name, "select") == 0;
}

void loop_read(struct python *py, const struct pythreads *threads, uint64_t address, size_t thread,
	uint64_t current_task, struct loop *loop)
{
	const struct pytype *type = pytype_of(py, address, NULL);

	*loop = (struct loop){.address = address, .thread = thread, .current_task = current_task};
	loop->type_name = type ? type->full_name : "?";
	loop->is_running = thread != SIZE_MAX;
	loop->is_closed = read_truth(py, address, "_closed");
	loop->is_stopping = read_truth(py, address, "_stopping");
	loop->is_debug = read_truth(py, address, "_debug");
	loop->ready = read_length(py, address, "_ready", KIND_DEQUE);
	loop->scheduled = read_length(py, address, "_scheduled", KIND_LIST);
	loop->slow_callback_duration = read_seconds(py, address, "slow_callback_duration");
	if (loop->is_running && loop->ready < 0)
		loop->doing = LOOP_UNKNOWN;
	else if (loop->is_running)
		loop->doing = is_polling(&threads->threads[thread]) ? LOOP_POLLING : LOOP_IN_CALLBACK;
	else
		loop->doing = loop->is_closed == TRUTH_TRUE ? LOOP_CLOSED : LOOP_STOPPED;
}
