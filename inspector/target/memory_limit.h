/* memory_limit: how much memory this program may take without harm to others. */
#ifndef ASYNCINSPECT_TARGET_MEMORY_LIMIT_H
#define ASYNCINSPECT_TARGET_MEMORY_LIMIT_H

#include <stdint.h>

/* Bytes: MemAvailable, or what is left in the smallest memory cgroup (version 1 or 2) around us when that is
 * less: in a container we share it with the target, and the kernel might end the target and not us.
 * UINT64_MAX when nothing is known. */
uint64_t memory_available(void);

/* The same by the files below a directory in the place of the root: for tests. */
uint64_t memory_available_below(int root);

#endif
