#include "inspector/symbols/module.h"

#include "inspector/base/alloc.h"
#include "inspector/symbols/module_private.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* A run of mappings of one file at rising file offsets: the loader's work, or somebody's mmap. */
struct run {
	struct module_place place;
	uint64_t last_offset;
	bool is_executable;
};

struct module_list {
	struct module_options options; /* what it points to is borrowed from the caller */
	struct module **modules;       /* owned, with what they point to; by start */
	size_t count;
};

static bool is_file(const struct mapping *mapping)
{
	return mapping->path[0] == '/';
}

/* Runs, in the order of addresses. Caller frees. */
static struct run *collect_runs(const struct target *t, size_t *count)
{
	size_t mapping_count, capacity = 0, used = 0;
	const struct mapping *mappings = target_mappings(t, &mapping_count);
	struct run *runs = NULL, *run = NULL;

	for (size_t i = 0; i < mapping_count; i++) {
		const struct mapping *m = &mappings[i];

		if (!is_file(m))
			continue;
		/* Other mappings may stand between two of a file, but they do not begin a new run. */
		if (!run || strcmp(run->place.path, m->path) || m->file_offset < run->last_offset) {
			runs = grow_array(runs, &capacity, used + 1, sizeof(*runs));
			run = &runs[used++];
			*run = (struct run){.place = {
						    .path = m->path,
						    .start = m->start,
						    .file_offset = m->file_offset,
					    }};
		}
		run->place.end = m->end;
		run->last_offset = m->file_offset;
		run->is_executable |= (m->prot & PROT_EXEC) != 0;
	}
	*count = used;
	return runs;
}

/* By path; of one file first the run that code can run in, then the lower one. */
static int compare_paths(const void *left, const void *right)
{
	const struct run *a = left, *b = right;
	int order = strcmp(a->place.path, b->place.path);

	if (order)
		return order;
	if (a->is_executable != b->is_executable)
		return a->is_executable ? -1 : 1;
	return a->place.start < b->place.start ? -1 : a->place.start > b->place.start;
}

static int compare_modules(const void *left, const void *right)
{
	uint64_t a = module_start(*(struct module *const *)left);
	uint64_t b = module_start(*(struct module *const *)right);

	return a < b ? -1 : a > b;
}

static bool starts_with_magic(const struct target *t, const struct run *run)
{
	char magic[SELFMAG];

	return run->place.file_offset == 0 && target_read(t, run->place.start, magic, sizeof(magic), NULL) &&
	       !memcmp(magic, ELFMAG, SELFMAG);
}

struct module_list *module_list_create(
	const struct target *t, const struct module_options *options, struct error *err)
{
	struct module_list *list = xcalloc(1, sizeof(*list));
	size_t count;
	struct run *runs = collect_runs(t, &count);

	if (options)
		list->options = *options;
	list->modules = xcalloc(count, sizeof(struct module *));
	if (count)
		qsort(runs, count, sizeof(*runs), compare_paths);
	for (size_t i = 0; i < count; i++) {
		if (i && !strcmp(runs[i].place.path, runs[i - 1].place.path))
			continue;
		if (runs[i].is_executable || starts_with_magic(t, &runs[i]))
			list->modules[list->count++] = module_create(t, &list->options, &runs[i].place);
	}
	if (list->count)
		qsort(list->modules, list->count, sizeof(struct module *), compare_modules);
	free(runs);
	return list;
}

void module_list_destroy(struct module_list *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < list->count; i++)
		module_destroy(list->modules[i]);
	free(list->modules);
	free(list);
}

size_t module_count(const struct module_list *list)
{
	return list->count;
}

struct module *module_at(const struct module_list *list, size_t index)
{
	return list->modules[index];
}

struct module *module_containing(const struct module_list *list, uint64_t address)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (module_start(list->modules[middle]) <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || address >= module_end(list->modules[low - 1]))
		return NULL;
	return list->modules[low - 1];
}
