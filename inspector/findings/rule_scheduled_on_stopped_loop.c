#include "inspector/findings/findings.h"

#include "inspector/python/closure.h"
#include "inspector/python/instance.h"
#include "inspector/python/sequence.h"

#include <string.h>

#define EXAMPLES   3
#define SUBMISSION "run_coroutine_threadsafe.<locals>.callback"

/* A coroutine that run_coroutine_threadsafe() has handed to a loop, and the future for its result
 * (Lib/asyncio/tasks.py: variables of the callback). */
struct submission {
	uint64_t coroutine, future;
};

static bool read_submission(struct python *py, const struct handle *handle, struct submission *s)
{
	if (handle->is_cancelled || strcmp(handle->callable.name, SUBMISSION) != 0)
		return false;
	s->coroutine = pyclosure_variable(py, handle->callable.function, SUBMISSION, "coro");
	s->future = pyclosure_variable(py, handle->callable.function, SUBMISSION, "future");
	return s->coroutine && s->future;
}

/* The thread that is in Future.result() or exception() of it (Lib/concurrent/futures/_base.py). */
static const struct pythread *find_waiting_thread(struct model *model, uint64_t future)
{
	const struct pythreads *threads = &model->asyncio->threads;

	for (size_t t = 0; t < threads->count; t++)
		for (size_t i = 0; i < threads->threads[t].frame_count; i++) {
			const struct pyframe *frame = &threads->threads[t].frames[i];

			if ((strcmp(frame->code->name, "result") == 0 ||
				    strcmp(frame->code->name, "exception") == 0) &&
				pyframe_local(model->py, frame, "self") == future)
				return &threads->threads[t];
		}
	return NULL;
}

/* The task of another loop that waits by wrap_future(). */
static const struct task *find_waiting_task(const struct model *model, uint64_t future)
{
	const struct asyncio *a = model->asyncio;

	for (size_t i = 0; i < a->task_count; i++)
		if (a->tasks[i].wait.kind == WAIT_THREAD && a->tasks[i].wait.on == future)
			return &a->tasks[i];
	return NULL;
}

/* A thread that has not come to its target yet: loop.run_forever, or a function that is given the loop. */
static bool is_thread_for(struct python *py, uint64_t thread, uint64_t loop)
{
	struct callable target = {0};
	struct sequence_iter args;
	uint64_t value;

	if (instance_get(py, thread, "_target", &value, NULL))
		callable_read(py, value, &target);
	if (target.self == loop)
		return true;
	if (!instance_get(py, thread, "_args", &value, NULL) ||
		!sequence_open(py, value, KIND_TUPLE, &args, NULL))
		return false;
	while (sequence_next(&args, &value))
		if (value == loop)
			return true;
	return false;
}

/* A frame that executes has the loop, or a method of it: it may be about to run it. */
static bool is_about_to_run(const struct model *model, const struct loop *loop)
{
	for (size_t i = 0; model->graph && i < model->roots.count; i++) {
		const struct root *root = &model->roots.items[i];
		struct callable method;
		uint64_t object;

		if (root->kind != ROOT_FRAME)
			continue;
		object = heap_address(model->graph->heap, root->node);
		callable_read(model->py, object, &method);
		if (object == loop->address || method.self == loop->address ||
			is_thread_for(model->py, object, loop->address))
			return true;
	}
	return false;
}

static bool name_waiter(struct model *model, struct finding *finding, uint64_t future)
{
	const struct pythread *thread = find_waiting_thread(model, future);
	const struct task *task = find_waiting_task(model, future);

	if (thread && thread->name)
		finding_evidence(
			model, finding, "thread '%s' blocks until its result is there", thread->name);
	else if (thread)
		finding_evidence(model, finding, "thread %llu blocks until its result is there",
			(unsigned long long)thread->native_id);
	if (task)
		finding_evidence(model, finding, "task '%s' waits for its result", task->name);
	return thread || task;
}

static void look_at_loop(struct model *model, const struct loop *loop)
{
	struct finding *finding = NULL;
	struct submission s;
	size_t count = 0;
	bool is_awaited = false;

	for (size_t i = 0; i < loop->ready_handles.count; i++)
		count += read_submission(model->py, &loop->ready_handles.items[i], &s);
	if (!count)
		return;
	finding = finding_add(model, "scheduled-on-stopped-loop", SEVERITY_WARNING,
		"%zu coroutine%s handed to the loop 0x%llx, which does not run", count, count == 1 ? "" : "s",
		(unsigned long long)loop->address);
	finding->cases = count;
	for (size_t i = 0; i < loop->ready_handles.count; i++) {
		size_t coroutine;

		if (!read_submission(model->py, &loop->ready_handles.items[i], &s))
			continue;
		finding_object(model, finding, s.coroutine);
		coroutine = asyncio_find_coroutine(model->asyncio, s.coroutine);
		if (finding->object_count <= EXAMPLES)
			finding_evidence(model, finding, "%s, by run_coroutine_threadsafe()",
				coroutine == NO_INDEX ? "a coroutine"
						      : model->asyncio->coroutines[coroutine].qualname);
		if (finding->object_count <= EXAMPLES)
			is_awaited |= name_waiter(model, finding, s.future);
		else
			is_awaited |= find_waiting_thread(model, s.future) != NULL;
	}
	finding_object(model, finding, loop->address);
	finding_evidence(model, finding, "no thread runs the loop, and it is not closed");
	if (is_awaited && !is_about_to_run(model, loop))
		finding->severity = SEVERITY_ERROR;
	finding->advice = "Hand coroutines only to a loop that runs, and stop it when nothing is left to do.";
}

/* What is ready in a loop that nobody runs is not called. That is how a loop looks before it is started, too:
 * so only what another thread has handed over counts, and it is an error when somebody waits for it. */
void rule_scheduled_on_stopped_loop(struct model *model)
{
	for (size_t i = 0; i < model->asyncio->loop_count; i++)
		if (model->asyncio->loops[i].doing == LOOP_STOPPED)
			look_at_loop(model, &model->asyncio->loops[i]);
}
