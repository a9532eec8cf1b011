#include "tests/unit/fixture.h"

#include "inspector/base/alloc.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *fixture_folder(void)
{
	const char *parent = getenv("TMPDIR");
	char *folder = xasprintf("%s/asyncinspect-test-XXXXXX", parent && *parent ? parent : "/tmp");

	if (mkdtemp(folder))
		return folder;
	perror(folder);
	free(folder);
	return NULL;
}

void fixture_remove(char *folder)
{
	if (folder)
		fixture_run("/", "rm -rf '%s'", folder);
	free(folder);
}

bool fixture_run(const char *folder, const char *format, ...)
{
	char command[2048], whole[4096];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= sizeof(command))
		return false;
	snprintf(whole, sizeof(whole), "cd '%s' && { %s; } >/dev/null 2>&1", folder, command);
	return system(whole) == 0;
}

bool fixture_library(const char *folder, const char *name, const char *flags)
{
	const char *cc = getenv("CC");
	char sources[1024];

	if (!getcwd(sources, sizeof(sources)))
		return false;
	/* other.c first: its types must not be taken only because they are found first. */
	return fixture_run(folder,
		"%s -std=gnu11 -O1 -fPIC -shared -Wl,--build-id %s -o '%s' '%s/tests/unit/fixtures/other.c' "
		"'%s/tests/unit/fixtures/types.c'",
		cc && *cc ? cc : "cc", flags, name, sources, sources);
}

const char *fixture_path(const char *folder, const char *name)
{
	static char paths[4][1024];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

uint8_t *fixture_read(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes;
	long length;

	ck_assert_msg(file, "cannot open %s", path);
	ck_assert(!fseek(file, 0, SEEK_END));
	length = ftell(file);
	ck_assert(length >= 0 && !fseek(file, 0, SEEK_SET));
	bytes = xmalloc((size_t)length);
	ck_assert(fread(bytes, 1, (size_t)length, file) == (size_t)length);
	fclose(file);
	*size = (size_t)length;
	return bytes;
}

void fixture_write(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	ck_assert_msg(file, "cannot write %s", path);
	ck_assert(fwrite(bytes, 1, size, file) == size);
	ck_assert(!fclose(file));
}
