#include "inspector/target/copy_plan.h"

#include "inspector/target/pagemap.h"
#include "inspector/target/target_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Untouched memory between two touched pages is copied with them when it is less than this: one system call
 * more costs as much as 8 KiB, a region more costs every search. */
#define ZERO_GAP ((uint64_t)128 << 10)

/* Pages of a file between changed ones are copied too, so that the bytes of a module's data lie side by side
 * here; a large file that was changed in few places is not copied for them. */
#define FILE_GAP ((uint64_t)4 << 20)

/* A file that is not to be had is copied from memory, up to this size. */
#define MOST_OF_LOST_FILE ((uint64_t)256 << 20)

/* Anonymous memory that the kernel tells nothing about is copied whole, zeros or not, up to this size: what
 * is larger is a reservation (the shadow of a sanitizer has terabytes). */
#define MOST_UNSEEN ((uint64_t)256 << 30)

/* Zeros take no memory here, but address space. */
#define MOST_ZEROS ((uint64_t)64 << 30)

/* To look through so much in vain costs less than another system call. */
#define MOST_IN_PASSING ((uint64_t)1 << 20)

/* [vsyscall] is in no page table of a process. */
#define USER_MOST ((uint64_t)INT64_MAX)

void copy_plan_deinit(struct copy_plan *plan)
{
	free(plan->runs);
	memset(plan, 0, sizeof(*plan));
}

static struct run *add_run(
	struct copy_plan *plan, const struct mapping *m, uint64_t start, uint64_t end, enum run_kind kind)
{
	struct run *run;

	plan->runs = grow_array(plan->runs, &plan->capacity, plan->count + 1, sizeof(*plan->runs));
	run = &plan->runs[plan->count++];
	*run = (struct run){.start = start, .end = end, .kind = kind, .prot = m->prot};
	if (kind == RUN_COPY)
		plan->copy_bytes += end - start;
	return run;
}

static void add_none(
	struct copy_plan *plan, const struct mapping *m, uint64_t start, uint64_t end, const char *reason)
{
	if (start < end)
		add_run(plan, m, start, end, RUN_NONE)->reason = reason;
}

/* The part of a mapping that is as in its file. The file may end before the mapping does; its last page is
 * zeros behind its end, there as here. */
