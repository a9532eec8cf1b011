#include "inspector/findings/place.h"

#include <string.h>

/* What follows /lib/python3.12/, /lib64/python3.12/ or /dist-packages/ and the like; NULL: no library. */
static const char *below_library(const char *file)
{
	const char *at = file, *found = NULL;

	while ((at = strstr(at, "/python3"))) {
		const char *rest = strchr(at + 1, '/');

		if (!rest)
			break;
		if (at >= file + 4 && (strncmp(at - 4, "/lib", 4) == 0 ||
					      (at >= file + 6 && strncmp(at - 6, "/lib64", 6) == 0)))
			found = rest + 1;
		at = rest;
	}
	if (strncmp(file, "<frozen ", 8) == 0)
		return file;
	return found;
}

static const char *below_packages(const char *file)
{
	static const char *const folders[] = {"/site-packages/", "/dist-packages/"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		const char *at = strstr(file, folders[i]);

		if (at)
			return at + strlen(folders[i]);
	}
	return NULL;
}

bool place_is_library(const char *file)
{
	return file && below_library(file) && !below_packages(file);
}

bool place_is_installed(const char *file)
{
	return file && (below_library(file) || below_packages(file));
}

const char *place_file(const struct facts *facts, const char *file)
{
	const char *shorter = below_packages(file);
	const char *folder = facts->main_folder;

	if (!shorter)
		shorter = below_library(file);
	if (!shorter && folder) {
		size_t length = strlen(folder);

		if (length && strncmp(file, folder, length) == 0 && file[length] == '/' && file[length + 1])
			shorter = file + length + 1;
	}
	return shorter ? shorter : file;
}
