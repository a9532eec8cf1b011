/* style: how text is marked on a terminal, and how places and names are written. Private to text_*.c. */
#ifndef ASYNCINSPECT_REPORT_STYLE_H
#define ASYNCINSPECT_REPORT_STYLE_H

#include "inspector/report/view.h"

enum style { STYLE_PLAIN, STYLE_HEADING, STYLE_NAME, STYLE_DIM, STYLE_ERROR, STYLE_WARNING, STYLE_GOOD };

enum style style_of_severity(enum severity severity);

/* Prints text that may come from the target: made safe, in a style when the view has colour, padded with
 * blanks to width columns (0: not padded). */
void style_print(const struct view *view, enum style style, const char *text, size_t width);

/* A heading on a line of its own, an empty line before it. */
void style_heading(const struct view *view, const char *text);

/* Columns that text takes on a terminal, made safe. */
size_t style_width(const char *text);

/* Text, which is safe already, in at most so many columns: when it takes more, its beginning and an ellipsis,
 * which is not left out even when there is no room for it. Caller frees. */
char *style_cut(const char *text, size_t width);

/* "asyncio/queues.py:158"; "?" without a file. In the arena of py. */
const char *style_place(const struct view *view, const struct link *link);

/* "840 bytes", "1.2 KiB", "61.0 MiB". In the arena of py. */
const char *style_bytes(const struct view *view, uint64_t bytes);

/* The innermost link of a chain that is the user's own code; the innermost of all when none is; NULL when the
 * chain is empty. */
const struct link *style_parked(const struct chain *chain);

/* The same for a thread's stack. False when it has no frame. */
bool style_thread_parked(const struct pythread *thread, struct link *parked);

/* "pending", "running", "finished", "cancelled", "failed". Static. */
const char *style_task_state(const struct task *task);

/* Where a task is parked, with the function when that is not its coroutine's own. NULL: nowhere. */
const char *style_task_place(const struct view *view, const struct task *task);

/* What it waits for; NULL for one that is done or runs. */
const char *style_waits(const struct task *task);

/* Whether tasks share a name: then their addresses have to be told. */
bool style_names_repeat(const struct asyncio *a);

#endif
