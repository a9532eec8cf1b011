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

/* The table of one process. Mappings are asked about in the order of their addresses, and one look of the
 * kernel serves for several. */
struct pagemap {
	int fd;			   /* owned; -1: it could not be opened */
	struct pagemap_look *look; /* owned */
};

/* proc: /proc/PID, opened. */
void pagemap_open(struct pagemap *pagemap, int proc);
void pagemap_close(struct pagemap *pagemap);

/* Mappings up to end will be asked about next: a look for one of a file may go on to there. Nothing is
 * promised by it; what lies between should be small. */
void pagemap_expect(struct pagemap *pagemap, uint64_t end);

/* Sets list to the pages of [start, end), a whole mapping or a part of it, that are anonymous and either
 * present or swapped out: of a private mapping these are the ones whose bytes the process wrote; all others
 * are those of the file, or zeros. Ranges less than gap bytes apart are joined. is_file: the mapping is one
 * of a file; to tell the file's own pages takes the kernel three times as long. False: the kernel does not
 * tell (list is undefined then). */
bool pagemap_owned(struct pagemap *pagemap, uint64_t start, uint64_t end, bool is_file, uint64_t gap,
	struct page_ranges *list);

/* The same without the ioctl of Linux 6.7, from the opened table. Public for its test. */
bool pagemap_owned_by_entries(int fd, uint64_t start, uint64_t end, uint64_t gap, struct page_ranges *list);

#endif
