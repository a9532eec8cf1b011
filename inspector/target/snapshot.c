#include "inspector/target/snapshot.h"

#include "inspector/base/alloc.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE	  ((uint64_t)4096)
#define HUGE_PAGE ((uint64_t)2 << 20)

/* Room around what a buffer is for, and what may lie between two runs in one buffer: address space only. */
#define SLACK ((uint64_t)64 << 20)

/* Blocks are aligned to it, so that two threads never take the same huge page. */
#define BLOCK HUGE_PAGE

/* Below this a second thread costs more than it saves. */
#define WORTH_THREADS ((uint64_t)4 << 20)

/* Memory bandwidth is used up by few. */
#define MOST_THREADS 4

void snapshot_deinit(struct snapshot *s)
{
	for (size_t i = 0; i < s->count; i++)
		munmap(s->buffers[i].map, s->buffers[i].map_size);
	free(s->buffers);
	page_ranges_deinit(&s->holes);
	memset(s, 0, sizeof(*s));
}

uint8_t *snapshot_at(const struct snapshot *s, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < s->count; i++) {
		if (start >= s->buffers[i].start && end <= s->buffers[i].end)
			return s->buffers[i].bytes + (start - s->buffers[i].start);
	}
	return NULL;
}

/* Addresses here and there are equal modulo the huge page, so that the same pages can be huge. Huge pages are
 * forbidden at first: in a sparse mapping each touched page would take 2 MiB. */
static bool add_buffer(struct snapshot *s, uint64_t start, uint64_t end, struct error *err)
{
	struct snapshot_buffer buffer = {.start = start, .end = end, .map_size = end - start + HUGE_PAGE};

	buffer.map = mmap(NULL, buffer.map_size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (buffer.map == MAP_FAILED) {
		error_set(err, ERROR_LIMIT, "no address space for a copy of %llu MiB: %s",
			(unsigned long long)((end - start) >> 20), strerror(errno));
		error_advise(err, "Raise `ulimit -v`, or write a core with gcore and inspect that.");
		return false;
	}
	buffer.bytes = (uint8_t *)buffer.map + ((start - (uintptr_t)buffer.map) & (HUGE_PAGE - 1));
	madvise(buffer.map, buffer.map_size, MADV_NOHUGEPAGE);
	/* A copy of someone's secrets does not belong into a core of ours. */
	madvise(buffer.map, buffer.map_size, MADV_DONTDUMP);
	s->buffers = grow_array(s->buffers, &s->capacity, s->count + 1, sizeof(*s->buffers));
	s->buffers[s->count++] = buffer;
	return true;
}

static bool is_kept(const struct run *run)
{
	return run->kind == RUN_COPY || run->kind == RUN_ZERO;
}

/* The end of the runs that touch each other from index on; *index is moved behind them. */
static uint64_t stretch_end(const struct copy_plan *plan, size_t *index)
{
	size_t i = *index;

	while (i + 1 < plan->count && is_kept(&plan->runs[i + 1]) &&
		plan->runs[i + 1].start == plan->runs[i].end)
		i++;
	*index = i + 1;
	return plan->runs[i].end;
}

bool snapshot_reserve(struct snapshot *s, const struct copy_plan *plan, struct error *err)
{
	struct page_ranges groups = {.ranges = NULL};
	bool done = true;

	for (size_t i = 0; i < plan->count;) {
		uint64_t start = plan->runs[i].start, end;
		struct page_range *last = groups.count ? &groups.ranges[groups.count - 1] : NULL;

		if (!is_kept(&plan->runs[i])) {
			i++;
			continue;
		}
		end = stretch_end(plan, &i);
		if (snapshot_at(s, start, end))
			continue;
		if (last && start - last->end < SLACK) {
			last->end = end;
			continue;
		}
		groups.ranges =
			grow_array(groups.ranges, &groups.capacity, groups.count + 1, sizeof(*groups.ranges));
		groups.ranges[groups.count++] = (struct page_range){start, end};
	}
	for (size_t i = 0; done && i < groups.count; i++) {
		uint64_t start = groups.ranges[i].start, end = groups.ranges[i].end;

		done = add_buffer(s, start > SLACK ? start - SLACK : 0,
			end < UINT64_MAX - SLACK ? end + SLACK : end, err);
	}
	page_ranges_deinit(&groups);
	return done;
}

struct block {
	uint64_t start, end;
	uint8_t *bytes;
};

struct work {
	const struct block *blocks;
	size_t count;
	_Atomic size_t next;
	_Atomic int errnum; /* 0, or why all stopped */
	void (*step)(struct work *work, const struct block *block);
	pid_t pid;
	struct progress *progress;
	pthread_mutex_t lock;
	struct page_ranges holes; /* under lock; in no order */
};

static struct block *plan_blocks(const struct snapshot *s, const struct copy_plan *plan, size_t *count)
{
	struct block *blocks = NULL;
	size_t capacity = 0;

	*count = 0;
	for (size_t i = 0; i < plan->count; i++) {
		uint64_t at = plan->runs[i].start;
		uint8_t *bytes;

		if (plan->runs[i].kind != RUN_COPY)
			continue;
		bytes = snapshot_at(s, at, plan->runs[i].end);
		while (at < plan->runs[i].end) {
			uint64_t end = (at | (BLOCK - 1)) + 1;

			if (end > plan->runs[i].end)
				end = plan->runs[i].end;
			blocks = grow_array(blocks, &capacity, *count + 1, sizeof(*blocks));
			blocks[(*count)++] = (struct block){at, end, bytes + (at - plan->runs[i].start)};
			at = end;
		}
	}
	return blocks;
}

static void *work_through(void *argument)
{
	struct work *work = argument;
	size_t index;

	while (!work->errnum && !progress_is_interrupted(work->progress) &&
		(index = atomic_fetch_add(&work->next, 1)) < work->count) {
		work->step(work, &work->blocks[index]);
		progress_add(work->progress, work->blocks[index].end - work->blocks[index].start);
	}
	return NULL;
}

static void work_all(struct work *work, uint64_t bytes)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t threads[MOST_THREADS - 1];
	int count = 0, wanted = processors < MOST_THREADS ? (int)processors - 1 : MOST_THREADS - 1;

	if (bytes < WORTH_THREADS)
		wanted = 0;
	while (count < wanted && pthread_create(&threads[count], NULL, work_through, work) == 0)
		count++;
	work_through(work);
	while (count > 0)
		pthread_join(threads[--count], NULL);
}

