#include "inspector/findings/failed_with.h"

/* A pending task whose future belongs to another loop: whoever sets that future will run the task in the
 * wrong thread. asyncio's own tasks refuse to wait like this (Lib/asyncio/tasks.py, Task.__step). */
static void add_waiting(struct alike_tasks *list)
{
	const struct asyncio *a = list->model->asyncio;

	for (size_t i = 0; i < a->task_count; i++) {
		const struct task *task = &a->tasks[i];
		struct alike_task *item;
		struct future future;

		if (task_state(task) != TASK_PENDING || !task->wait.address || !task->future.loop ||
			!future_read(
				a->py, &list->model->asyncio->classes, task->wait.address, &future, NULL) ||
			!future.loop || future.loop == task->future.loop)
			continue;
		item = alike_add(list, task, SEVERITY_ERROR, "waits", "%s waits for a future of another loop",
			task_label(list->model, task));
		alike_evidence(list, item, "it waits for %s of loop 0x%llx", task->wait.text,
			(unsigned long long)future.loop);
		alike_evidence(list, item, "its own loop is 0x%llx", (unsigned long long)task->future.loop);
	}
}

/* The words of Lib/asyncio: tasks.py and _asynciomodule.c; mixins.py (locks and queues, from 3.10 on);
 * tasks.py, ensure_future; base_events.py, _check_thread, in debug mode. */
void rule_wrong_loop(struct model *model)
{
	static const char *const phrases[] = {"attached to a different loop",
		"is bound to a different event loop", "belongs to a different loop than",
		"Non-thread-safe operation invoked on an event loop other than", NULL};
	struct alike_tasks list = ALIKE_TASKS_INIT(model);

	add_waiting(&list);
	failed_with(&list, phrases);
	alike_report(&list, "wrong-loop", false,
		"Use each future, lock and queue in the loop that made it; cross by "
		"asyncio.run_coroutine_threadsafe().");
}
