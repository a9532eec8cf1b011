#include "inspector/target/pagemap.h"

#include "inspector/base/alloc.h"

#include <errno.h>
#include <fcntl.h>
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

/* The kernel has room for as many at a time. */
#define MOST_REGIONS 512

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

/* One answer of the kernel, of which the caller has taken what lies below `from`. */
struct pagemap_look {
	uint64_t from, to;
	bool tells_files; /* pages of files are left out */
	size_t count, next;
	uint64_t expected; /* the next look may go on to here */
	struct scan_region found[MOST_REGIONS];
};

void pagemap_open(struct pagemap *pagemap, int proc)
{
	*pagemap = (struct pagemap){.fd = openat(proc, "pagemap", O_RDONLY | O_CLOEXEC),
		.look = xcalloc(1, sizeof(*pagemap->look))};
}

void pagemap_close(struct pagemap *pagemap)
{
	if (pagemap->fd >= 0)
		close(pagemap->fd);
	free(pagemap->look);
	*pagemap = (struct pagemap){.fd = -1};
}

void pagemap_expect(struct pagemap *pagemap, uint64_t end)
{
	pagemap->look->expected = end;
}

/* Which page is one of a file, the kernel finds out from its struct page, which is seldom in a cache: it is
 * not asked about memory that has no file. */
static bool look_at(struct pagemap *pagemap, uint64_t start, uint64_t end, bool tell_files)
{
	struct pagemap_look *look = pagemap->look;
	struct scan_argument argument = {
		.size = sizeof(argument),
		.start = start,
		.end = end,
		.vec = (uintptr_t)look->found,
		.vec_len = MOST_REGIONS,
		.category_inverted = tell_files ? SCAN_FILE : 0,
		.category_mask = tell_files ? SCAN_FILE : 0,
		.category_anyof_mask = SCAN_PRESENT | SCAN_SWAPPED,
		.return_mask = SCAN_PRESENT, /* or neighbours that differ in more are split */
	};
	int count = ioctl(pagemap->fd, SCAN_IOCTL, &argument);

	if (count < 0 || argument.walk_end <= start)
		return false;
	look->from = start;
	look->to = argument.walk_end;
	look->tells_files = tell_files;
	look->count = (size_t)count;
	look->next = 0;
	return true;
}

static bool has_seen(const struct pagemap_look *look, uint64_t at, bool is_file)
{
	return at >= look->from && at < look->to && (look->tells_files || !is_file);
}

/* Moves what was seen of [start, end) to the list. */
static void take_seen(
	struct pagemap_look *look, uint64_t start, uint64_t end, uint64_t gap, struct page_ranges *list)
{
	for (; look->next < look->count && look->found[look->next].start < end; look->next++) {
		const struct scan_region *region = &look->found[look->next];

		if (region->end > start)
			add_range(list, region->start > start ? region->start : start,
				region->end < end ? region->end : end, gap);
		if (region->end > end) /* the next mapping has the rest */
			break;
	}
	look->from = end;
}

static bool owned_by_scan(struct pagemap *pagemap, uint64_t start, uint64_t end, bool is_file, uint64_t gap,
	struct page_ranges *list)
{
	struct pagemap_look *look = pagemap->look;

	while (start < end) {
		uint64_t most = is_file && look->expected > end ? look->expected : end, to;

		if (!has_seen(look, start, is_file) && !look_at(pagemap, start, most, is_file) &&
			!look_at(pagemap, start, end, is_file))
			return false;
		to = look->to < end ? look->to : end;
		take_seen(look, start, to, gap, list);
		start = to;
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

bool pagemap_owned(struct pagemap *pagemap, uint64_t start, uint64_t end, bool is_file, uint64_t gap,
	struct page_ranges *list)
{
	list->count = 0;
	return owned_by_scan(pagemap, start, end, is_file, gap, list) ||
	       pagemap_owned_by_entries(pagemap->fd, start, end, gap, list);
}
