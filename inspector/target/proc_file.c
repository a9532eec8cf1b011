#include "inspector/target/proc_file.h"

#include "inspector/base/alloc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LARGEST ((size_t)256 << 20)

bool proc_file_read(int dir, const char *name, struct strbuf *out, int *errnum)
{
	enum { BLOCK = 64 << 10 };
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *block;
	ssize_t got = -1;

	if (fd < 0) {
		*errnum = errno;
		return false;
	}
	block = xmalloc(BLOCK);
	while (out->length < LARGEST) {
		got = read(fd, block, BLOCK);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		strbuf_append_bytes(out, block, (size_t)got);
	}
	*errnum = got < 0 ? errno : got > 0 ? EFBIG : 0;
	free(block);
	close(fd);
	return got == 0;
}

const char *proc_field(const char *text, const char *name)
{
	size_t length = strlen(name);

	while (text && *text) {
		if (strncmp(text, name, length) == 0 && text[length] == ':')
			return text + length + 1 + strspn(text + length + 1, " \t");
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return NULL;
}

bool proc_field_number(const char *text, const char *name, int base, uint64_t *number)
{
	const char *field = proc_field(text, name);
	char *end;
	uint64_t value;

	if (!field)
		return false;
	value = strtoull(field, &end, base);
	if (end == field)
		return false;
	*number = value;
	return true;
}

const char *proc_link(int dir, const char *name, char *text, size_t size)
{
	ssize_t length = readlinkat(dir, name, text, size - 1);

	text[length > 0 ? length : 0] = '\0';
	return text;
}

bool proc_tasks(int dir, pid_t **tids, size_t *count, int *errnum)
{
	int fd = openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
	size_t capacity = 0, found = 0;
	struct dirent *entry;
	pid_t *list = NULL;

	if (!entries) {
		*errnum = errno;
		if (fd >= 0)
			close(fd);
		return false;
	}
	while ((entry = readdir(entries))) {
		long tid = strtol(entry->d_name, NULL, 10);

		if (tid <= 0)
			continue;
		list = grow_array(list, &capacity, found + 1, sizeof(*list));
		list[found++] = (pid_t)tid;
	}
	closedir(entries);
	*tids = list;
	*count = found;
	return true;
}

bool proc_is_stopped(int dir)
{
	pid_t *tids = NULL;
	size_t count = 0;
	bool is_stopped = true;
	int errnum;

	if (!proc_tasks(dir, &tids, &count, &errnum))
		return true;
	for (size_t i = 0; i < count && is_stopped; i++) {
		struct strbuf text = STRBUF_INIT;
		const char *state;
		char name[64];

		snprintf(name, sizeof(name), "task/%d/status", (int)tids[i]);
		if (proc_file_read(dir, name, &text, &errnum) &&
			(state = proc_field(strbuf_text(&text), "State")))
			is_stopped = strchr("tTZX", *state) != NULL;
		strbuf_deinit(&text);
	}
	free(tids);
	return is_stopped;
}

int proc_open(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}
