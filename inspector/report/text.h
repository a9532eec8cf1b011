/* text: a view for a person: one page on standard output. */
#ifndef ASYNCINSPECT_REPORT_TEXT_H
#define ASYNCINSPECT_REPORT_TEXT_H

#include "inspector/report/view.h"

void text_report(const struct view *view);
void text_tasks(const struct view *view);
void text_stacks(const struct view *view);
void text_folded(const struct view *view); /* of stacks, for flame graphs */
void text_tree(const struct view *view);
void text_where(const struct view *view);
void text_orphans(const struct view *view);
void text_refs(const struct view *view);
void text_path(const struct view *view);
void text_check(const struct view *view);
void text_heap(const struct view *view);
void text_threads(const struct view *view);
void text_loops(const struct view *view);
void text_layout(const struct view *view);

/* Parts that several commands share. */
void text_link(const struct view *view, const struct link *link);
void text_edge(const struct view *view, const struct step *step);
void text_native(const struct view *view, const struct retention *retention, const char *before);
void text_referrer_tree(const struct view *view, const struct retention *retention);
void text_paths(const struct view *view, const struct retention *retention, const char *before);

#endif
