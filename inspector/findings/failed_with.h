/* failed_with: tasks that ended with an exception of CPython's or asyncio's own, known by its words. */
#ifndef ASYNCINSPECT_FINDINGS_FAILED_WITH_H
#define ASYNCINSPECT_FINDINGS_FAILED_WITH_H

#include "inspector/findings/alike_tasks.h"

/* Adds every task that failed with an exception whose text has one of the phrases (ended by NULL) in it, or
 * with one that came of such. An error as long as nobody has looked at the exception, a warning after. */
void failed_with(struct alike_tasks *list, const char *const *phrases);

#endif
