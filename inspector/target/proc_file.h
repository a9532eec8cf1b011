/* proc_file: small text files of /proc, read whole. */
#ifndef ASYNCINSPECT_TARGET_PROC_FILE_H
#define ASYNCINSPECT_TARGET_PROC_FILE_H

#include "inspector/base/error.h"
#include "inspector/base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Appends the file name (relative to the directory dir, or absolute) to out. False: *errnum says why, and out
 * may hold a part. A file above 256 MiB is EFBIG. */
bool proc_file_read(int dir, const char *name, struct strbuf *out, int *errnum);

/* In a text of lines "Name:\tVALUE", as status and meminfo have: the rest of the line after Name:, without
 * leading blanks. Borrowed from text, ends at a newline. NULL: no such line. */
const char *proc_field(const char *text, const char *name);

/* The number that a field begins with. False: no such line, or no number. */
bool proc_field_number(const char *text, const char *name, int base, uint64_t *number);

/* What a link of /proc points to, "" when it cannot be read. Returns text. */
const char *proc_link(int dir, const char *name, char *text, size_t size);

/* The entries of task/ under the directory of a process, in no order. Caller frees *tids. False: *errnum. */
bool proc_tasks(int dir, pid_t **tids, size_t *count, int *errnum);

/* Whether every thread of the process stands still: stopped by a tracer or by a signal. A thread that ends
 * meanwhile counts as still; a process that is gone, too. */
bool proc_is_stopped(int dir);

/* Opens /proc/PID. -1: errno. Such a descriptor stays with this process: when it has ended, every use of it
 * fails, even when the number belongs to another process by then. */
int proc_open(pid_t pid);

#endif