/* Where half of a huge page or more is needed: to clear all of it costs less than to take the half page by
 * page. It is said before there are threads, for many blocks at once, because the kernel lets nobody have a
 * page meanwhile. */
static void allow_huge_pages(const struct block *blocks, size_t count)
{
	uintptr_t start = 0, end = 0;

	for (size_t i = 0; i < count; i++) {
		uintptr_t at = (uintptr_t)blocks[i].bytes & ~(HUGE_PAGE - 1);

		if (blocks[i].end - blocks[i].start < HUGE_PAGE / 2)
			continue;
		if (at != end) {
			madvise((void *)start, end - start, MADV_HUGEPAGE);
			start = at;
		}
		end = at + HUGE_PAGE;
	}
	madvise((void *)start, end - start, MADV_HUGEPAGE);
}

static void populate_block(struct work *work, const struct block *block)
{
	uint64_t size = block->end - block->start;

	if (madvise(block->bytes, size, MADV_POPULATE_WRITE) == 0)
		return;
	if (errno != EINVAL) {
		work->errnum = errno;
		return;
	}
	for (uint64_t at = 0; at < size; at += PAGE) /* before 5.14 */
		((volatile uint8_t *)block->bytes)[at] = 0;
}

bool snapshot_populate(
	struct snapshot *s, const struct copy_plan *plan, struct progress *progress, struct error *err)
{
	struct work work = {.step = populate_block, .progress = progress, .lock = PTHREAD_MUTEX_INITIALIZER};
	struct block *blocks = plan_blocks(s, plan, &work.count);

	work.blocks = blocks;
	allow_huge_pages(blocks, work.count);
	progress_phase(progress, "making room for a copy", plan->copy_bytes);
	work_all(&work, plan->copy_bytes);
	free(blocks);
	if (progress_is_interrupted(progress))
		return error_set(err, ERROR_INTERRUPTED, "interrupted before the memory was copied");
	if (work.errnum)
		return error_set(err, ERROR_LIMIT, "no memory for a copy of %llu MiB: %s",
			(unsigned long long)(plan->copy_bytes >> 20), strerror(work.errnum));
	return true;
}

static void add_hole(struct work *work, uint64_t start)
{
	pthread_mutex_lock(&work->lock);
	work->holes.ranges = grow_array(work->holes.ranges, &work->holes.capacity, work->holes.count + 1,
		sizeof(*work->holes.ranges));
	work->holes.ranges[work->holes.count++] = (struct page_range){start, start + PAGE};
	pthread_mutex_unlock(&work->lock);
}

/* A read stops before the first page that cannot be read: guard pages inside a mapping (MADV_GUARD_INSTALL),
 * poisoned ones, or a mapping that is gone when the process was not stopped. */
static void copy_block(struct work *work, const struct block *block)
{
	uint64_t at = block->start;

	while (at < block->end && !work->errnum) {
		struct iovec here = {block->bytes + (at - block->start), block->end - at};
		struct iovec there = {(void *)(uintptr_t)at, block->end - at};
		ssize_t got = process_vm_readv(work->pid, &here, 1, &there, 1, 0);

		if (got > 0) {
			at += (uint64_t)got;
		} else if (got < 0 && errno != EFAULT && errno != EINTR && errno != ENOMEM) {
			work->errnum = errno;
		} else if (got == 0 || errno != EINTR) {
			add_hole(work, at & ~(PAGE - 1));
			at = (at & ~(PAGE - 1)) + PAGE;
		}
	}
}

static int compare_ranges(const void *left, const void *right)
{
	const struct page_range *a = left, *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

bool snapshot_copy(struct snapshot *s, const struct copy_plan *plan, pid_t pid, struct progress *progress,
	struct error *err)
{
	struct work work = {
		.step = copy_block, .pid = pid, .progress = progress, .lock = PTHREAD_MUTEX_INITIALIZER};
	struct block *blocks = plan_blocks(s, plan, &work.count);

	work.blocks = blocks;
	progress_phase(progress, "copying memory", plan->copy_bytes);
	work_all(&work, plan->copy_bytes);
	free(blocks);
	page_ranges_deinit(&s->holes);
	s->holes = work.holes;
	if (s->holes.count > 1)
		qsort(s->holes.ranges, s->holes.count, sizeof(*s->holes.ranges), compare_ranges);
	s->copied = plan->copy_bytes - s->holes.count * PAGE;
	if (progress_is_interrupted(progress))
		return error_set(err, ERROR_INTERRUPTED, "interrupted while the memory was copied");
	if (work.errnum)
		return error_errno(err, work.errnum, "cannot copy the memory of process %d", (int)pid);
	return true;
}
