#include "inspector/asyncio/job.h"

#include "inspector/asyncio/executor.h"
#include "inspector/asyncio/workqueue.h"
#include "inspector/python/dict.h"
#include "inspector/python/instance.h"

#include <stdlib.h>
#include <string.h>

static bool is_in_file(const struct pyframe *frame, const char *file)
{
	size_t length, tail = strlen(file);

	if (!frame->code)
		return false;
	length = strlen(frame->code->filename);
	return length >= tail && strcmp(frame->code->filename + length - tail, file) == 0;
}

static bool is_in_executor(const struct pyframe *frame)
{
	return is_in_file(frame, "concurrent/futures/thread.py");
}

struct workers {
	struct addrmap
		taken; /* work item -> thread that has taken it << 32 | number of the frame of _worker */
	struct addrmap queued; /* work item that no thread has taken -> how many are before it */
	struct addrmap queues; /* that were read */
};

static void read_queue(struct python *py, uint64_t queue, struct workers *workers)
{
	struct workqueue items;

	if (!queue || !addrmap_put(&workers->queues, queue, 0) || !workqueue_read(py, queue, &items))
		return;
	for (size_t i = 0; i < items.count; i++)
		addrmap_put(&workers->queued, items.items[i], i);
}

static void find_workers(struct python *py, const struct pythreads *threads, struct workers *workers)
{
	for (size_t t = 0; t < threads->count; t++)
		for (size_t f = 0; f < threads->threads[t].frame_count; f++) {
			const struct pyframe *frame = &threads->threads[t].frames[f];
			uint64_t item;

			if (!is_in_executor(frame) || strcmp(frame->code->name, "_worker") != 0)
				continue;
			item = pyframe_local(py, frame, "work_item");
			if (item && item != py->none)
				addrmap_put(&workers->taken, item, (uint64_t)t << 32 | f);
			read_queue(py, pyframe_local(py, frame, "work_queue"), workers);
		}
}

static void workers_deinit(struct workers *workers)
{
	addrmap_deinit(&workers->taken);
	addrmap_deinit(&workers->queued);
	addrmap_deinit(&workers->queues);
}

/* The first frame inwards that is not the executor's own. */
static const struct pyframe *find_place(const struct pythread *thread, size_t worker)
{
	for (size_t f = worker; f-- > 0;)
		if (thread->frames[f].code && !is_in_executor(&thread->frames[f]) &&
			pyframe_is_complete(&thread->frames[f]))
			return &thread->frames[f];
	return NULL;
}

static void collect_queue(struct python *py, const struct pyframe *frame, struct addresses *items)
{
	uint64_t item = pyframe_local(py, frame, "work_item"), queue = pyframe_local(py, frame, "work_queue");
	struct workqueue waiting;

	if (item && item != py->none)
		addresses_add(items, item);
	if (!queue || !workqueue_read(py, queue, &waiting))
		return;
	for (size_t i = 0; i < waiting.count; i++)
		if (waiting.items[i] != py->none)
			addresses_add(items, waiting.items[i]);
}

/* Lib/concurrent/futures/process.py: a thread of its own up to 3.8 has it as an argument, later in self. */
static void collect_table(struct python *py, const struct pyframe *frame, struct addresses *items)
{
	uint64_t table = pyframe_local(py, frame, "pending_work_items"), self;
	struct dict_entry entry;
	struct dict_iter iter;

	self = table ? 0 : pyframe_local(py, frame, "self");
	if (self && !instance_get(py, self, "pending_work_items", &table, NULL))
		table = 0;
	if (!table || !dict_open(py, table, &iter, NULL))
		return;
	while (dict_next(&iter, &entry))
		addresses_add(items, entry.value);
}

static int by_address(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void jobs_collect(struct python *py, const struct pythreads *threads, struct addresses *items)
{
	size_t kept = 0;

	for (size_t t = 0; t < threads->count; t++)
		for (size_t f = 0; f < threads->threads[t].frame_count; f++) {
			const struct pyframe *frame = &threads->threads[t].frames[f];

			if (is_in_file(frame, "concurrent/futures/thread.py") &&
				strcmp(frame->code->name, "_worker") == 0)
				collect_queue(py, frame, items);
			else if (is_in_file(frame, "concurrent/futures/process.py"))
				collect_table(py, frame, items);
		}
	/* The threads of one executor take from one queue. */
	if (items->count)
		qsort(items->items, items->count, sizeof(uint64_t), by_address);
	for (size_t i = 0; i < items->count; i++)
		if (!kept || items->items[kept - 1] != items->items[i])
			items->items[kept++] = items->items[i];
	items->count = kept;
}

static int by_future(const void *a, const void *b)
{
	const struct job *x = a, *y = b;

	return x->future < y->future ? -1 : x->future > y->future;
}

void jobs_find(struct python *py, const struct pythreads *threads, const uint64_t *items, size_t count,
	struct jobs *jobs)
{
	struct workers workers = {0};

	*jobs = (struct jobs){.items = xcalloc(count, sizeof(*jobs->items))};
	find_workers(py, threads, &workers);
	for (size_t i = 0; i < count; i++) {
		struct job *job = &jobs->items[jobs->count];
		const struct pytype *type = pytype_of(py, items[i], NULL);
		uint64_t worker, function, before;

		*job = (struct job){.item = items[i], .thread = SIZE_MAX};
		function = executor_item_function(py, items[i], &job->future);
		if (!job->future)
			continue;
		callable_read(py, function, &job->function);
		job->is_of_process = type && strstr(type->full_name, ".process.") != NULL;
		if (addrmap_get(&workers.taken, items[i], &worker)) {
			job->thread = (size_t)(worker >> 32);
			job->place = find_place(&threads->threads[job->thread], worker & UINT32_MAX);
		} else if (addrmap_get(&workers.queued, items[i], &before)) {
			job->is_queued = true;
			job->before_it = (size_t)before;
		}
		jobs->count++;
	}
	workers_deinit(&workers);
	if (jobs->count)
		qsort(jobs->items, jobs->count, sizeof(*jobs->items), by_future);
}

void jobs_deinit(struct jobs *jobs)
{
	free(jobs->items);
	*jobs = (struct jobs){0};
}

const struct job *jobs_of(const struct jobs *jobs, uint64_t future)
{
	const struct job key = {.future = future};

	return jobs->count ? bsearch(&key, jobs->items, jobs->count, sizeof(key), by_future) : NULL;
}
