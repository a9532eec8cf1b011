/* region_list: the regions of a target while they are collected, and the search in them. */
#ifndef ASYNCINSPECT_TARGET_REGION_LIST_H
#define ASYNCINSPECT_TARGET_REGION_LIST_H

#include "inspector/target/target.h"

struct region_list {
	struct region *regions; /* owned; sorted, disjoint */
	const char **
		reasons; /* owned; of regions[i]: why it has no bytes; NULL: nothing to say. Borrowed texts */
	size_t count, capacity, reason_capacity;
};

void region_list_deinit(struct region_list *list);

/* Appends a region, which must start where the last one ends or behind it; an empty one is left out. It is
 * merged with the last one when both are alike and their bytes contiguous. reason is borrowed. */
void region_list_add(struct region_list *list, struct region region, const char *reason);

/* Index of the region with address, or of the first one behind it (count: none). */
size_t region_list_search(const struct region *regions, size_t count, uint64_t address);

#endif
