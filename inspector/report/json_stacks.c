#include "inspector/report/json_parts.h"

#include "inspector/report/task_groups.h"

void json_stacks(struct json_out *out, const struct view *view)
{
	const struct asyncio *a = view->model->asyncio;
	struct task_groups groups;

	task_groups_make(view, &groups);
	json_put_array(out, NULL);
	for (size_t i = 0; i < groups.count; i++) {
		const struct task_group *group = &groups.items[i];

		json_put_object(out, NULL);
		json_put_integer(out, "count", (int64_t)group->count);
		json_chain(out, "stack", view, &a->tasks[group->tasks[0]].chain);
		json_put_array(out, "tasks");
		for (size_t k = 0; k < group->count; k++)
			json_put_address(out, NULL, a->tasks[group->tasks[k]].address);
		json_end_array(out);
		json_end_object(out);
		json_out_flush(out, false);
	}
	json_end_array(out);
	task_groups_deinit(&groups);
}
