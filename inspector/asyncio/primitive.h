/* primitive: the state of what a task waits for, in words. */
#ifndef ASYNCINSPECT_ASYNCIO_PRIMITIVE_H
#define ASYNCINSPECT_ASYNCIO_PRIMITIVE_H

#include "inspector/asyncio/wait.h"

/* "Queue at 0x7f10 (empty, 8 getters)", "task 'worker-1'", "gather of 4 tasks". In the arena of py. */
const char *primitive_describe(struct python *py, struct asyncio_classes *classes, const struct wait *wait);

#endif
