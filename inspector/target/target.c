#include "inspector/target/target_live.h"
#include "inspector/target/tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct target *target_create(enum target_kind kind, const struct target_options *options)
{
	struct target *t = xcalloc(1, sizeof(*t));

	t->kind = kind;
	t->arena = arena_create();
	t->files.arena = t->arena;
	t->executable = "";
	t->root = t->proc = t->statm = -1;
	t->hints = xcalloc(TARGET_HINTS, sizeof(*t->hints));
	if (options) {
		t->options = *options;
		if (options->kept_most)
			t->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
		if (options->executable)
			t->options.executable = arena_strdup(t->arena, options->executable);
		if (options->sysroot)
			t->options.sysroot = arena_strdup(t->arena, options->sysroot);
	}
	return t;
}

static int compare_regions(const void *left, const void *right)
{
	const struct region *a = left, *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

struct target *target_open_memory(const struct region *regions, size_t count)
{
	struct target *t = target_create(TARGET_CORE, NULL);
	struct region *sorted = arena_alloc(t->arena, (count + 1) * sizeof(*sorted));

	t->mappings = arena_alloc(t->arena, (count + 1) * sizeof(*t->mappings));
	if (count > 0)
		memcpy(sorted, regions, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_regions);
	for (size_t i = 0; i < count; i++) {
		region_list_add(&t->regions, sorted[i], NULL);
		t->mappings[i].start = sorted[i].start;
		t->mappings[i].end = sorted[i].end;
		t->mappings[i].prot = sorted[i].prot;
		t->mappings[i].path = "";
	}
	t->mapping_count = count;
	return t;
}

void target_close(struct target *t)
{
	if (!t)
		return;
	target_let_go(t);
	pages_deinit(&t->pages);
	region_list_deinit(&t->regions);
	region_list_deinit(&t->old_regions);
	mapped_file_set_deinit(&t->files);
	snapshot_deinit(&t->snapshot);
	core_file_close(t->core);
	if (t->root >= 0)
		close(t->root);
	if (t->proc >= 0)
		close(t->proc);
	if (t->statm >= 0)
		close(t->statm);
	free(t->warnings);
	free((void *)t->hints);
	arena_destroy(t->arena);
	free(t);
}

void target_warn(struct target *t, const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = xstrdup("a warning was lost");
	va_end(args);
	t->warnings =
		grow_array(t->warnings, &t->warning_capacity, t->warning_count + 1, sizeof(*t->warnings));
	t->warnings[t->warning_count++] = arena_strdup(t->arena, text);
	free(text);
}

/* Addresses of one 256 KiB block share a hint. */
static _Atomic uint32_t *hint_of(const struct target *t, uint64_t address)
{
	return &t->hints[(address >> 18) * 0x9e3779b97f4a7c15 >> 54];
}

/* The same when the hint is of another region: seldom, and out of the way of each read. */
static __attribute__((noinline)) const struct region *search_region(const struct target *t, uint64_t address)
{
	size_t index = region_list_search(t->regions.regions, t->regions.count, address);

	if (index == t->regions.count || address < t->regions.regions[index].start)
		return NULL;
	atomic_store_explicit(hint_of(t, address), (uint32_t)index, memory_order_relaxed);
	return &t->regions.regions[index];
}

/* The region with address, NULL when there is none. */
static inline const struct region *find_region(const struct target *t, uint64_t address)
{
	size_t index = atomic_load_explicit(hint_of(t, address), memory_order_relaxed);
	const struct region *region = &t->regions.regions[index];

	if (index < t->regions.count && address >= region->start && address < region->end)
		return region;
	return search_region(t, address);
}

static bool not_there(
	const struct target *t, const struct region *region, uint64_t address, struct error *err)
{
	const char *where = t->kind == TARGET_CORE ? "not saved in the core" : "not in the copy";
	const char *reason;

	if (!region)
		return error_at(err, ERROR_UNMAPPED, address, "0x%" PRIx64 " is in no mapping", address);
	reason = t->regions.reasons[region - t->regions.regions];
	if (!reason)
		return error_at(err, ERROR_NOT_SAVED, address, "0x%" PRIx64 " is %s", address, where);
	return error_at(err, ERROR_NOT_SAVED, address, "0x%" PRIx64 " is %s%s %s", address, where,
		t->kind == TARGET_CORE ? ", and" : ":", reason);
}

/* How many of size bytes from address on lie one behind the other here; *next is set to the region that holds
 * the byte behind them when these are less than size (NULL: none). region holds address and has bytes. */
static size_t contiguous(const struct target *t, const struct region *region, uint64_t address, size_t size,
	const struct region **next)
{
	const struct region *past = t->regions.regions + t->regions.count;
	size_t length = region->end - address;

	*next = NULL;
	while (length < size) {
		const struct region *after = region + 1;

		if (after == past || after->start != region->end)
			break;
		*next = after;
		if (!after->bytes || region->bytes + (region->end - region->start) != after->bytes)
			break;
		*next = NULL;
		length += after->end - after->start;
		region = after;
	}
	return length < size ? length : size;
}

static void target_cut(struct target *t)
{
	target_let_go(t);
	t->is_cut = true;
}

/* Makes sure of bytes that may have to be fetched. region holds address; what follows is contiguous. */
static bool have(const struct target *t, const struct region *region, uint64_t address, uint64_t size,
	struct error *err)
{
	for (; size > 0; region++) {
		uint64_t length = region->end - address < size ? region->end - address : size;

		if (t->is_open && progress_is_interrupted(t->options.progress) &&
			pthread_equal(t->holder, pthread_self()))
			target_cut((struct target *)t);
		/* What is kept of the process is no change of the target. */
		if (region->is_partial && !pages_need((struct pages *)&t->pages, &t->regions,
						  (size_t)(region - t->regions.regions), address, length,
						  t->pid, t->is_open, err))
			return false;
		address += length;
		size -= length;
	}
	return true;
}

const void *target_bytes(const struct target *t, uint64_t address, size_t size, struct error *err)
{
	const struct region *region = find_region(t, address), *next;
	size_t length;

	if (!region || !region->bytes) {
		not_there(t, region, address, err);
		return NULL;
	}
	if (size <= region->end - address && !region->is_partial)
		return region->bytes + (address - region->start);
	length = contiguous(t, region, address, size, &next);
	if (length == size)
		return have(t, region, address, size, err) ? region->bytes + (address - region->start) : NULL;
	address += length;
	if (next && next->bytes)
		error_at(err, ERROR_NOT_SAVED, address,
			"0x%" PRIx64 " is kept apart from the bytes before it", address);
	else
		not_there(t, next, address, err);
	return NULL;
}

size_t target_extent(const struct target *t, uint64_t address, size_t most)
{
	const struct region *region = find_region(t, address), *next;

	return region && region->bytes ? contiguous(t, region, address, most, &next) : 0;
}

static __attribute__((noinline)) bool read_pieces(
	const struct target *t, uint64_t address, uint8_t *to, size_t size, struct error *err)
{
	if (t->kind == TARGET_LIVE && !t->is_captured)
		return live_read(t, address, to, size, err);
	while (size > 0) {
		const struct region *region = find_region(t, address);
		size_t length;

		if (!region || !region->bytes)
			return not_there(t, region, address, err);
		length = region->end - address;
		if (length > size)
			length = size;
		if (region->is_partial && !have(t, region, address, length, err))
			return false;
		memcpy(to, region->bytes + (address - region->start), length);
		to += length;
		address += length;
		size -= length;
	}
	return true;
}

/* Nearly every read is of one word, or of a few, that are here, where the hint says: no more than that is
 * done for it. */
bool target_read(const struct target *t, uint64_t address, void *out, size_t size, struct error *err)
{
	size_t index = atomic_load_explicit(hint_of(t, address), memory_order_relaxed);
	const struct region *region = &t->regions.regions[index];

	if ((t->kind == TARGET_LIVE && !t->is_captured) || index >= t->regions.count ||
		address < region->start || address >= region->end || region->end - address < size ||
		!region->bytes || region->is_partial)
		return read_pieces(t, address, out, size, err);
	if (size == 8)
		memcpy(out, region->bytes + (address - region->start), 8);
	else
		memcpy(out, region->bytes + (address - region->start), size);
	return true;
}

enum target_kind target_kind(const struct target *t)
{
	return t->kind;
}

pid_t target_pid(const struct target *t)
{
	return t->pid;
}

const char *target_core_path(const struct target *t)
{
	return t->core_path;
}

const char *target_executable(const struct target *t)
{
	return t->executable;
}

bool target_is_truncated(const struct target *t)
{
	return t->core && core_file_truncated(t->core, NULL);
}

double target_monotonic(const struct target *t)
{
	return t->monotonic > 0 ? t->monotonic : -1;
}

double target_stopped_ms(const struct target *t)
{
	return t->stopped_ms + (t->held ? tracer_elapsed(t->held) : 0);
}

pid_t target_namespace_pid(const struct target *t)
{
	return t->namespace_pid;
}

pid_t target_tracer(const struct target *t)
{
	return t->tracer;
}

uint64_t target_bytes_copied(const struct target *t)
{
	return t->is_partial ? t->pages.bytes : t->snapshot.copied;
}

const char *const *target_warnings(const struct target *t, size_t *count)
{
	*count = t->warning_count;
	return t->warnings;
}

const struct mapping *target_mappings(const struct target *t, size_t *count)
{
	*count = t->mapping_count;
	return t->mappings;
}

const struct mapping *target_find_mapping(const struct target *t, uint64_t address)
{
	size_t low = 0, high = t->mapping_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->mappings[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < t->mapping_count && t->mappings[low].start <= address ? &t->mappings[low] : NULL;
}

const struct region *target_regions(const struct target *t, size_t *count)
{
	*count = t->regions.count;
	return t->regions.regions;
}

const struct target_thread *target_threads(const struct target *t, size_t *count)
{
	*count = t->thread_count;
	return t->threads;
}
