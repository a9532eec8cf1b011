#include "inspector/asyncio/loop.h"

#include "inspector/python/dict.h"
#include "inspector/python/instance.h"
#include "inspector/python/int.h"
#include "inspector/python/sequence.h"

#include <signal.h>
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

static bool is_code(const struct pyframe *frame, const char *file, const char *name)
{
	const char *slash = frame->code ? strrchr(frame->code->filename, '/') : NULL;

	return slash && strcmp(slash + 1, file) == 0 && strcmp(frame->code->name, name) == 0;
}

/* A selector's select() is the innermost Python frame while the loop waits for the outside, and the loop
 * called it: subprocess.communicate() in a callback calls one, too. A selector that wraps another has a
 * select() of its own. */
static bool is_polling(const struct pythread *thread)
{
	size_t i = 0;

	if (!thread->frame_count || !is_code(&thread->frames[0], "selectors.py", "select"))
		return false;
	while (i < thread->frame_count && strcmp(thread->frames[i].code->name, "select") == 0)
		i++;
	return i < thread->frame_count && strcmp(thread->frames[i].code->name, "_run_once") == 0;
}

/* Lib/asyncio/events.py, Handle._run. */
static void find_running(
	struct python *py, struct asyncio_classes *classes, const struct pythread *thread, struct loop *loop)
{
	for (size_t i = 0; i < thread->frame_count; i++) {
		const struct pyframe *frame = &thread->frames[i];
		uint64_t handle;

		if (!is_code(frame, "events.py", "_run") || !(handle = pyframe_local(py, frame, "self")) ||
			!handle_read(py, classes, handle, &loop->running))
			continue;
		loop->running_frame = i;
		return;
	}
}

/* Lib/asyncio/base_events.py, _run_once: end_time is when the loop began with the callbacks of this round,
 * timeout what was left until the first timer when it went to wait. */
static void read_round(struct python *py, const struct pyframe *frame, struct loop *loop)
{
	uint64_t local = pyframe_local(py, frame, "end_time");
	double value;

	if (local && pyfloat_value(py, local, &value, NULL)) {
		loop->round_began = value;
		if (loop->now < 0)
			loop->now = value;
		return;
	}
	if (loop->now >= 0 || !loop->timers.count || loop->ready || loop->is_stopping != TRUTH_FALSE ||
		!(local = pyframe_local(py, frame, "timeout")))
		return;
	/* The int 0: it was due. */
	loop->now = loop->timers.items[0].when - (pyfloat_value(py, local, &value, NULL) ? value : 0);
}

static void read_clock(struct python *py, const struct pythreads *threads, struct loop *loop)
{
	const struct pythread *thread = loop->is_running ? &threads->threads[loop->thread] : NULL;
	double read = target_monotonic(py->target);

	loop->now = read;
	loop->round_began = -1;
	for (size_t i = 0; thread && i < thread->frame_count; i++) {
		if (!is_code(&thread->frames[i], "base_events.py", "_run_once") ||
			pyframe_local(py, &thread->frames[i], "self") != loop->address)
			continue;
		read_round(py, &thread->frames[i], loop);
		break;
	}
	loop->now_is_bound = read < 0 && loop->now >= 0;
}

static void read_signals(struct python *py, struct asyncio_classes *classes, struct loop *loop)
{
	struct dict_entry entry;
	struct dict_iter iter;
	uint64_t dict, count;

	if (!instance_get(py, loop->address, "_signal_handlers", &dict, NULL) ||
		!pydict_length(py, dict, &count, NULL) || count > NSIG || !dict_open(py, dict, &iter, NULL))
		return;
	loop->signals = arena_alloc(py->arena, count * sizeof(*loop->signals));
	while (loop->signal_count < count && dict_next(&iter, &entry)) {
		struct signal_handler *s = &loop->signals[loop->signal_count];

		loop->signal_count += pyint_signed(py, entry.key, &s->signal, NULL) &&
				      handle_read(py, classes, entry.value, &s->handle);
	}
}

/* A WeakSet. */
static int64_t count_async_generators(struct python *py, uint64_t loop)
{
	uint64_t set;

	return instance_get(py, loop, "_asyncgens", &set, NULL) ? read_length(py, set, "data", KIND_SET) : -1;
}

static void read_lists(struct python *py, struct asyncio_classes *classes, struct loop *loop)
{
	uint64_t value;

	if (loop->ready > 0 && instance_get(py, loop->address, "_ready", &value, NULL))
		handles_read(py, classes, value, KIND_DEQUE, &loop->ready_handles);
	if (loop->scheduled > 0 && instance_get(py, loop->address, "_scheduled", &value, NULL))
		handles_read(py, classes, value, KIND_LIST, &loop->timers);
	handles_sort_by_time(&loop->timers);
	descriptors_read(py, classes, loop->address, &loop->descriptors);
	read_signals(py, classes, loop);
	if (instance_get(py, loop->address, "_default_executor", &value, NULL) && value != py->none)
		executor_read(py, value, &loop->executor);
	if (instance_get(py, loop->address, "_exception_handler", &value, NULL) && value != py->none)
		loop->exception_handler = value;
	loop->async_generators = count_async_generators(py, loop->address);
}

void loop_read(struct python *py, struct asyncio_classes *classes, const struct pythreads *threads,
	uint64_t address, size_t thread, uint64_t current_task, struct loop *loop)
{
	const struct pytype *type = pytype_of(py, address, NULL);

	*loop = (struct loop){.address = address,
		.thread = thread,
		.current_task = current_task,
		.running_frame = SIZE_MAX};
	loop->type_name = type ? type->full_name : "?";
	loop->is_running = thread != SIZE_MAX;
	loop->is_closed = read_truth(py, address, "_closed");
	loop->is_stopping = read_truth(py, address, "_stopping");
	loop->is_debug = read_truth(py, address, "_debug");
	loop->ready = read_length(py, address, "_ready", KIND_DEQUE);
	loop->scheduled = read_length(py, address, "_scheduled", KIND_LIST);
	loop->slow_callback_duration = read_seconds(py, address, "slow_callback_duration");
	read_lists(py, classes, loop);
	if (loop->is_running)
		find_running(py, classes, &threads->threads[thread], loop);
	read_clock(py, threads, loop);
	if (loop->is_running && loop->ready < 0)
		loop->doing = LOOP_UNKNOWN;
	else if (loop->is_running)
		loop->doing = is_polling(&threads->threads[thread]) ? LOOP_POLLING : LOOP_IN_CALLBACK;
	else
		loop->doing = loop->is_closed == TRUTH_TRUE ? LOOP_CLOSED : LOOP_STOPPED;
}

size_t loop_count_overdue(const struct loop *loop, double *most)
{
	size_t count = 0;

	*most = 0;
	if (loop->now < 0)
		return 0;
	/* By time: the first that is not due ends it. */
	for (size_t i = 0; i < loop->timers.count; i++) {
		double by = loop_overdue(loop, &loop->timers.items[i]);

		if (!(by > 0))
			break;
		if (loop->timers.items[i].is_cancelled)
			continue;
		if (!count++)
			*most = by;
	}
	return count;
}
