#include "inspector/findings/alike_tasks.h"
#include "inspector/graph/garbage.h"

#include <stdlib.h>

/* asyncio refers to tasks weakly. A pending task that nothing refers to but what it refers to itself can be
 * freed by the next collection: "Task was destroyed but it is pending!". Reference counts prove it. */
static bool is_unreferenced(const struct model *model, const struct task *task)
{
	struct garbage_verdict verdict;
	uint32_t node;

	if (task_state(task) != TASK_PENDING || task->is_current || !model->graph ||
		!heap_index(model->graph->heap, task->address, &node) || reach_has(&model->reach, node))
		return false;
	garbage_judge(model->graph, node, &verdict);
	free(verdict.nodes);
	return verdict.is_garbage;
}

void rule_unreferenced_task(struct model *model)
{
	struct alike_tasks list = ALIKE_TASKS_INIT(model);

	for (size_t i = 0; i < model->asyncio->task_count; i++) {
		const struct task *task = &model->asyncio->tasks[i];
		struct alike_task *item;

		if (!is_unreferenced(model, task))
			continue;
		item = alike_add(&list, task, SEVERITY_ERROR, "", "%s", task_label(model, task));
		alike_evidence(&list, item,
			"nothing refers to it but what it waits for itself: the collector may destroy it");
	}
	alike_report(
		&list, "unreferenced-task", false, "Keep the result of create_task(), or use a TaskGroup.");
}
