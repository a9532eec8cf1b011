#include "inspector/findings/findings.h"

#include "inspector/python/repr.h"

#define TEXT_LIMIT 200

/* A task that failed, while nobody has looked: asyncio tells only when the task is freed. */
void rule_unretrieved_exception(struct model *model)
{
	for (size_t i = 0; i < model->asyncio->task_count; i++) {
		const struct task *task = &model->asyncio->tasks[i];
		struct finding *finding;

		if (!task->future.exception_unretrieved)
			continue;
		finding = finding_add(model, "unretrieved-exception", SEVERITY_ERROR,
			"task '%s' failed with %s", task->name,
			pyrepr(model->py, task->future.exception, TEXT_LIMIT));
		finding_object(model, finding, task->address);
		finding_evidence(model, finding, "nobody has asked for its result or its exception");
		if (task->coroutine_qualname)
			finding_evidence(model, finding, "its coroutine was %s", task->coroutine_qualname);
		finding->advice = "Await the task, or give it a done callback that looks at its exception.";
	}
}
