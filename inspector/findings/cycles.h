/* cycles: circles of the await graph, told as findings. */
#ifndef ASYNCINSPECT_FINDINGS_CYCLES_H
#define ASYNCINSPECT_FINDINGS_CYCLES_H

#include "inspector/findings/findings.h"

/* Tasks alone, each awaiting the next: no lock, no thread. */
bool cycle_is_of_tasks(const struct await_graph *graph, const struct await_cycle *cycle);

/* Adds a finding: a line for each wait of the ring; its objects are all tasks of the circle and the locks. An
 * error when nothing was found that could end it; a warning when one of the waits has a timeout, when
 * somebody outside might end it, or when what is waited for is no Lock, of which others than those that were
 * found may have a share. */
void cycle_report(struct model *model, const char *rule, const struct await_cycle *cycle, const char *advice);

#endif
