/* pages: which pages of a partial copy are there, and how the others get there. For the files of
 * inspector/target/ alone. Several threads may need pages at the same time.
 *
 * A pointer leads to a page, and what is near an object is mostly wanted next: so some pages around it come
 * with it, more of them when the ones before were fetched too. */
#ifndef ASYNCINSPECT_TARGET_PAGES_H
#define ASYNCINSPECT_TARGET_PAGES_H

#include "inspector/base/error.h"
#include "inspector/target/region_list.h"

struct pages {
	uint64_t *first;      /* owned; by region: number of its first page */
	uint64_t *fetched;    /* owned; a bit for each page of all partial regions */
	uint64_t count;	      /* pages */
	uint64_t *unreadable; /* owned; likewise: pages that the kernel did not give */
	uint64_t bytes;	      /* fetched so far */
	uint64_t kept;	      /* of these, since pages_drop */
	int errnum;	      /* 0, or why the process cannot be read any more */
	bool is_scarce;	      /* what comes with a page that was asked for is little */
};

/* For the regions of a partial copy: none is there. */
void pages_init(struct pages *pages, struct region_list *regions);
void pages_deinit(struct pages *pages);

/* Forgets all pages, and gives back their memory. */
void pages_drop(struct pages *pages, const struct region_list *regions);

/* Makes size bytes at address, which lie in region index, be there. Process pid is read when it may be.
 * False: ERROR_NOT_SAVED, and why. */
bool pages_need(struct pages *pages, const struct region_list *regions, size_t index, uint64_t address,
	uint64_t size, pid_t pid, bool may_read, struct error *err);

#endif
