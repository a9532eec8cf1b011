#include "inspector/findings/alike_tasks.h"

#include "inspector/python/repr.h"

#define TEXT_LIMIT 200

/* A task that failed, while nobody has looked: asyncio tells only when the task is freed. */
void rule_unretrieved_exception(struct model *model)
{
	const struct asyncio *a = model->asyncio;
	struct alike_tasks list = ALIKE_TASKS_INIT(model);

	for (size_t i = 0; i < a->task_count; i++) {
		const struct task *task = &a->tasks[i];
		struct alike_task *item;
		const struct pytype *type;

		if (!task->future.exception_unretrieved)
			continue;
		type = pytype_of(model->py, task->future.exception, NULL);
		item = alike_add(&list, task, SEVERITY_ERROR, type ? type->full_name : "?",
			"task '%s' failed with %s", task->name,
			pyrepr(model->py, task->future.exception, TEXT_LIMIT));
		alike_evidence(&list, item, "nobody has asked for its result or its exception");
		if (task->coroutine_qualname)
			alike_evidence(&list, item, "its coroutine was %s", task->coroutine_qualname);
	}
	alike_report(&list, "unretrieved-exception", false,
		"Await the task, or give it a done callback that looks at its exception.");
}
