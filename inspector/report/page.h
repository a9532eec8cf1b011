/* page: text that is fitted to a terminal, and pages of several degrees of detail, of which the first one
 * that fits is printed. In a pipe nothing is fitted. */
#ifndef ASYNCINSPECT_REPORT_PAGE_H
#define ASYNCINSPECT_REPORT_PAGE_H

#include "inspector/report/style.h"

/* Prints the text, safe and in a style, from a column on, and ends the line. What does not fit the width goes
 * on in the next line, behind indent blanks; with is_cut it is cut, with an ellipsis. */
void page_text(const struct view *view, size_t column, size_t indent, enum style style, const char *text,
	bool is_cut);

/* Prints in the degree of detail (0: all) that is the first to fit the height of the terminal, or the last,
 * which gets the number of lines that there are. */
typedef void (*page_fn)(const struct view *view, unsigned detail, size_t lines);
void page_print(const struct view *view, unsigned details, page_fn print);

#endif
