/* snapshot: the copy of a process's memory: address space for it, its pages, and the copying.
 *
 * Reserving and populating are apart from copying, since they cost more than it and can be done while the
 * process still runs. A buffer mirrors a range of the process's addresses with room on both sides, so that a
 * heap that grows in the meantime still finds its place. */
#ifndef ASYNCINSPECT_TARGET_SNAPSHOT_H
#define ASYNCINSPECT_TARGET_SNAPSHOT_H

#include "inspector/base/error.h"
#include "inspector/target/copy_plan.h"
#include "inspector/target/pagemap.h"

#include <sys/types.h>

struct snapshot_buffer {
	uint64_t start, end; /* addresses in the process */
	uint8_t *bytes;
	void *map; /* what was mapped, for munmap */
	size_t map_size;
};

struct snapshot {
	struct snapshot_buffer *buffers; /* owned */
	size_t count, capacity;
	struct page_ranges holes; /* pages that could not be read though the plan said so; sorted */
	uint64_t copied;	  /* bytes */
};

void snapshot_deinit(struct snapshot *s);

/* Makes sure that each run to be copied or to be zero has a place. False: ERROR_LIMIT. */
bool snapshot_reserve(struct snapshot *s, const struct copy_plan *plan, struct error *err);

/* Takes the memory for what the plan copies, in huge pages where a run fills one. False: ERROR_LIMIT. */
bool snapshot_populate(
	struct snapshot *s, const struct copy_plan *plan, struct progress *progress, struct error *err);

/* Copies, with several threads when it is much. Pages that cannot be read become holes. False: ERROR_GONE,
 * ERROR_DENIED, ERROR_INTERRUPTED. */
bool snapshot_copy(struct snapshot *s, const struct copy_plan *plan, pid_t pid, struct progress *progress,
	struct error *err);

/* Where [start, end) is kept; NULL: nowhere. */
uint8_t *snapshot_at(const struct snapshot *s, uint64_t start, uint64_t end);

#endif
