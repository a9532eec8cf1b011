/* finding_list: the findings on the report's page. */
#ifndef ASYNCINSPECT_REPORT_FINDING_LIST_H
#define ASYNCINSPECT_REPORT_FINDING_LIST_H

#include "inspector/report/view.h"

/* detail 0: below each rule, with what to do, its findings, a line for each piece of evidence; 1: the pieces
 * one behind the other; 2: two lines for each finding, the rule beside it. Of one rule the first few, and how
 * many there are besides. */
void finding_list_print(const struct view *view, unsigned detail);

/* Lines that it takes with detail 2. */
size_t finding_list_lines(const struct model *model);

#endif
