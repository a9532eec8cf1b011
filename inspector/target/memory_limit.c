#include "inspector/target/memory_limit.h"

#include "inspector/target/proc_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number in a file of a cgroup; UINT64_MAX: "max", or no such file. */
static uint64_t group_number(const char *group, const char *name)
{
	struct strbuf text = STRBUF_INIT;
	uint64_t number = UINT64_MAX;
	char path[4096];
	int errnum;

	if (snprintf(path, sizeof(path), "/sys/fs/cgroup%s/%s", group, name) < (int)sizeof(path) &&
		proc_file_read(AT_FDCWD, path, &text, &errnum) && strbuf_text(&text)[0] >= '0' &&
		strbuf_text(&text)[0] <= '9')
		number = strtoull(strbuf_text(&text), NULL, 10);
	strbuf_deinit(&text);
	return number;
}

/* memory.current counts the page cache, which the kernel gives back when asked: inactive_file of memory.stat
 * is the part of it that costs nobody anything. */
static uint64_t group_cache(const char *group)
{
	struct strbuf text = STRBUF_INIT;
	uint64_t bytes = 0;
	const char *line;
	char path[4096];
	int errnum;

	if (snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.stat", group) < (int)sizeof(path) &&
		proc_file_read(AT_FDCWD, path, &text, &errnum)) {
		line = strstr(strbuf_text(&text), "\ninactive_file ");
		bytes = line ? strtoull(line + sizeof("\ninactive_file ") - 1, NULL, 10) : 0;
	}
	strbuf_deinit(&text);
	return bytes;
}

static uint64_t group_left(const char *group)
{
	uint64_t most = group_number(group, "memory.max"), now, cache;

	if (most == UINT64_MAX)
		return UINT64_MAX;
	now = group_number(group, "memory.current");
	if (now == UINT64_MAX)
		return UINT64_MAX;
	cache = group_cache(group);
	now = now > cache ? now - cache : 0;
	return most > now ? most - now : 0;
}

/* The group of this process and all groups around it. */
static uint64_t groups_left(void)
{
	struct strbuf text = STRBUF_INIT;
	uint64_t least = UINT64_MAX;
	char group[3072];
	const char *line;
	int errnum;

	if (!proc_file_read(AT_FDCWD, "/proc/self/cgroup", &text, &errnum) ||
		!(line = strstr(strbuf_text(&text), "0::/"))) {
		strbuf_deinit(&text);
		return UINT64_MAX;
	}
	snprintf(group, sizeof(group), "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
	strbuf_deinit(&text);
	for (;;) {
		uint64_t left = group_left(strcmp(group, "/") == 0 ? "" : group);
		char *slash = strrchr(group, '/');

		least = left < least ? left : least;
		if (!slash || group[1] == '\0')
			return least;
		slash[slash == group] = '\0';
	}
}

uint64_t memory_available(void)
{
	struct strbuf text = STRBUF_INIT;
	uint64_t kilobytes, machine = UINT64_MAX, groups = groups_left();
	int errnum;

	if (proc_file_read(AT_FDCWD, "/proc/meminfo", &text, &errnum) &&
		proc_field_number(strbuf_text(&text), "MemAvailable", 10, &kilobytes))
		machine = kilobytes << 10;
	strbuf_deinit(&text);
	return groups < machine ? groups : machine;
}
