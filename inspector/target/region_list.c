#include "inspector/target/region_list.h"

#include "inspector/base/alloc.h"

#include <stdlib.h>
#include <string.h>

void region_list_deinit(struct region_list *list)
{
	free(list->regions);
	free(list->reasons);
	memset(list, 0, sizeof(*list));
}

static bool alike(
	const struct region *last, const char *last_reason, const struct region *next, const char *reason)
{
	if (last->end != next->start || last->prot != next->prot || last->is_file != next->is_file ||
		last->is_zero != next->is_zero || last->is_partial != next->is_partial ||
		!last->bytes != !next->bytes)
		return false;
	return next->bytes ? last->bytes + (last->end - last->start) == next->bytes : last_reason == reason;
}

void region_list_add(struct region_list *list, struct region region, const char *reason)
{
	size_t last = list->count - 1;

	if (region.start >= region.end)
		return;
	if (list->count > 0 && alike(&list->regions[last], list->reasons[last], &region, reason)) {
		list->regions[last].end = region.end;
		return;
	}
	list->regions = grow_array(list->regions, &list->capacity, list->count + 1, sizeof(*list->regions));
	list->reasons =
		grow_array(list->reasons, &list->reason_capacity, list->count + 1, sizeof(*list->reasons));
	list->reasons[list->count] = reason;
	list->regions[list->count++] = region;
}

size_t region_list_search(const struct region *regions, size_t count, uint64_t address)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (regions[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
