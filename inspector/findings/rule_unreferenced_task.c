#include "inspector/findings/findings.h"
#include "inspector/graph/garbage.h"

#include <stdlib.h>

/* asyncio refers to tasks weakly. A pending task that nothing refers to but what it refers to itself can be
 * freed by the next collection: "Task was destroyed but it is pending!". Reference counts prove it. */
static bool is_unreferenced(const struct model *model, const struct task *task)
{
	struct garbage_verdict verdict;
	uint32_t node;

	if (task_state(task) != TASK_PENDING || task->is_current || !model->graph ||
		!heap_index(model->graph->heap, task->address, &node) ||
		model->reach.distance[node] != UNREACHED)
		return false;
	garbage_judge(model->graph, node, &verdict);
	free(verdict.nodes);
	return verdict.is_garbage;
}

void rule_unreferenced_task(struct model *model)
{
	for (size_t i = 0; i < model->asyncio->task_count; i++) {
		const struct task *task = &model->asyncio->tasks[i];
		struct finding *finding;

		if (!is_unreferenced(model, task))
			continue;
		finding = finding_add(model, "unreferenced-task", SEVERITY_ERROR, "task '%s' (%s)",
			task->name, task->coroutine_qualname ? task->coroutine_qualname : "?");
		finding_object(model, finding, task->address);
		finding_evidence(model, finding,
			"nothing refers to it but what it waits for itself: the collector may destroy it");
		finding->advice = "Keep the result of create_task(), or use a TaskGroup.";
	}
}
