/* findings: the rules, and how they add what they find. One rule a file: rule_*.c. */
#ifndef ASYNCINSPECT_FINDINGS_FINDINGS_H
#define ASYNCINSPECT_FINDINGS_FINDINGS_H

#include "inspector/findings/model.h"

/* A rule looks at the model and adds findings. */
struct rule {
	const char *name; /* in output: "never-awaited" */
	void (*run)(struct model *model);
};

/* All rules, ended by a NULL name. Static. */
extern const struct rule rules[];

/* Runs all rules, for some depend on what others say, and keeps the findings of those that are wanted, as
 * bits 1 << (index in rules), 0 for all. They come worst first, within a severity in order of the rules. */
void findings_run(struct model *model, uint64_t wanted);

/* For rules. The finding that is returned is valid until the next is added. Texts are formatted into the
 * arena. */
struct finding *finding_add(struct model *model, const char *rule, enum severity severity,
	const char *title_format, ...) __attribute__((format(printf, 4, 5)));
void finding_object(struct model *model, struct finding *finding, uint64_t object);
void finding_evidence(struct model *model, struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "info", "warning", "error". Static. */
const char *severity_name(enum severity severity);

void rule_never_awaited(struct model *model);
void rule_abandoned_coroutine(struct model *model);
void rule_unfinished_async_generator(struct model *model);
void rule_unreferenced_task(struct model *model);
void rule_unawaited_gather(struct model *model);
void rule_unretrieved_exception(struct model *model);
void rule_wrong_loop(struct model *model);
void rule_blocked_loop(struct model *model);
void rule_pending_on_closed_loop(struct model *model);
void rule_scheduled_on_stopped_loop(struct model *model);
void rule_deadlock(struct model *model);
void rule_await_cycle(struct model *model);
void rule_missed_wakeup(struct model *model);
void rule_stuck_join(struct model *model);
void rule_never_wakes(struct model *model);
void rule_ignored_cancel(struct model *model);
void rule_reused_coroutine(struct model *model);
void rule_warnings_suppressed(struct model *model);

#endif
