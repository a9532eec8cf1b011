#include "inspector/symbols/debug_file.h"

#include "inspector/base/alloc.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static const char standard_dir[] = "/usr/lib/debug";

/* The Python version that a file name tells: python3.11, libpython3.11.so.1.0, _x.cpython-311-*.so. The
 * digits of the minor version; NULL when it is none of these. */
static const char *python_minor(const char *name, size_t *length)
{
	const char *found = strstr(name, "python3.");
	const char *digits = NULL;

	if (found)
		digits = found + strlen("python3.");
	else if ((found = strstr(name, ".cpython-3")))
		digits = found + strlen(".cpython-3");
	*length = digits ? strspn(digits, "0123456789") : 0;
	return *length && *length <= 3 ? digits : NULL;
}

int debug_file_missing(const char *path, const struct build_id *id, struct error *err)
{
	const char *slash = strrchr(path, '/');
	char text[BUILD_ID_TEXT];
	const char *minor;
	size_t length;

	if (id->size)
		error_set(err, ERROR_NOT_FOUND, "no debug information for %s (build-id %s)", path,
			build_id_text(id, text));
	else
		error_set(err, ERROR_NOT_FOUND, "no debug information for %s", path);
	minor = python_minor(slash ? slash + 1 : path, &length);
	if (minor)
		error_advise(err,
			"Install it (on Debian and Ubuntu: apt install python3.%.*s-dbg), or name the folder "
			"that "
			"holds it with --debug-dir DIR.",
			(int)length, minor);
	else
		error_advise(err, "Install the package with the debug symbols of this file, or name the "
				  "folder that holds "
				  "them with --debug-dir DIR.");
	return -1;
}

/* The checksum of .gnu_debuglink. */
static bool crc_matches(int fd, uint32_t expected)
{
	const size_t size = (size_t)256 << 10;
	unsigned char *buffer = xmalloc(size);
	uLong crc = crc32(0, NULL, 0);
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, buffer, size, at)) > 0) {
		crc = crc32(crc, buffer, (uInt)n);
		at += n;
	}
	free(buffer);
	return !n && (uint32_t)crc == expected;
}

/* Whether the file has debug information for the module; fd stays the caller's. */
static bool file_fits(int fd, const char *path, const struct debug_search *search)
{
	struct image *image = image_open(fcntl(fd, F_DUPFD_CLOEXEC, 0), path, NULL);
	bool fits;

	if (!image)
		return false;
	fits = image_has_debug_info(image) &&
	       (!search->build_id.size || !image_build_id(image)->size ||
		       build_id_equal(image_build_id(image), &search->build_id));
	image_close(image);
	return fits;
}

/* A descriptor of the file at path when it fits, or -1. */
static int open_fitting(
	const struct debug_search *search, const char *path, bool of_target, const uint32_t *crc)
{
	struct stat status;
	int fd;

	if (of_target)
		fd = target_open_file(search->target, path, NULL);
	else
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && !fstat(fd, &status) && S_ISREG(status.st_mode) && (!crc || crc_matches(fd, *crc)) &&
		file_fits(fd, path, search))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Takes ownership of path, and hands it over to *found with a descriptor; or -1. */
static int try_path(const struct debug_search *search, char *path, bool of_target, const uint32_t *crc,
	struct debug_found *found)
{
	int fd = open_fitting(search, path, of_target, crc);

	if (fd < 0)
		free(path);
	else
		*found = (struct debug_found){.path = path, .of_target = of_target};
	return fd;
}

/* "/.build-id/12/3456.debug". Caller frees. */
static char *build_id_path(const struct build_id *id)
{
	char text[BUILD_ID_TEXT];

	build_id_text(id, text);
	return xasprintf("/.build-id/%.2s/%s.debug", text, text + 2);
}

/* Below dir, on this machine: by build-id, or by the path of the module and the name in its debuglink. */
static int try_dir(const char *dir, const char *under, const struct debug_search *search, bool by_link,
	struct debug_found *found)
{
	const char *slash = strrchr(search->path, '/');
	char *tail, *path;

	if (!by_link)
		tail = build_id_path(&search->build_id);
	else
		tail = xasprintf(
			"%.*s/%s", slash ? (int)(slash - search->path) : 0, search->path, search->link_name);
	path = xasprintf("%s%s%s", under, dir, tail);
	free(tail);
	return try_path(search, path, false, by_link ? &search->link_crc : NULL, found);
}

