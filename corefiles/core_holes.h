/* core_holes: the parts of a core that were never written, as its file system tells. Private to corefiles/.
 *
 * The kernel skips pages that the process never touched (most of each thread's stack) when it writes a core:
 * they are holes, zeros that take no room. A copy made without care has none; then nothing is gained. */
#ifndef ASYNCINSPECT_COREFILES_CORE_HOLES_H
#define ASYNCINSPECT_COREFILES_CORE_HOLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct core_hole {
	uint64_t start, end; /* offsets in the file */
};

struct core_holes {
	struct core_hole *holes; /* owned; sorted */
	size_t count, capacity;
};

/* Finds the holes of a file of size bytes: those of 128 KiB or more, and of very many the first. */
void core_holes_find(struct core_holes *list, int fd, uint64_t size);
void core_holes_deinit(struct core_holes *list);

/* Is offset in a hole? *length: how many bytes from there on, at most size, are alike. */
bool core_holes_at(const struct core_holes *list, uint64_t offset, uint64_t size, uint64_t *length);

#endif
