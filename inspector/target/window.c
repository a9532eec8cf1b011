/* For who goes through more memory of a target than there is room for here. */
#include "inspector/target/target_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

/* Bytes of mapped files that are here: of a core, what was looked at. 0: it cannot be told. */
static uint64_t shared_here(const struct target *t)
{
	char text[128];
	unsigned long long size, resident, shared;
	ssize_t got = pread(t->statm, text, sizeof(text) - 1, 0);

	if (got <= 0)
		return 0;
	text[got] = '\0';
	return sscanf(text, "%llu %llu %llu", &size, &resident, &shared) == 3
		       ? shared * (uint64_t)sysconf(_SC_PAGESIZE)
		       : 0;
}

bool target_is_scarce(const struct target *t)
{
	return t->options.kept_most != 0;
}

bool target_is_full(const struct target *t)
{
	if (!t->options.kept_most)
		return false;
	if (t->kind == TARGET_CORE)
		return shared_here(t) > t->shared_before + t->options.kept_most;
	return t->is_open && __atomic_load_n(&t->pages.kept, __ATOMIC_RELAXED) > t->options.kept_most;
}

/* The bytes of a core are those of its file, or of an unpacked copy in a file: they come back by themselves.
 */
static void drop_mapped(struct target *t)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < t->regions.count; i++) {
		const struct region *r = &t->regions.regions[i];
		uintptr_t start = ((uintptr_t)r->bytes + page - 1) & ~(page - 1),
			  end = ((uintptr_t)r->bytes + (r->end - r->start)) & ~(page - 1);

		if (r->bytes && !r->is_zero && start < end)
			madvise((void *)start, end - start, MADV_DONTNEED);
	}
	t->shared_before = shared_here(t);
}

void target_trim(struct target *t)
{
	if (!t->options.kept_most)
		return;
	if (t->kind == TARGET_CORE)
		drop_mapped(t);
	else if (t->is_open)
		pages_drop(&t->pages, &t->regions);
}

void target_ease(struct target *t)
{
	if (target_is_full(t))
		target_trim(t);
}

/* Page by page where not all of it can be had. */
static bool read_once(const struct target *t, uint64_t address, size_t size, uint8_t *buffer)
{
	size_t done = 0;

	while (done < size) {
		struct iovec here = {buffer + done, size - done};
		struct iovec there = {(void *)(uintptr_t)(address + done), size - done};
		ssize_t got = process_vm_readv(t->pid, &here, 1, &there, 1, 0);
		size_t left = PAGE_BYTES - (address + done) % PAGE_BYTES;

		if (got > 0) {
			done += (size_t)got;
			continue;
		}
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno != EFAULT && errno != ENOMEM) {
			/* What is kept of the process is no change of the target. */
			__atomic_store_n((int *)&t->pages.errnum, errno, __ATOMIC_RELAXED);
			return false;
		}
		left = left < size - done ? left : size - done;
		memset(buffer + done, 0, left);
		done += left;
	}
	return true;
}

const uint8_t *target_peek(const struct target *t, uint64_t address, size_t size, uint8_t *buffer)
{
	size_t index = region_list_search(t->regions.regions, t->regions.count, address);
	const struct region *r = &t->regions.regions[index];

	if (index == t->regions.count || address < r->start || size > r->end - address || !r->bytes)
		return NULL;
	if (!r->is_partial)
		return r->bytes + (address - r->start);
	return t->is_open && read_once(t, address, size, buffer) ? buffer : NULL;
}
