#include "inspector/target/path_open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As many as the kernel follows. */
#define MOST_LINKS 40

/* Takes the first component off rest and appends it to done (".." takes the last one off). False:
 * ENAMETOOLONG, or nothing is left (*at == '\0'). The new component starts at *at in done. */
static bool step(char done[PATH_MAX], char rest[PATH_MAX])
{
	size_t skip = strspn(rest, "/"), length = strcspn(rest + skip, "/"), used = strlen(done);
	const char *name = rest + skip;

	if (length == 2 && memcmp(name, "..", 2) == 0) {
		char *slash = strrchr(done, '/');

		done[slash ? slash - done : 0] = '\0';
	} else if (length > 0 && !(length == 1 && name[0] == '.')) {
		if (used + length + 2 > PATH_MAX) {
			errno = ENAMETOOLONG;
			return false;
		}
		if (used > 0)
			done[used++] = '/';
		memcpy(done + used, name, length);
		done[used + length] = '\0';
	}
	memmove(rest, name + length, strlen(name + length) + 1);
	return true;
}

/* Puts the target of the link fd before rest; done loses the link's own name, or all when it is absolute. */
static bool follow(int fd, char done[PATH_MAX], char rest[PATH_MAX])
{
	char link[PATH_MAX];
	ssize_t length = readlinkat(fd, "", link, sizeof(link));
	size_t tail = strlen(rest);
	char *slash = strrchr(done, '/');

	if (length <= 0)
		return false;
	if ((size_t)length + 1 + tail + 1 > PATH_MAX) {
		errno = ENAMETOOLONG;
		return false;
	}
	done[link[0] == '/' || !slash ? 0 : slash - done] = '\0';
	memmove(rest + length + 1, rest, tail + 1);
	rest[length] = '/';
	memcpy(rest, link, (size_t)length);
	return true;
}

int path_walk(int root, const char *path)
{
	char done[PATH_MAX] = "", rest[PATH_MAX];
	int links = 0;

	if (strlen(path) >= sizeof(rest)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(rest, path);
	for (;;) {
		struct stat status;
		bool ended;
		int fd;

		if (!step(done, rest))
			return -1;
		ended = rest[strspn(rest, "/")] == '\0';
		fd = openat(root, done[0] ? done : ".", O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return -1;
		if (fstat(fd, &status) == 0 && S_ISLNK(status.st_mode)) {
			bool followed = ++links <= MOST_LINKS && follow(fd, done, rest);

			if (links > MOST_LINKS)
				errno = ELOOP;
			close(fd);
			if (!followed)
				return -1;
			continue;
		}
		if (ended)
			return fd;
		close(fd);
	}
}

static int open_in_root(int root, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	/* EAGAIN: something was renamed while ".." was resolved. */
	for (int tries = 0; tries < 8; tries++) {
		fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	/* EPERM: containers whose seccomp filter is older than the call. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = path_walk(root, path);
	return fd;
}

/* Turns an O_PATH descriptor into one to read from, after a look at what it is. */
static int open_looked_at(int looked, const char *path, struct stat *status, struct error *err)
{
	char name[64];
	int fd;

	if (fstat(looked, status) < 0) {
		error_errno(err, errno, "cannot look at %s", path);
		return -1;
	}
	if (!S_ISREG(status->st_mode)) {
		error_set(err, ERROR_UNSUPPORTED, "%s is no regular file", path);
		return -1;
	}
	snprintf(name, sizeof(name), "/proc/self/fd/%d", looked);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		error_errno(err, errno, "cannot open %s", path);
	return fd;
}

static int open_found(int looked, const char *path, struct stat *status, struct error *err)
{
	int fd;

	if (looked < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			error_set(err, ERROR_NOT_FOUND, "there is no file %s", path);
		else
			error_errno(err, errno, "cannot open %s", path);
		return -1;
	}
	fd = open_looked_at(looked, path, status, err);
	close(looked);
	return fd;
}

int path_open(int root, const char *path, struct stat *status, struct error *err)
{
	int looked = root == AT_FDCWD ? open(path, O_PATH | O_CLOEXEC) : open_in_root(root, path);

	return open_found(looked, path, status, err);
}

int path_open_link(int dir, const char *name, const char *path, struct stat *status, struct error *err)
{
	return open_found(openat(dir, name, O_PATH | O_CLOEXEC), path, status, err);
}
