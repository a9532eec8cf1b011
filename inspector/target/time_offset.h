/* time_offset: how a process's monotonic clock differs from ours: it can be in a time namespace of its own
 * (time_namespaces(7)), as containers that were restored elsewhere are. */
#ifndef ASYNCINSPECT_TARGET_TIME_OFFSET_H
#define ASYNCINSPECT_TARGET_TIME_OFFSET_H

#include <stdbool.h>

/* Seconds to add to our CLOCK_MONOTONIC for what the process sees. proc: its directory in /proc. False: it is
 * in another time namespace, and the offset cannot be read. */
bool monotonic_offset(int proc, double *seconds);

#endif
