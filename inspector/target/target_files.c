/* Which file on this machine is the one that the target has mapped. */
#include "inspector/target/path_open.h"
#include "inspector/target/proc_file.h"
#include "inspector/target/target_live.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool target_open_root(struct target *t, int fallback, struct error *err)
{
	t->root = fallback;
	if (!t->options.sysroot)
		return true;
	if (fallback >= 0)
		close(fallback);
	t->root = open(t->options.sysroot, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (t->root >= 0)
		return true;
	return error_set(err, ERROR_NOT_FOUND, "the sysroot %s is no directory", t->options.sysroot);
}

static bool is_executable(const struct target *t, const char *path)
{
	return t->options.executable && strcmp(path, t->executable) == 0;
}

/* --exe is a path of the user, not of the target: it is not looked up in the sysroot. */
static int open_named(const struct target *t, const char *path, struct stat *status, struct error *err)
{
	if (is_executable(t, path))
		return path_open(AT_FDCWD, t->options.executable, status, err);
	if (path[0] != '/') {
		error_set(err, ERROR_NOT_FOUND, "%s is no path of a file", path);
		return -1;
	}
	return path_open(t->root, path, status, err);
}

static bool same_inode(const struct mapping *mapping, const struct stat *status)
{
	return mapping->device == status->st_dev && mapping->inode == status->st_ino;
}

/* The link exe leads to the very inode, as map_files does, and needs no more rights than reading memory. */
static int open_exe(const struct target *t, const struct mapping *mapping, struct stat *status)
{
	int fd;

	if (is_executable(t, mapping->path) || strcmp(mapping->path, t->executable) != 0)
		return -1;
	fd = path_open_link(t->proc, "exe", mapping->path, status, NULL);
	if (fd >= 0 && status->st_ino != mapping->inode) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Of a process in a chroot the kernel shows us paths from the root that it sees for its mounts, not from the
 * process's own. That one is shown in the same way, so that the rest is the path in there. */
static int open_below_root(const struct target *t, const char *path, struct stat *status)
{
	char root[PATH_MAX];
	size_t length = strlen(proc_link(t->proc, "root", root, sizeof(root)));

	if (length < 2 || strncmp(path, root, length) != 0 || path[length] != '/')
		return -1;
	return path_open(t->root, path + length, status, NULL);
}

/* The file of a mapping of the process. *is_exact: no doubt that it is this one. map_files leads to the very
 * inode, deleted or not, in any mount namespace, but only with CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN. */
static int open_live(const struct target *t, const struct mapping *mapping, struct stat *status,
	bool *is_exact, struct error *err)
{
	struct error first = ERROR_INIT;
	char name[64];
	int fd;

	*is_exact = true;
	if (!t->no_map_files && !is_executable(t, mapping->path)) {
		snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, mapping->start, mapping->end);
		fd = path_open_link(t->proc, name, mapping->path, status, &first);
		if (fd >= 0 || first.kind == ERROR_UNSUPPORTED) {
			if (fd < 0 && err)
				*err = first;
			return fd;
		}
	}
	fd = open_exe(t, mapping, status);
	if (fd < 0)
		fd = open_named(t, mapping->path, status, err);
	if (fd < 0 && !t->options.sysroot && !is_executable(t, mapping->path)) {
		fd = open_below_root(t, mapping->path, status);
		/* It may have been mapped before the chroot was entered. */
		if (fd < 0)
			fd = path_open(AT_FDCWD, mapping->path, status, NULL);
	}
	*is_exact = fd >= 0 && same_inode(mapping, status);
	return fd;
}

/* The first page of the file in the process: the image that its build-id is found in. False: not mapped. */
static bool read_image(const struct target *t, const struct mapping *mapping, uint8_t image[PAGE_BYTES])
{
	for (size_t i = 0; i < t->mapping_count; i++) {
		const struct mapping *m = &t->mappings[i];

		if (m->file_offset == 0 && m->device == mapping->device && m->inode == mapping->inode &&
			strcmp(m->path, mapping->path) == 0)
			return live_read(t, m->start, image, PAGE_BYTES, NULL);
	}
	return false;
}

/* The device that maps shows is not always the one that stat shows (btrfs, overlayfs), and a file that was
 * installed again has another inode and the same bytes: so the build-id decides. A file that is no ELF is
 * accepted by inode and first page. */
static void check_live(const struct target *t, struct mapped_file *file, const struct mapping *mapping)
{
	uint8_t image[PAGE_BYTES];
	struct error err = ERROR_INIT;

	if (!read_image(t, mapping, image)) {
		error_set(&err, ERROR_MISMATCH, "%s is another file than the mapped one", file->path);
		mapped_file_refuse(file, &err);
		return;
	}
	if (mapped_file_matches(file, image, sizeof(image), &err))
		return;
	if (err.kind == ERROR_UNSUPPORTED && file->here_inode == mapping->inode && file->size >= PAGE_BYTES &&
		memcmp(file->bytes, image, PAGE_BYTES) == 0)
		return;
	mapped_file_refuse(file, &err);
}

struct mapped_file *live_file(struct target *t, const struct mapping *mapping)
{
	struct mapped_file *file;
	struct stat status;
	bool is_exact;
	int fd;

	if (mapping->inode == 0 || mapping->path[0] != '/')
		return NULL;
	file = mapped_file_find(&t->files, mapping->path, mapping->device, mapping->inode);
	if (file)
		return file;
	file = mapped_file_add(&t->files, mapping->path, mapping->device, mapping->inode);
	if (is_executable(t, file->path))
		file->name = t->options.executable;
	fd = open_live(t, mapping, &status, &is_exact, &file->refusal);
	if (fd < 0)
		return file;
	file->refusal.kind = ERROR_NONE;
	if (mapped_file_map(file, fd, &status) && !is_exact)
		check_live(t, file, mapping);
	close(fd);
	return file;
}

const char *core_plain_path(struct target *t, const char *path)
{
	static const char suffix[] = " (deleted)";
	const size_t cut = sizeof(suffix) - 1;
	size_t length = strlen(path);

	if (length > cut && strcmp(path + length - cut, suffix) == 0)
		return arena_strndup(t->arena, path, length - cut);
	return path;
}

struct mapped_file *core_file_of(struct target *t, const struct core_mapping *mapping)
{
	const char *path = core_plain_path(t, mapping->path);
	struct mapped_file *file = mapped_file_find(&t->files, path, 0, 0);
	struct stat status;
	int fd;

	if (file)
		return file;
	file = mapped_file_add(&t->files, path, 0, 0);
	if (is_executable(t, path))
		file->name = t->options.executable;
	fd = open_named(t, path, &status, &file->refusal);
	if (fd >= 0) {
		mapped_file_map(file, fd, &status);
		close(fd);
	} else if (file->refusal.kind == ERROR_NOT_FOUND) {
		error_set(&file->refusal, ERROR_NOT_FOUND, "%s is not %s%s", file->name,
			t->options.sysroot && file->name == path ? "under " : "on this machine",
			t->options.sysroot && file->name == path ? t->options.sysroot : "");
	}
	return file;
}

static bool is_library(struct mapped_file *file, const char *here, const uint8_t *image, size_t size)
{
	struct stat status;
	int fd = path_open(AT_FDCWD, here, &status, NULL);
	bool done;

	if (fd < 0)
		return false;
	file->refusal = (struct error)ERROR_INIT;
	done = mapped_file_map(file, fd, &status) && mapped_file_matches(file, image, size, &file->refusal);
	close(fd);
	return done;
}

bool core_find_library(struct target *t, struct mapped_file *file, const uint8_t *image, size_t size)
{
	const char *const *dirs = t->options.library_dirs, *name = strrchr(file->path, '/');
	struct error first = file->refusal;

	for (size_t i = 0; file->path[0] == '/' && dirs && dirs[i]; i++) {
		const char *places[] = {file->path, name};

		for (size_t j = 0; j < 2; j++) {
			char *here = arena_printf(t->arena, "%s%s", dirs[i], places[j]);

			mapped_file_refuse(file, &first);
			if (is_library(file, here, image, size)) {
				file->here = here;
				return true;
			}
		}
	}
	mapped_file_refuse(file, &first);
	return false;
}

/* The checked file of a mapped path. *mapping: one of its mappings, for a live target. */
static const struct mapped_file *find_mapped(
	const struct target *t, const char *path, const struct mapping **mapping)
{
	for (size_t i = 0; i < t->mapping_count; i++) {
		const struct mapping *m = &t->mappings[i];
		const struct mapped_file *file;

		if (strcmp(m->path, path) != 0)
			continue;
		file = mapped_file_find(&t->files, path, m->device, m->inode);
		*mapping = m;
		if (file)
			return file;
	}
	return NULL;
}

/* Opens a checked file again; it must still be the one that was checked. */
static int open_again(const struct target *t, const struct mapped_file *file, const struct mapping *mapping,
	struct error *err)
{
	struct stat status;
	bool is_exact;
	int fd;

	if (file->refusal.kind != ERROR_NONE) {
		if (err)
			*err = file->refusal;
		return -1;
	}
	if (t->kind == TARGET_LIVE)
		fd = open_live(t, mapping, &status, &is_exact, err);
	else if (file->here)
		fd = path_open(AT_FDCWD, file->here, &status, err);
	else
		fd = open_named(t, file->path, &status, err);
	if (fd >= 0 && (status.st_dev != file->here_device || status.st_ino != file->here_inode)) {
		error_set(err, ERROR_MISMATCH, "%s was replaced just now", file->path);
		close(fd);
		return -1;
	}
	return fd;
}

int target_open_file(const struct target *t, const char *path, struct error *err)
{
	const struct mapping *mapping = NULL;
	const struct mapped_file *file = find_mapped(t, path, &mapping);
	struct stat status;

	if (file)
		return open_again(t, file, mapping, err);
	if (t->root == -1) {
		error_set(err, ERROR_NOT_FOUND, "this target has no files");
		return -1;
	}
	return open_named(t, path, &status, err);
}
