#include "inspector/report/json_parts.h"

#include "inspector/report/task_groups.h"

json_t *json_stacks(const struct view *view)
{
	const struct asyncio *a = view->model->asyncio;
	json_t *list = json_array();
	struct task_groups groups;

	task_groups_make(view, &groups);
	for (size_t i = 0; i < groups.count; i++) {
		const struct task_group *group = &groups.items[i];
		json_t *tasks = json_array();

		for (size_t k = 0; k < group->count; k++)
			json_array_append_new(tasks, json_address(a->tasks[group->tasks[k]].address));
		json_array_append_new(
			list, json_pack("{s:I, s:o, s:o}", "count", (json_int_t)group->count, "stack",
				      json_chain(view, &a->tasks[group->tasks[0]].chain), "tasks", tasks));
	}
	task_groups_deinit(&groups);
	return list;
}
