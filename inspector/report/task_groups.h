/* task_groups: tasks grouped by identical stacks, most common first. */
#ifndef ASYNCINSPECT_REPORT_TASK_GROUPS_H
#define ASYNCINSPECT_REPORT_TASK_GROUPS_H

#include "inspector/report/view.h"

/* Tasks are alike when they are in the same state and their chains have the same functions at the same lines.
 */
struct task_group {
	size_t count;
	size_t *tasks; /* indices, in the order of the model; owned */
};

struct task_groups {
	size_t count;
	struct task_group *items; /* owned; largest first */
};

/* Of the tasks that the view has. */
void task_groups_make(const struct view *view, struct task_groups *groups);
void task_groups_deinit(struct task_groups *groups);

void task_groups_print(const struct view *view);

#endif
