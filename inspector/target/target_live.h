/* target_live: a process, before and while its memory is copied. For the files of inspector/target/ alone. */
#ifndef ASYNCINSPECT_TARGET_LIVE_H
#define ASYNCINSPECT_TARGET_LIVE_H

#include "inspector/target/copy_plan.h"
#include "inspector/target/target_private.h"

/* Copies from the running (or stopped) process. On failure *err has the first address that failed. */
bool live_read(const struct target *t, uint64_t address, void *out, size_t size, struct error *err);

/* Each reads one thing anew: the mappings; the threads, and if wanted the registers of those that sleep,
 * which can be told without stopping them; who traces the process. */
bool live_read_maps(struct target *t, struct error *err);
bool live_read_threads(struct target *t, bool with_registers, struct error *err);
bool live_read_tracer(struct target *t, struct error *err);

void live_name_thread(const struct target *t, struct target_thread *thread);

/* Replaces the regions by those of a plan; what has to be copied has bytes when t->is_captured. */
void live_make_regions(struct target *t, const struct copy_plan *plan);

#endif
