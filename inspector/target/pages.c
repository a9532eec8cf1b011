#include "inspector/target/pages.h"

#include "inspector/base/alloc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

#define PAGE	((uint64_t)4096)
#define AROUND	((uint64_t)16 << 10)  /* what comes with a page: a pool of small objects */
#define ONWARDS ((uint64_t)128 << 10) /* and when the pages before it are there */
/* Pages that are read with one call: the kernel gives 2 GiB at most, and what it leaves out then is no page
 * that cannot be read. */
#define AT_ONCE (((uint64_t)1 << 30) / PAGE)

void pages_init(struct pages *pages, struct region_list *regions)
{
	*pages = (struct pages){.first = xcalloc(regions->count, sizeof(*pages->first))};
	for (size_t i = 0; i < regions->count; i++) {
		pages->first[i] = pages->count;
		if (regions->regions[i].is_partial)
			pages->count +=
				(regions->regions[i].end - regions->regions[i].start + PAGE - 1) / PAGE;
	}
	pages->fetched = xcalloc(pages->count / 64 + 1, sizeof(uint64_t));
	pages->unreadable = xcalloc(pages->count / 64 + 1, sizeof(uint64_t));
	for (size_t i = 0; i < regions->count; i++) {
		regions->regions[i].fetched = pages->fetched;
		regions->regions[i].first_bit = pages->first[i];
	}
}

void pages_deinit(struct pages *pages)
{
	free(pages->first);
	free(pages->fetched);
	free(pages->unreadable);
	memset(pages, 0, sizeof(*pages));
}

/* A bit is set once the bytes are there. Two threads may fetch the same page: they write the same. */
static bool has(const uint64_t *bits, uint64_t i)
{
	return __atomic_load_n(&bits[i / 64], __ATOMIC_ACQUIRE) >> (i % 64) & 1;
}

static void set(uint64_t *bits, uint64_t i)
{
	__atomic_fetch_or(&bits[i / 64], UINT64_C(1) << (i % 64), __ATOMIC_RELEASE);
}

void pages_drop(struct pages *pages, const struct region_list *regions)
{
	for (size_t i = 0; i < regions->count; i++) {
		const struct region *r = &regions->regions[i];

		/* The bytes are whole pages of a buffer of ours. */
		if (r->is_partial)
			madvise((void *)(uintptr_t)r->bytes,
				(size_t)((r->end - r->start + PAGE - 1) & ~(PAGE - 1)), MADV_DONTNEED);
	}
	memset(pages->fetched, 0, (pages->count / 64 + 1) * sizeof(uint64_t));
	pages->kept = 0;
}

/* Pages [from, to) of a region, counted from its start: those that lie together and are not there are read
 * with one call. One that cannot be read is passed over. */
static bool fetch(struct pages *pages, const struct region *region, uint64_t first, uint64_t from,
	uint64_t to, pid_t pid)
{
	while (from < to) {
		uint64_t end = from + 1, size;
		struct iovec here, there;
		ssize_t got;

		if (has(pages->fetched, first + from) || has(pages->unreadable, first + from)) {
			from++;
			continue;
		}
		while (end < to && end - from < AT_ONCE && !has(pages->fetched, first + end))
			end++;
		size = region->start + end * PAGE > region->end ? region->end - region->start - from * PAGE
								: (end - from) * PAGE;
		here = (struct iovec){(uint8_t *)(uintptr_t)region->bytes + from * PAGE, size};
		there = (struct iovec){(void *)(uintptr_t)(region->start + from * PAGE), size};
		got = process_vm_readv(pid, &here, 1, &there, 1, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno != EFAULT && errno != ENOMEM)
			return false;
		if (got > 0) {
			__atomic_fetch_add(&pages->bytes, (uint64_t)got, __ATOMIC_RELAXED);
			__atomic_fetch_add(&pages->kept, (uint64_t)got, __ATOMIC_RELAXED);
		}
		for (end = from; got > 0 && end < from + ((uint64_t)got + PAGE - 1) / PAGE; end++)
			set(pages->fetched, first + end);
		if (got < (ssize_t)size)
			set(pages->unreadable, first + end++);
		from = end;
	}
	return true;
}

bool pages_need(struct pages *pages, const struct region_list *regions, size_t index, uint64_t address,
	uint64_t size, pid_t pid, bool may_read, struct error *err)
{
	const struct region *region = &regions->regions[index];
	uint64_t first = pages->first[index];
	uint64_t from = (address - region->start) / PAGE,
		 to = (address - region->start + size - 1) / PAGE + 1;
	uint64_t at = from, last = (region->end - region->start + PAGE - 1) / PAGE, low, high, onwards;

	while (at < to && has(pages->fetched, first + at))
		at++;
	if (at == to)
		return true;
	if (may_read) {
		/* In addresses, so that a pool is not cut. */
		uint64_t around = pages->is_scarce ? PAGE : AROUND, pool = address & ~(around - 1);

		low = pool < region->start ? 0 : (pool - region->start) / PAGE;
		/* Who goes through memory that is scarce reads it otherwise: target_peek. */
		onwards = pages->is_scarce ? AROUND : ONWARDS;
		high = low > 0 && has(pages->fetched, first + low - 1) ? low + onwards / PAGE
								       : low + around / PAGE;
		if (high < to)
			high = to;
		if (high > last)
			high = last;
		if (!fetch(pages, region, first, low, high, pid)) {
			__atomic_store_n(&pages->errnum, errno, __ATOMIC_RELAXED);
			return error_errno(err, errno, "cannot read the memory of process %d", (int)pid);
		}
	}
	for (at = from; at < to; at++) {
		if (has(pages->fetched, first + at))
			continue;
		address = at == from ? address : region->start + at * PAGE;
		return error_at(err, ERROR_NOT_SAVED, address, "0x%" PRIx64 " is not in the copy: %s",
			address,
			has(pages->unreadable, first + at) ? "it could not be read (a guard page?)"
							   : "only what this command needs was copied");
	}
	return true;
}
