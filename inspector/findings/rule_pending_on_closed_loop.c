#include "inspector/findings/findings.h"

/* A task whose loop is closed can never run again. */
void rule_pending_on_closed_loop(struct model *model)
{
	const struct asyncio *a = model->asyncio;

	for (size_t i = 0; i < a->loop_count; i++) {
		struct finding *finding = NULL;

		if (a->loops[i].is_closed != TRUTH_TRUE)
			continue;
		for (size_t k = 0; k < a->task_count; k++) {
			const struct task *task = &a->tasks[k];

			if (task_state(task) != TASK_PENDING || task->future.loop != a->loops[i].address)
				continue;
			if (!finding)
				finding = finding_add(model, "pending-on-closed-loop", SEVERITY_ERROR,
					"tasks are pending on the closed loop 0x%llx",
					(unsigned long long)a->loops[i].address);
			finding_object(model, finding, task->address);
			finding_evidence(model, finding, "task '%s' (%s)", task->name,
				task->coroutine_qualname ? task->coroutine_qualname : "?");
		}
		if (finding)
			finding->advice =
				"Cancel and await all tasks before the loop is closed: asyncio.run() does.";
	}
}
