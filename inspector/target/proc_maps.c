#include "inspector/target/proc_maps.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

/* A number up to the character after it, which is skipped. False: no number, or another character. */
static bool take_number(const char **at, int base, char after, uint64_t *number)
{
	char *end;

	*number = strtoull(*at, &end, base);
	if (end == *at || *end != after)
		return false;
	*at = end + 1;
	return true;
}

static bool take_prot(const char **at, struct mapping *mapping)
{
	const char *p = *at;

	if (strnlen(p, 5) < 5)
		return false;
	mapping->prot = (p[0] == 'r' ? PROT_READ : 0) | (p[1] == 'w' ? PROT_WRITE : 0) |
			(p[2] == 'x' ? PROT_EXEC : 0);
	mapping->is_shared = p[3] == 's';
	*at = p + 5;
	return true;
}

/* Of a path the kernel escapes newlines alone. A file whose name really holds \012 or ends in " (deleted)" is
 * named wrongly here; what is read is not touched by that, since files are checked by inode or build-id. */
static const char *take_path(struct arena *arena, const char *text, size_t length, bool *is_deleted)
{
	static const char suffix[] = " (deleted)";
	const size_t cut = sizeof(suffix) - 1;
	char *path, *out;

	*is_deleted = length > cut && text[0] == '/' && memcmp(text + length - cut, suffix, cut) == 0;
	if (*is_deleted)
		length -= cut;
	path = out = arena_strndup(arena, text, length);
	for (const char *in = path; *in;) {
		bool newline = strncmp(in, "\\012", 4) == 0;

		*out++ = newline ? '\n' : *in;
		in += newline ? 4 : 1;
	}
	*out = '\0';
	return path;
}

/* 7f0c1e200000-7f0c1e228000 r--p 00001000 fe:00 247134    /usr/lib/x.so */
static bool take_line(struct arena *arena, const char *line, size_t length, struct mapping *mapping)
{
	uint64_t major_number, minor_number;
	const char *at = line, *path;

	memset(mapping, 0, sizeof(*mapping));
	if (!take_number(&at, 16, '-', &mapping->start) || !take_number(&at, 16, ' ', &mapping->end) ||
		!take_prot(&at, mapping) || !take_number(&at, 16, ' ', &mapping->file_offset) ||
		!take_number(&at, 16, ':', &major_number) || !take_number(&at, 16, ' ', &minor_number))
		return false;
	mapping->device = makedev((unsigned)major_number, (unsigned)minor_number);
	mapping->inode = strtoull(at, (char **)&path, 10);
	if (path == at || path > line + length || mapping->start >= mapping->end)
		return false;
	path += strspn(path, " ");
	mapping->path = take_path(arena, path, (size_t)(line + length - path), &mapping->is_deleted);
	if (mapping->inode == 0 && mapping->path[0] != '/')
		mapping->file_offset = 0;
	return true;
}

struct mapping *proc_maps_parse(struct arena *arena, const char *text, size_t *count)
{
	struct mapping *mappings;
	size_t lines = 1, found = 0;

	for (const char *at = strchr(text, '\n'); at; at = strchr(at + 1, '\n'))
		lines++;
	mappings = arena_alloc(arena, lines * sizeof(*mappings));
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (take_line(arena, text, length, &mappings[found]) &&
			(found == 0 || mappings[found].start >= mappings[found - 1].end))
			found++;
		text += length + (text[length] == '\n');
	}
	*count = found;
	return mappings;
}
