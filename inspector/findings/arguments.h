/* arguments: what a coroutine was called with, and where. */
#ifndef ASYNCINSPECT_FINDINGS_ARGUMENTS_H
#define ASYNCINSPECT_FINDINGS_ARGUMENTS_H

#include "inspector/findings/model.h"

/* Sets the arguments (the parameters of the function, with their values as they are now) and the creation
 * frames of an orphan. Values are cut after repr_limit characters. */
void arguments_read(
	struct python *py, const struct coroutine *coroutine, size_t repr_limit, struct orphan *orphan);

#endif
