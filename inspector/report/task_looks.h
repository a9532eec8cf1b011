/* task_looks: what a reader sees of a task, without its name and addresses; and tasks that look the same. */
#ifndef ASYNCINSPECT_REPORT_TASK_LOOKS_H
#define ASYNCINSPECT_REPORT_TASK_LOOKS_H

#include "inspector/report/view.h"

/* What tasks are compared by that is found once. */
struct shared_waits {
	struct addrmap on; /* things that several tasks wait for: which of them it is makes a difference */
	const struct task *tasks;   /* borrowed */
	const struct link **parked; /* owned; by task: the place that is told of it; NULL none */
};

void shared_waits_find(const struct asyncio *a, struct shared_waits *shared);
void shared_waits_deinit(struct shared_waits *shared);

/* By state, coroutine, the place where it is parked, the kind of thing that it waits for, and that thing
 * itself when others wait for it, too: 0 for tasks that look the same, otherwise an order. */
int task_look_compare(const struct shared_waits *shared, const struct task *x, const struct task *y);
uint64_t task_look_hash(const struct shared_waits *shared, const struct task *task);

/* A row a look of the tasks that the view has, the most common first; at most rows_most rows, and a line that
 * tells of the others. */
void task_looks_print(const struct view *view, size_t rows_most);

#endif
