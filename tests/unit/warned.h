/* warned: what a target has told its users. */
#ifndef ASYNCINSPECT_TESTS_WARNED_H
#define ASYNCINSPECT_TESTS_WARNED_H

#include "inspector/target/target.h"

#include <string.h>

/* Whether one of its warnings has this in it. */
static inline bool warned(const struct target *t, const char *part)
{
	size_t count;
	const char *const *warnings = target_warnings(t, &count);

	for (size_t i = 0; i < count; i++) {
		if (strstr(warnings[i], part))
			return true;
	}
	return false;
}

#endif
