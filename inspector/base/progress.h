/* progress: what is being done and how far it is, for a user who waits; and his wish that it end.
 *
 * On a terminal, standard error has a line that is redrawn while work takes longer than a second, and that is
 * gone when it is over. The first SIGINT is a wish: loops ask for it and stop early, and what is known by
 * then is the answer; the second one ends the program. All functions take NULL: nobody waits. Those that take
 * a const struct, and progress_add, are for any thread. */
#ifndef ASYNCINSPECT_BASE_PROGRESS_H
#define ASYNCINSPECT_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress;

/* Takes SIGINT over, until progress_stop. NULL when that cannot be had: a SIGINT then ends the program. */
struct progress *progress_start(void);

/* Takes the line away and gives SIGINT back; what was wished until then is still known. Again: nothing. */
void progress_stop(struct progress *progress);
void progress_destroy(struct progress *progress);

/* phase is a few words, static: "reading objects". total is in whatever unit progress_add counts; 0: it is
 * not known, no share is shown. */
void progress_phase(struct progress *progress, const char *phase, uint64_t total);
void progress_add(struct progress *progress, uint64_t done);

bool progress_is_interrupted(const struct progress *progress);

#endif
