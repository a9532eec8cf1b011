/* clock: the monotonic clock in milliseconds. */
#ifndef ASYNCINSPECT_TARGET_CLOCK_H
#define ASYNCINSPECT_TARGET_CLOCK_H

#include <time.h>

static inline double clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

#endif
