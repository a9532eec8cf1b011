/* orphan_groups: orphans of one function, counted, with what holds them. Private to text_orphans.c. */
#ifndef ASYNCINSPECT_REPORT_ORPHAN_GROUPS_H
#define ASYNCINSPECT_REPORT_ORPHAN_GROUPS_H

#include "inspector/report/view.h"

/* Prints a row for each function, most retained bytes first, or, when these are not known, most coroutines.
 */
void orphan_groups_print(const struct view *view);

#endif
