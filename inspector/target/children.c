#include "inspector/target/children.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A wrapper of a wrapper of a wrapper is the most that was seen. */
#define DEPTH_MAX 3

static pid_t parent_of(pid_t pid)
{
	char path[64], line[512];
	const char *after;
	int parent = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	/* The name, in brackets, may hold anything: the last bracket ends it. */
	if (fgets(line, sizeof(line), file) && (after = strrchr(line, ')')))
		sscanf(after + 1, " %*c %d", &parent);
	fclose(file);
	return parent;
}

static bool executable_contains(pid_t pid, const char *part)
{
	char path[64], target[PATH_MAX];
	const char *slash;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	length = readlink(path, target, sizeof(target) - 1);
	if (length <= 0)
		return false;
	target[length] = '\0';
	slash = strrchr(target, '/');
	return strstr(slash ? slash + 1 : target, part) != NULL;
}

static bool is_descendant(pid_t pid, pid_t ancestor, int depth)
{
	while (depth-- > 0 && pid > 1) {
		pid = parent_of(pid);
		if (pid == ancestor)
			return true;
	}
	return false;
}

static pid_t find_at_depth(pid_t pid, const char *part, int depth)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	if (!proc)
		return 0;
	while ((entry = readdir(proc))) {
		pid_t child = (pid_t)atoi(entry->d_name);

		if (child > 0 && (!found || child < found) && is_descendant(child, pid, depth) &&
			executable_contains(child, part))
			found = child;
	}
	closedir(proc);
	return found;
}

pid_t children_find(pid_t pid, const char *part)
{
	pid_t found = 0;

	for (int depth = 1; depth <= DEPTH_MAX && !found; depth++)
		found = find_at_depth(pid, part, depth);
	return found;
}
