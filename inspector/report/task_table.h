/* task_table: all tasks, a row each. */
#ifndef ASYNCINSPECT_REPORT_TASK_TABLE_H
#define ASYNCINSPECT_REPORT_TASK_TABLE_H

#include "inspector/report/view.h"

void task_table_print(const struct view *view);

#endif
