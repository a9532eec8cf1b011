#include "inspector/python/source.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE_MAX_READ ((off_t)16 << 20)
#define LINE_LIMIT    200

/* A file's text, kept for the next line of it. */
struct source {
	const struct source *next;
	const char *file;
	const char *text; /* NULL: it cannot be read */
	size_t size;
};

static const char *read_all(struct python *py, int fd, size_t *size)
{
	struct stat st;
	size_t done = 0;
	char *text;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > SIZE_MAX_READ)
		return NULL;
	text = arena_alloc(py->arena, (size_t)st.st_size + 1);
	while (done < (size_t)st.st_size) {
		ssize_t got = read(fd, text + done, (size_t)st.st_size - done);

		if (got <= 0)
			break;
		done += (size_t)got;
	}
	*size = done;
	return text;
}

static const struct source *find(struct python *py, const char *file)
{
	struct source *source;
	int fd;

	for (const struct source *s = py->sources; s; s = s->next)
		if (strcmp(s->file, file) == 0)
			return s;
	source = arena_alloc(py->arena, sizeof(*source));
	source->file = file;
	source->next = py->sources;
	py->sources = source;
	fd = target_open_file(py->target, file, NULL);
	if (fd >= 0) {
		source->text = read_all(py, fd, &source->size);
		close(fd);
	}
	return source;
}

const char *source_line(struct python *py, const char *file, uint32_t line)
{
	const struct source *source;
	const char *at, *end;

	if (file[0] != '/' || !line)
		return NULL;
	source = find(py, file);
	if (!source->text)
		return NULL;
	at = source->text;
	end = source->text + source->size;
	while (--line) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (!at)
			return NULL;
		at++;
	}
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	end = at + strcspn(at, "\r\n");
	if (at == end)
		return NULL;
	return arena_strndup(py->arena, at, end - at < LINE_LIMIT ? (size_t)(end - at) : LINE_LIMIT);
}
