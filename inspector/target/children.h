/* children: processes whose parent is a given one: for advice to a user who gave a wrapper's PID. */
#ifndef ASYNCINSPECT_TARGET_CHILDREN_H
#define ASYNCINSPECT_TARGET_CHILDREN_H

#include <stdbool.h>
#include <sys/types.h>

/* A child or grandchild of pid whose executable's name contains part ("python"); the one with the lowest PID
 * among the nearest. 0 when there is none. */
pid_t children_find(pid_t pid, const char *part);

#endif
