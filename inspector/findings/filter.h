/* filter: which tasks and coroutines a user wants to see: by name, function or file, as shell patterns. */
#ifndef ASYNCINSPECT_FINDINGS_FILTER_H
#define ASYNCINSPECT_FINDINGS_FILTER_H

#include "inspector/findings/model.h"

/* Patterns of fnmatch(3), in which `*` matches a slash, too; NULL matches everything. What is given has to
 * match all together. */
struct filter {
	const char *name;     /* of the task */
	const char *function; /* qualified name of any frame on its stack, or of its coroutine */
	const char *file;     /* of any frame on its stack, as place_file() writes it, or whole */
};

bool filter_is_set(const struct filter *filter);

/* The name is not looked at for a coroutine. */
bool filter_has_task(const struct filter *filter, const struct facts *facts, const struct task *task);
bool filter_has_coroutine(const struct filter *filter, const struct facts *facts, const struct coroutine *c);

#endif
