/* pagemap: which pages of a process are its own memory, and not the untouched page of a file or nothing. */
#ifndef ASYNCINSPECT_TARGET_PAGEMAP_H
#define ASYNCINSPECT_TARGET_PAGEMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct page_range {
	uint64_t start, end;
};

struct page_ranges {
	struct page_range *ranges; /* owned; sorted, with gaps between them */
	size_t count, capacity;
};

void page_ranges_deinit(struct page_ranges *list);

/* Sets list to the pages of [start, end), a whole mapping or a part of it, that are anonymous and either
 * present or swapped out: of a private mapping these are the ones whose bytes the process wrote; all others
 * are those of the file, or zeros. Ranges less than gap bytes apart are joined. fd: /proc/PID/pagemap.
 * False: the kernel does not tell (list is undefined then). */
bool pagemap_owned(int fd, uint64_t start, uint64_t end, uint64_t gap, struct page_ranges *list);

/* The same without the ioctl of Linux 6.7. Public for its test. */
bool pagemap_owned_by_entries(int fd, uint64_t start, uint64_t end, uint64_t gap, struct page_ranges *list);

#endif
