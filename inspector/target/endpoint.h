/* endpoint: what a file descriptor of a process is connected to, as the kernel tells it now: /proc/PID/fd and
 * /proc/PID/net. A core has nothing of it.
 *
 * It is asked after the process was let go: a descriptor that was closed meanwhile is told as nothing, one
 * that was opened anew as the new one. */
#ifndef ASYNCINSPECT_TARGET_ENDPOINT_H
#define ASYNCINSPECT_TARGET_ENDPOINT_H

#include "inspector/base/alloc.h"
#include "inspector/target/target.h"

struct endpoint {
	const char *kind; /* "tcp", "udp", "unix", "socket", "pipe", "file" */
	/* "127.0.0.1:80", "[::1]:80", the path of a unix socket ("@name" an abstract one), the path of a
	 * file. NULL: none, or unknown. */
	const char *local, *peer;
};

/* Addresses of the sockets in the process's network namespace: what was read of the kernel's tables so far.
 */
struct endpoint_table;

/* Never NULL. Owned. */
struct endpoint_table *endpoint_table_create(const struct target *t);
void endpoint_table_destroy(struct endpoint_table *table); /* NULL is allowed */

/* False: a core, or no such descriptor, or it may not be looked at. Strings are the table's. */
bool endpoint_find(struct endpoint_table *table, int64_t fd, struct endpoint *endpoint);

#endif
