#include "inspector/findings/findings.h"

#include "inspector/graph/users.h"
#include "inspector/python/instance.h"
#include "inspector/python/int.h"

#include <string.h>

/* Joining tasks that are named. */
#define NAMES_MOST 3

static bool is_parked_on(const struct task *task, uint64_t queue)
{
	return (task->wait.kind == WAIT_QUEUE_GET || task->wait.kind == WAIT_QUEUE_JOIN) &&
	       task->wait.on == queue && !task->wait.is_done;
}

/* A timeout around the wait: it will go on to do something else. */
static bool has_timeout(const struct task *task)
{
	return task->wait.wakes_by && strncmp(task->wait.wakes_by, "timeout", 7) == 0;
}

/* What a task does that could get at the queue: nothing for it, ever, as long as it is parked in get() or
 * join() of the very queue and no timeout ends that. */
static bool can_help(const struct task *task, uint64_t queue)
{
	return task_state(task) == TASK_PENDING && (!is_parked_on(task, queue) || has_timeout(task));
}

static bool somebody_can_help(const struct model *model, uint64_t queue, const struct users *users)
{
	const struct asyncio *a = model->asyncio;

	if (users->has_others || users->has_native)
		return true;
	for (size_t i = 0; i < users->task_count; i++)
		if (can_help(&a->tasks[users->tasks[i]], queue))
			return true;
	for (size_t g = 0; g < users->global_count; g++)
		for (size_t i = 0; i < a->task_count; i++)
			if (can_help(&a->tasks[i], queue) &&
				users_task_has_globals(a, model->graph, i, users->globals[g]))
				return true;
	return false;
}

static void report(struct model *model, const struct task *first)
{
	const struct asyncio *a = model->asyncio;
	uint64_t queue = first->wait.on;
	size_t joining = 0, getting = 0;
	struct finding *finding;

	for (size_t i = 0; i < a->task_count; i++) {
		joining += a->tasks[i].wait.kind == WAIT_QUEUE_JOIN && a->tasks[i].wait.on == queue;
		getting += a->tasks[i].wait.kind == WAIT_QUEUE_GET && a->tasks[i].wait.on == queue;
	}
	finding = finding_add(model, "stuck-join", SEVERITY_WARNING, "task '%s' (%s)%s wait%s in join()",
		first->name, first->coroutine_qualname ? first->coroutine_qualname : "?",
		joining > 1 ? " and others" : "", joining > 1 ? "" : "s");
	finding->is_inferred = true;
	for (size_t i = 0; i < a->task_count; i++)
		if (a->tasks[i].wait.kind == WAIT_QUEUE_JOIN && a->tasks[i].wait.on == queue)
			finding_object(model, finding, a->tasks[i].address);
	finding_object(model, finding, queue);
	finding_evidence(model, finding, "%s", first->wait.text);
	if (getting)
		finding_evidence(model, finding, "%zu task%s in get() of it, and none at work on an item",
			getting, getting == 1 ? " is" : "s are");
	else
		finding_evidence(model, finding, "no task is in get() of it, and none at work on an item");
	finding_evidence(model, finding,
		"inferred: no other code was found that leads to the queue to call task_done()");
	finding->advice = "Call task_done() for every item, in a finally of the worker.";
}

static bool is_first_on_queue(const struct asyncio *a, size_t task)
{
	for (size_t i = 0; i < task; i++)
		if (a->tasks[i].wait.kind == WAIT_QUEUE_JOIN && a->tasks[i].wait.on == a->tasks[task].wait.on)
			return false;
	return true;
}

/* Lib/asyncio/queues.py: join() returns once task_done() was called as often as put(). */
void rule_stuck_join(struct model *model)
{
	const struct asyncio *a = model->asyncio;

	for (size_t i = 0; model->graph && i < a->task_count; i++) {
		const struct task *task = &a->tasks[i];
		struct users users;
		uint64_t number;
		int64_t unfinished;

		if (task->wait.kind != WAIT_QUEUE_JOIN || !task->wait.on || task->wait.is_done ||
			!is_first_on_queue(a, i) ||
			!instance_get(model->py, task->wait.on, "_unfinished_tasks", &number, NULL) ||
			!pyint_signed(model->py, number, &unfinished, NULL) || unfinished <= 0)
			continue;
		users_find(a, model->graph, &model->roots, task->wait.on, &users);
		if (!somebody_can_help(model, task->wait.on, &users))
			report(model, task);
		users_deinit(&users);
	}
}
