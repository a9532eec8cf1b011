/* copy_memory PID: copies every writable private mapping of a process, as fast as the kernel allows: by two
 * threads, in blocks of a megabyte, into fresh huge pages. Prints "BYTES NANOSECONDS". The reference that the
 * inspector's own figures are told in.
 *
 * It copies three times, each time into memory that is mapped anew, and tells the shortest time. Memory that
 * a virtual machine has not used since it started is had from its host first, which takes seconds for a GiB,
 * once: a reference that paid for that would flatter what is measured after it. What counts is the kernel's
 * own work, to clear the pages and to copy.
 *
 * copy_memory --warm BYTES: takes so much memory and gives it back, for what is measured next to find it as
 * the copy does. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>

struct range {
	uint64_t start, end;
};

enum { MOST_RANGES = 65536, THREADS = 2, COPIES = 3 };
#define BLOCK ((uint64_t)1 << 20)
#define HUGE  ((uint64_t)2 << 20)

struct work {
	pid_t pid;
	struct range *blocks;
	uint64_t *places; /* of the blocks, in the buffer */
	size_t count;
	char *buffer;
	_Atomic size_t next;
	_Atomic uint64_t copied;
};

static size_t read_ranges(const char *pid, struct range *ranges, uint64_t *total)
{
	char path[64], line[4400], mode[8], name[16];
	size_t count = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	maps = fopen(path, "re");
	if (!maps)
		return 0;
	while (count < MOST_RANGES && fgets(line, sizeof(line), maps)) {
		struct range *r = &ranges[count];

		name[0] = '\0';
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %*s %*s %*s %15s", &r->start, &r->end, mode,
			    name) < 3)
			continue;
		if ((mode[0] == 'r' && mode[1] == 'w' && mode[3] == 'p' && name[0] != '[') ||
			strcmp(name, "[heap]") == 0 || strcmp(name, "[stack]") == 0)
			*total += ranges[count++].end - r->start;
	}
	fclose(maps);
	return count;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *copy(void *argument)
{
	struct work *w = argument;
	size_t i;

	while ((i = atomic_fetch_add(&w->next, 1)) < w->count) {
		size_t size = w->blocks[i].end - w->blocks[i].start;
		struct iovec here = {w->buffer + w->places[i], size};
		struct iovec there = {(void *)(uintptr_t)w->blocks[i].start, size};
		ssize_t got = process_vm_readv(w->pid, &here, 1, &there, 1, 0);

		if (got > 0)
			w->copied += (uint64_t)got;
	}
	return NULL;
}

/* Nanoseconds of one copy of total bytes; 0: there is no room for it. */
static uint64_t copy_once(struct work *w, uint64_t total)
{
	char *map = mmap(NULL, total + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t threads[THREADS];
	uint64_t start, took;

	if (map == MAP_FAILED)
		return 0;
	w->buffer = map + (-(uintptr_t)map & (HUGE - 1));
	madvise(w->buffer, total, MADV_HUGEPAGE);
	w->next = 0;
	w->copied = 0;
	start = now();
	for (int i = 1; i < THREADS; i++)
		pthread_create(&threads[i], NULL, copy, w);
	copy(w);
	for (int i = 1; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	took = now() - start;
	munmap(map, total + HUGE);
	return took;
}

static int warm(size_t size)
{
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return 1;
	madvise(map, size, MADV_HUGEPAGE);
	for (size_t i = 0; i < size; i += 4096)
		((volatile char *)map)[i] = 1;
	return 0;
}

int main(int argc, char **argv)
{
	static struct range ranges[MOST_RANGES];
	uint64_t total = 0, used = 0, least = UINT64_MAX;
	struct work work = {.count = 0};
	size_t count;

	if (argc == 3 && strcmp(argv[1], "--warm") == 0)
		return warm(strtoull(argv[2], NULL, 10));
	count = argc == 2 ? read_ranges(argv[1], ranges, &total) : 0;
	if (!count) {
		fprintf(stderr, "copy_memory: no writable memory of process %s\n", argc == 2 ? argv[1] : "");
		return 1;
	}
	work.pid = atoi(argv[1]);
	work.blocks = calloc(total / BLOCK + 2 * count + 1, sizeof(*work.blocks));
	work.places = calloc(total / BLOCK + 2 * count + 1, sizeof(*work.places));
	for (size_t i = 0; work.blocks && work.places && i < count; i++) {
		for (uint64_t at = ranges[i].start; at < ranges[i].end; at = work.blocks[work.count++].end) {
			uint64_t end = at + BLOCK < ranges[i].end ? at + BLOCK : ranges[i].end;

			work.blocks[work.count] = (struct range){at, end};
			work.places[work.count] = used;
			used += end - at;
		}
	}
	for (int i = 0; i < COPIES; i++) {
		uint64_t took = copy_once(&work, total);

		if (!took) {
			perror("copy_memory");
			return 1;
		}
		least = took < least ? took : least;
	}
	printf("%" PRIu64 " %" PRIu64 "\n", (uint64_t)work.copied, least);
	return work.copied ? 0 : 1;
}