static int try_dirs(const struct debug_search *search, bool by_link, struct debug_found *found)
{
	int fd = -1;

	for (const char *const *dir = search->dirs; dir && *dir && fd < 0; dir++)
		fd = try_dir(*dir, "", search, by_link, found);
	if (fd < 0 && search->sysroot)
		fd = try_dir(standard_dir, search->sysroot, search, by_link, found);
	if (fd < 0)
		fd = try_dir(standard_dir, "", search, by_link, found);
	return fd;
}

/* Files that the target sees: its own standard folder, and beside the module. */
static int try_target(const struct debug_search *search, bool by_link, struct debug_found *found)
{
	const char *slash = strrchr(search->path, '/');
	int length = slash ? (int)(slash - search->path) : 0;
	const uint32_t *crc = &search->link_crc;
	char *tail;
	int fd;

	if (!search->target)
		return -1;
	if (!by_link) {
		tail = build_id_path(&search->build_id);
		fd = try_path(search, xasprintf("%s%s", standard_dir, tail), true, NULL, found);
		free(tail);
		return fd;
	}
	tail = xasprintf("%.*s/%s", length, search->path, search->link_name);
	fd = try_path(search, xstrdup(tail), true, crc, found);
	if (fd < 0)
		fd = try_path(search, xasprintf("%.*s/.debug/%s", length, search->path, search->link_name),
			true, crc, found);
	if (fd < 0)
		fd = try_path(search, xasprintf("%s%s", standard_dir, tail), true, crc, found);
	free(tail);
	return fd;
}

int debug_file_open(const struct debug_search *search, struct debug_found *found, struct error *err)
{
	int fd = -1;

	if (search->build_id.size) {
		fd = try_dirs(search, false, found);
		if (fd < 0)
			fd = try_target(search, false, found);
	}
	if (fd < 0 && search->link_name) {
		fd = try_target(search, true, found);
		if (fd < 0)
			fd = try_dirs(search, true, found);
	}
	return fd < 0 ? debug_file_missing(search->path, &search->build_id, err) : fd;
}

int debug_file_reopen(const struct debug_search *search, const struct debug_found *found, struct error *err)
{
	/* With equal build-ids the checksum has nothing to add. */
	const uint32_t *crc = search->build_id.size ? NULL : &search->link_crc;
	int fd = open_fitting(search, found->path, found->of_target, crc);

	return fd < 0 ? debug_file_missing(search->path, &search->build_id, err) : fd;
}

/* Beside the debug file, where dwz left it; and in the folders for such files, in case that it was moved. */
static int open_by_path(
	const struct image *image, bool of_target, const struct debug_search *search, const char *path)
{
	const char *own = image_path(image), *slash = strrchr(own, '/'), *name = strrchr(path, '/');
	struct debug_found found = {.path = NULL};
	char *whole = path[0] == '/'
			      ? xstrdup(path)
			      : xasprintf("%.*s/%s", slash ? (int)(slash - own) : 1, slash ? own : ".", path);
	int fd = try_path(search, whole, of_target, NULL, &found);

	name = name ? name + 1 : path;
	for (const char *const *dir = search->dirs; dir && *dir && fd < 0; dir++)
		fd = try_path(search, xasprintf("%s/.dwz/%s", *dir, name), false, NULL, &found);
	free(found.path);
	return fd;
}

struct image *debug_file_open_alt(
	const struct image *image, bool of_target, const struct debug_search *where, struct error *err)
{
	struct debug_search search = *where;
	struct debug_found found = {.path = NULL};
	char *path, text[BUILD_ID_TEXT];
	struct image *alt = NULL;
	int fd;

	if (!image_altlink(image, &path, &search.build_id))
		return NULL;
	search.path = path;
	search.link_name = NULL;
	fd = open_by_path(image, of_target, &search, path);
	if (fd < 0)
		fd = debug_file_open(&search, &found, NULL);
	free(found.path);
	if (fd >= 0)
		alt = image_open(fd, path, NULL);
	if (alt && !image_is_common(alt, &search.build_id)) {
		image_close(alt);
		alt = NULL;
	}
	if (!alt) {
		error_set(err, ERROR_UNSUPPORTED,
			"the debug information in %s needs that in %s (build-id %s), which is not found",
			image_path(image), path, build_id_text(&search.build_id, text));
		error_advise(err,
			"Install the package that holds it, of the same version, or name its folder "
			"with --debug-dir DIR.");
	}
	free(path);
	return alt;
}
