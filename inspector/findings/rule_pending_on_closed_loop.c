#include "inspector/findings/findings.h"

/* Tasks that are named. */
#define EXAMPLES 5

static bool is_stuck_on(const struct task *task, const struct loop *loop)
{
	return task_state(task) == TASK_PENDING && task->future.loop == loop->address;
}

static void look_at_loop(struct model *model, const struct loop *loop)
{
	const struct asyncio *a = model->asyncio;
	struct finding *finding = NULL;
	size_t count = 0;

	for (size_t i = 0; i < a->task_count; i++)
		count += is_stuck_on(&a->tasks[i], loop);
	if (!count)
		return;
	finding = finding_add(model, "pending-on-closed-loop", SEVERITY_ERROR,
		"%zu task%s pending on the closed loop 0x%llx", count, count == 1 ? " is" : "s are",
		(unsigned long long)loop->address);
	finding->cases = count;
	for (size_t i = 0; i < a->task_count; i++) {
		const struct task *task = &a->tasks[i];

		if (!is_stuck_on(task, loop))
			continue;
		if (finding->object_count < EXAMPLES)
			finding_evidence(model, finding, "task '%s' (%s)", task->name,
				task->coroutine_qualname ? task->coroutine_qualname : "?");
		finding_object(model, finding, task->address);
	}
	if (count > EXAMPLES)
		finding_evidence(model, finding, "and %zu more", count - EXAMPLES);
	finding->advice = "Cancel and await all tasks before the loop is closed, as asyncio.run() does.";
}

/* A task whose loop is closed can never run again. */
void rule_pending_on_closed_loop(struct model *model)
{
	for (size_t i = 0; i < model->asyncio->loop_count; i++)
		if (model->asyncio->loops[i].is_closed == TRUTH_TRUE)
			look_at_loop(model, &model->asyncio->loops[i]);
}
