#include "corefiles/core_holes.h"

#include "inspector/base/alloc.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A smaller hole costs a search more than it saves a scan. */
#define LEAST_HOLE ((uint64_t)128 << 10)

/* A core has one for each thread and for each large block of memory; a hostile file has them everywhere. */
#define MOST_HOLES 65536

void core_holes_deinit(struct core_holes *list)
{
	free(list->holes);
	memset(list, 0, sizeof(*list));
}

void core_holes_find(struct core_holes *list, int fd, uint64_t size)
{
	off_t start = lseek(fd, 0, SEEK_HOLE), end;

	/* A file without holes has one at its end. */
	for (int looks = 0; looks < MOST_HOLES && start >= 0 && (uint64_t)start < size; looks++) {
		end = lseek(fd, start, SEEK_DATA);
		if (end < 0) /* ENXIO: a hole up to the end */
			end = (off_t)size;
		if ((uint64_t)(end - start) >= LEAST_HOLE) {
			list->holes = grow_array(
				list->holes, &list->capacity, list->count + 1, sizeof(*list->holes));
			list->holes[list->count++] = (struct core_hole){(uint64_t)start, (uint64_t)end};
		}
		start = lseek(fd, end, SEEK_HOLE);
	}
}

bool core_holes_at(const struct core_holes *list, uint64_t offset, uint64_t size, uint64_t *length)
{
	size_t low = 0, high = list->count;
	uint64_t left = size;
	bool inside = false;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->holes[middle].end <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < list->count) {
		inside = list->holes[low].start <= offset;
		left = (inside ? list->holes[low].end : list->holes[low].start) - offset;
	}
	*length = left < size ? left : size;
	return inside;
}
