/* pattern: texts that differ in indices, keys and numbers only, counted together. */
#ifndef ASYNCINSPECT_REPORT_PATTERN_H
#define ASYNCINSPECT_REPORT_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "app.pending['user:42'].job_7" as "app.pending[*].job_*". Caller frees. */
char *pattern_of(const char *text);

/* Texts by pattern, with a count and a sum. */
struct tally_row {
	char *pattern;	  /* owned */
	const char *text; /* the first of them, borrowed */
	bool is_same;	  /* all have the same text */
	size_t count;
	uint64_t bytes;
};

struct tally {
	struct tally_row *rows; /* owned */
	size_t count, capacity;
};

/* text is borrowed. */
void tally_add(struct tally *tally, const char *text, uint64_t bytes);

/* Merges alike rows and sorts: most bytes first, then most often, then by pattern. Not before. */
void tally_finish(struct tally *tally);
void tally_deinit(struct tally *tally);

/* How a row is written: its text when all have the same, else its pattern. */
const char *tally_row_text(const struct tally_row *row);

#endif
