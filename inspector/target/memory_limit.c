#include "inspector/target/memory_limit.h"

#include "inspector/target/proc_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 4096

/* A machine has both kinds mounted, in places of its choice, and memory belongs to one of them. */
static const struct kind {
	const char *type;	/* of the file system */
	const char *controller; /* in /proc/self/cgroup; "": all */
	const char *most, *now; /* files of a group */
	const char *cache;	/* line of memory.stat */
} kinds[] = {
	{"cgroup2", "", "memory.max", "memory.current", "\ninactive_file "},
	{"cgroup", "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "\ntotal_inactive_file "},
};

/* A directory of a group: path is below the directory root and has no slash at its beginning or end. The
 * first length bytes of it are where the file system is mounted: no group is above. */
struct place {
	int root;
	char path[PATH_BYTES];
	size_t length;
};

static bool read_file(const struct place *place, const char *name, struct strbuf *text)
{
	char path[PATH_BYTES + 64];
	int errnum;

	snprintf(path, sizeof(path), "%s/%s", place->path, name);
	return proc_file_read(place->root, path, text, &errnum);
}

/* A number in a file of a group; UINT64_MAX: "max", or no such file. */
static uint64_t group_number(const struct place *place, const char *name)
{
	struct strbuf text = STRBUF_INIT;
	uint64_t number = UINT64_MAX;

	if (read_file(place, name, &text) && strbuf_text(&text)[0] >= '0' && strbuf_text(&text)[0] <= '9')
		number = strtoull(strbuf_text(&text), NULL, 10);
	strbuf_deinit(&text);
	return number;
}

/* What a group uses counts the page cache, which the kernel gives back when asked: inactive_file of
 * memory.stat is the part of it that costs nobody anything. */
static uint64_t group_cache(const struct place *place, const struct kind *kind)
{
	struct strbuf text = STRBUF_INIT;
	uint64_t bytes = 0;
	const char *line;

	if (read_file(place, "memory.stat", &text)) {
		line = strstr(strbuf_text(&text), kind->cache);
		bytes = line ? strtoull(line + strlen(kind->cache), NULL, 10) : 0;
	}
	strbuf_deinit(&text);
	return bytes;
}

static uint64_t group_left(const struct place *place, const struct kind *kind)
{
	uint64_t most = group_number(place, kind->most), now, cache;

	if (most == UINT64_MAX)
		return UINT64_MAX;
	now = group_number(place, kind->now);
	if (now == UINT64_MAX)
		return UINT64_MAX;
	cache = group_cache(place, kind);
	now = now > cache ? now - cache : 0;
	return most > now ? most - now : 0;
}

/* Whether one of the words of a list, which are separated by commas, is this one. */
static bool has_word(const char *list, size_t length, const char *word)
{
	for (const char *end = list + length; list < end;) {
		size_t span = strcspn(list, ",");

		span = span < (size_t)(end - list) ? span : (size_t)(end - list);
		if (span == strlen(word) && memcmp(list, word, span) == 0)
			return true;
		list += span + 1;
	}
	return false;
}

/* Our group in /proc/self/cgroup, lines of "NUMBER:CONTROLLERS:PATH". */
static bool find_group(const char *line, const struct kind *kind, char group[PATH_BYTES])
{
	for (; line && *line; line = strchr(line, '\n'), line += line != NULL) {
		const char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;

		if (!path || memchr(line, '\n', (size_t)(path - line)))
			continue;
		list++;
		if (*kind->controller ? has_word(list, (size_t)(path - list), kind->controller)
				      : list == path)
			return snprintf(group, PATH_BYTES, "%.*s", (int)strcspn(path + 1, "\n"), path + 1) <
			       PATH_BYTES;
	}
	return false;
}

/* Where the file system is mounted, and which group is there: from the lines of /proc/self/mountinfo, "ID
 * PARENT DEVICE GROUP PLACE OPTIONS ... - TYPE SOURCE OPTIONS". */
static bool find_mount(
	const char *line, const struct kind *kind, char top[PATH_BYTES], char point[PATH_BYTES])
{
	char type[32], options[512];

	for (; line && *line; line = strchr(line, '\n'), line += line != NULL) {
		const char *rest = strstr(line, " - ");

		if (rest && sscanf(rest, " - %31s %*s %511s", type, options) == 2 &&
			strcmp(type, kind->type) == 0 &&
			(!*kind->controller || has_word(options, strlen(options), kind->controller)) &&
			sscanf(line, "%*s %*s %*s %4095s %4095s", top, point) == 2)
			return true;
	}
	return false;
}

/* In a container the group that is mounted may be ours, while our group is told as the machine calls it, or
 * as our namespace does: what both have in common is not below the mount point. */
static bool find_place(const char *groups, const char *mounts, const struct kind *kind, struct place *place)
{
	char group[PATH_BYTES], top[PATH_BYTES], point[PATH_BYTES];
	const char *below = group;
	size_t common;

	if (!find_group(groups, kind, group) || !find_mount(mounts, kind, top, point))
		return false;
	common = strcmp(top, "/") == 0 ? 0 : strlen(top);
	if (strncmp(group, top, common) == 0 && (!group[common] || group[common] == '/'))
		below = group + common;
	else
		below = "";
	place->length = strlen(point) - 1;
	return snprintf(place->path, sizeof(place->path), "%s%s", point + 1,
		       strcmp(below, "/") == 0 ? "" : below) < (int)sizeof(place->path);
}

/* Our group and all groups around it. */
static uint64_t groups_left(int root, const char *groups, const char *mounts, const struct kind *kind)
{
	struct place place = {.root = root};
	uint64_t least = UINT64_MAX;

	if (!find_place(groups, mounts, kind, &place))
		return UINT64_MAX;
	for (;;) {
		uint64_t left = group_left(&place, kind);
		char *slash = strrchr(place.path, '/');

		least = left < least ? left : least;
		if (!slash || slash < place.path + place.length)
			return least;
		*slash = '\0';
	}
}

uint64_t memory_available_below(int root)
{
	struct strbuf memory = STRBUF_INIT, groups = STRBUF_INIT, mounts = STRBUF_INIT;
	uint64_t kilobytes, least = UINT64_MAX;
	int errnum;

	if (proc_file_read(root, "proc/meminfo", &memory, &errnum) &&
		proc_field_number(strbuf_text(&memory), "MemAvailable", 10, &kilobytes))
		least = kilobytes << 10;
	if (proc_file_read(root, "proc/self/cgroup", &groups, &errnum) &&
		proc_file_read(root, "proc/self/mountinfo", &mounts, &errnum))
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
			uint64_t left =
				groups_left(root, strbuf_text(&groups), strbuf_text(&mounts), &kinds[i]);

			least = left < least ? left : least;
		}
	strbuf_deinit(&memory);
	strbuf_deinit(&groups);
	strbuf_deinit(&mounts);
	return least;
}

uint64_t memory_available(void)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	uint64_t bytes = root >= 0 ? memory_available_below(root) : UINT64_MAX;

	if (root >= 0)
		close(root);
	return bytes;
}
