/* path_open: opening a regular file under another root, without leaving it and without harm. */
#ifndef ASYNCINSPECT_TARGET_PATH_OPEN_H
#define ASYNCINSPECT_TARGET_PATH_OPEN_H

#include "inspector/base/error.h"

#include <sys/stat.h>

/* Opens path read-only, if it is a regular file: a device or a FIFO is never opened, not even for a moment.
 * root: a directory that the path cannot leave, neither by .. nor by a symbolic link (an absolute link starts
 * at root again); or AT_FDCWD for an ordinary look-up. Returns a descriptor that the caller closes and fills
 * *status, or -1: ERROR_NOT_FOUND, ERROR_DENIED, ERROR_UNSUPPORTED (no regular file) or ERROR_SYSTEM. */
int path_open(int root, const char *path, struct stat *status, struct error *err);

/* The same for what a link of /proc points to, whatever its text says (map_files, exe). path is for the
 * error's text. */
int path_open_link(int dir, const char *name, const char *path, struct stat *status, struct error *err);

/* The same look-up, step by step, for kernels before 5.6, which lack openat2. Returns an O_PATH descriptor or
 * -1 with errno. Public for its test. */
int path_walk(int root, const char *path);

#endif