static void add_file(struct copy_plan *plan, const struct mapping *m, const struct mapped_file *file,
	uint64_t start, uint64_t end)
{
	uint64_t offset = m->file_offset + (start - m->start);
	uint64_t length = (file->size + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
	uint64_t there = offset < length ? length - offset : 0;
	struct run *run;

	if (!file->bytes) {
		add_none(plan, m, start, end, file->refusal.text);
		return;
	}
	if (there > end - start)
		there = end - start;
	if (there > 0) {
		run = add_run(plan, m, start, start + there, RUN_FILE);
		run->file = file;
		run->file_offset = offset;
	}
	add_none(plan, m, start + there, end, "the mapped file ends before it");
}

/* A private mapping of a file: the pages that were written to are memory, wherever they are now: .data, but
 * also what the loader relocated before it made it read-only, and text with a debugger's breakpoints. */
static void plan_file(struct copy_plan *plan, const struct mapping *m, const struct mapped_file *file,
	struct pagemap *pagemap, struct page_ranges *owned)
{
	uint64_t at = m->start, size = m->end - m->start;
	/* At the edges of the mapping too, a short stretch goes with its neighbour. */
	uint64_t gap = m->prot & PROT_WRITE ? FILE_GAP : 0;

	if (!file->bytes && size <= MOST_OF_LOST_FILE) {
		add_run(plan, m, m->start, m->end, RUN_COPY);
		return;
	}
	if (!pagemap_owned(pagemap, m->start, m->end, true, FILE_GAP, owned)) {
		/* Never written to, as far as its protection tells: only text can be trusted so far. */
		if ((m->prot & PROT_EXEC) || size > MOST_OF_LOST_FILE)
			add_file(plan, m, file, m->start, m->end);
		else
			add_run(plan, m, m->start, m->end, RUN_COPY);
		return;
	}
	for (size_t i = 0; i < owned->count; i++) {
		uint64_t start = owned->ranges[i].start, end = owned->ranges[i].end;

		if (start - at < gap)
			start = at;
		if (m->end - end < gap)
			end = m->end;
		if (at < start)
			add_file(plan, m, file, at, start);
		add_run(plan, m, start, end, RUN_COPY);
		at = end;
	}
	if (at < m->end)
		add_file(plan, m, file, at, m->end);
}

/* Memory whose untouched pages are zeros, and not those of the kernel ([vdso]) or of a driver. */
static bool is_plain_memory(const struct mapping *m)
{
	return m->inode == 0 &&
	       (m->path[0] == '\0' || strcmp(m->path, "[heap]") == 0 || strncmp(m->path, "[stack", 6) == 0 ||
		       strncmp(m->path, "[anon:", 6) == 0);
}

static void add_zeros(struct copy_plan *plan, const struct mapping *m, uint64_t start, uint64_t end)
{
	if (end - start > MOST_ZEROS)
		add_none(plan, m, start, end, "it was never touched, and is too large to be kept as zeros");
	else if (start < end)
		add_run(plan, m, start, end, RUN_ZERO);
}

static void plan_anonymous(
	struct copy_plan *plan, const struct mapping *m, struct pagemap *pagemap, struct page_ranges *owned)
{
	uint64_t at = m->start;

	if (!pagemap_owned(pagemap, m->start, m->end, false, ZERO_GAP, owned)) {
		if (m->end - m->start > MOST_UNSEEN)
			add_none(plan, m, m->start, m->end,
				"it is too large for this kernel to be looked through");
		else
			add_run(plan, m, m->start, m->end, RUN_COPY);
		return;
	}
	for (size_t i = 0; i < owned->count; i++) {
		add_zeros(plan, m, at, owned->ranges[i].start);
		add_run(plan, m, owned->ranges[i].start, owned->ranges[i].end, RUN_COPY);
		at = owned->ranges[i].end;
	}
	add_zeros(plan, m, at, m->end);
}

static void plan_mapping(struct copy_plan *plan, struct target *t, const struct mapping *m,
	struct pagemap *pagemap, bool by_page, struct page_ranges *owned)
{
	const struct mapped_file *file;

	if (!(m->prot & PROT_READ)) {
		add_none(plan, m, m->start, m->end, "the process itself may not read it");
		return;
	}
	/* The pages of a device, even if it calls itself memory. */
	if (strcmp(m->path, "[vvar]") == 0 || strcmp(m->path, "[vvar_vclock]") == 0 ||
		strcmp(m->path, "[vsyscall]") == 0) {
		add_none(plan, m, m->start, m->end, "it belongs to the kernel");
		return;
	}
	if (m->is_shared && (m->prot & PROT_WRITE)) {
		add_none(plan, m, m->start, m->end, "it is shared memory, which is not copied");
		return;
	}
	file = live_file(t, m);
	if (file && m->is_shared)
		add_file(plan, m, file, m->start, m->end);
	else if (file)
		plan_file(plan, m, file, pagemap, owned);
	else if (m->is_shared)
		add_none(plan, m, m->start, m->end, "it is shared memory, which is not copied");
	else if (is_plain_memory(m) && !by_page)
		add_run(plan, m, m->start, m->end, RUN_COPY);
	else if (is_plain_memory(m))
		plan_anonymous(plan, m, pagemap, owned);
	else if (m->end - m->start <= MOST_OF_LOST_FILE)
		add_run(plan, m, m->start, m->end, RUN_COPY);
	else
		add_none(plan, m, m->start, m->end, "it is no memory of a known kind");
}

/* The end of the mappings from one on that the kernel looks through at once: those of a library, and of the
 * libraries beside it. Not for large memory that has no file, for which it need not tell as much, or is not
 * asked. */
static uint64_t stretch_end(const struct target *t, size_t i)
{
	uint64_t end = t->mappings[i].start;

	for (; i < t->mapping_count; i++) {
		const struct mapping *m = &t->mappings[i];
		bool is_looked_at = m->inode != 0 && !m->is_shared && (m->prot & PROT_READ);

		if ((!is_looked_at && m->end - m->start > MOST_IN_PASSING) || m->end > USER_MOST)
			break;
		end = m->end;
	}
	return end;
}

void copy_plan_make(struct copy_plan *plan, struct target *t, bool by_page)
{
	struct page_ranges owned = {.ranges = NULL};
	struct pagemap pagemap;
	uint64_t end = 0;

	pagemap_open(&pagemap, t->proc);
	plan->count = 0;
	plan->copy_bytes = 0;
	for (size_t i = 0; i < t->mapping_count; i++) {
		if (t->mappings[i].start >= end)
			pagemap_expect(&pagemap, end = stretch_end(t, i));
		plan_mapping(plan, t, &t->mappings[i], &pagemap, by_page, &owned);
	}
	page_ranges_deinit(&owned);
	pagemap_close(&pagemap);
}
