/* alike_tasks: tasks of which a rule says the same, so that a thousand of them are one finding. */
#ifndef ASYNCINSPECT_FINDINGS_ALIKE_TASKS_H
#define ASYNCINSPECT_FINDINGS_ALIKE_TASKS_H

#include "inspector/findings/findings.h"

#define ALIKE_EVIDENCE_MAX 8

struct alike_task {
	const struct task *task;
	enum severity severity;
	const char *key;   /* two are alike when severity, coroutine and key are */
	const char *title; /* in the arena */
	size_t evidence_count;
	const char *evidence[ALIKE_EVIDENCE_MAX]; /* of the group the first one's is told */
	size_t number;				  /* when it was added */
};

struct alike_tasks {
	struct model *model;
	size_t count, capacity;
	struct alike_task *items; /* owned */
};

#define ALIKE_TASKS_INIT(of_model)                                                                           \
	{                                                                                                    \
		.model = (of_model)                                                                          \
	}

/* key lives as long as the model. What is returned is valid until the next is added. */
struct alike_task *alike_add(struct alike_tasks *list, const struct task *task, enum severity severity,
	const char *key, const char *title_format, ...) __attribute__((format(printf, 5, 6)));

/* Beyond ALIKE_EVIDENCE_MAX lines nothing is added. */
void alike_evidence(struct alike_tasks *list, struct alike_task *item, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds a finding for each group, "TITLE and N more like it", with the names of some of them; its objects are
 * all the tasks. Empties the list. */
void alike_report(struct alike_tasks *list, const char *rule, bool is_inferred, const char *advice);

/* "task 'worker-1' (worker)". In the arena of the model. */
const char *task_label(const struct model *model, const struct task *task);

#endif
