#include "inspector/target/pagemap.h"

#include "inspector/base/alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PAGE ((uint64_t)4096)

/* An entry of pagemap. */
#define ENTRY_PRESENT ((uint64_t)1 << 63)
#define ENTRY_SWAPPED ((uint64_t)1 << 62) /* a page of a file is never swapped out, it is dropped */
#define ENTRY_OF_FILE ((uint64_t)1 << 61) /* of a file, or of shared memory */

/* Without the ioctl, an entry is read for every page of address space: more than this takes seconds. */
#define MOST_BY_ENTRIES ((uint64_t)256 << 30)

/* linux/fs.h of 6.7; older headers lack it. */
struct scan_region {
	uint64_t start, end, categories;
};

struct scan_argument {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

#define SCAN_IOCTL   _IOWR('f', 16, struct scan_argument)
#define SCAN_FILE    ((uint64_t)1 << 2)
#define SCAN_PRESENT ((uint64_t)1 << 3)
#define SCAN_SWAPPED ((uint64_t)1 << 4)

void page_ranges_deinit(struct page_ranges *list)
{
	free(list->ranges);
	memset(list, 0, sizeof(*list));
}

static void add_range(struct page_ranges *list, uint64_t start, uint64_t end, uint64_t gap)
{
	struct page_range *last = list->count ? &list->ranges[list->count - 1] : NULL;

	if (last && start - last->end < (gap ? gap : 1)) {
		last->end = end;
		return;
	}
	list->ranges = grow_array(list->ranges, &list->capacity, list->count + 1, sizeof(*list->ranges));
	list->ranges[list->count++] = (struct page_range){start, end};
}

static bool owned_by_scan(int fd, uint64_t start, uint64_t end, uint64_t gap, struct page_ranges *list)
{
	enum { MOST = 512 };
	struct scan_region found[MOST];

	while (start < end) {
		struct scan_argument argument = {
			.size = sizeof(argument),
			.start = start,
			.end = end,
			.vec = (uintptr_t)found,
			.vec_len = MOST,
			.category_inverted = SCAN_FILE,
			.category_mask = SCAN_FILE,
			.category_anyof_mask = SCAN_PRESENT | SCAN_SWAPPED,
			.return_mask = SCAN_PRESENT, /* or neighbours that differ in more are split */
		};
		int count = ioctl(fd, SCAN_IOCTL, &argument);

		if (count < 0 || argument.walk_end <= start)
			return false;
		for (int i = 0; i < count; i++)
			add_range(list, found[i].start, found[i].end, gap);
		start = argument.walk_end;
	}
	return true;
}

bool pagemap_owned_by_entries(int fd, uint64_t start, uint64_t end, uint64_t gap, struct page_ranges *list)
{
	enum { MOST = 8192 };
	uint64_t entries[MOST];

	list->count = 0;
	if (end - start > MOST_BY_ENTRIES)
		return false;
	while (start < end) {
		uint64_t pages = (end - start) / PAGE < MOST ? (end - start) / PAGE : MOST;
		ssize_t got = pread(
			fd, entries, pages * sizeof(entries[0]), (off_t)(start / PAGE * sizeof(entries[0])));

		if (got < (ssize_t)sizeof(entries[0]))
			return false;
		for (size_t i = 0; i < (size_t)got / sizeof(entries[0]); i++, start += PAGE) {
			if ((entries[i] & ENTRY_SWAPPED) ||
				(entries[i] & (ENTRY_PRESENT | ENTRY_OF_FILE)) == ENTRY_PRESENT)
				add_range(list, start, start + PAGE, gap);
		}
	}
	return true;
}

bool pagemap_owned(int fd, uint64_t start, uint64_t end, uint64_t gap, struct page_ranges *list)
{
	list->count = 0;
	return owned_by_scan(fd, start, end, gap, list) ||
	       pagemap_owned_by_entries(fd, start, end, gap, list);
}
