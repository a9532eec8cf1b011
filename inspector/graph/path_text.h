/* path_text: a way from a root as a Python programmer would write it.
 *
 *   app.container._pending['user:42']
 *   closure cell 'coro' of __main__.CALLBACKS[3]
 *   local 'saved' of coroutine handler in task 'handler-7'
 *   (local 'session' of coroutine keep_session in task 'session-keeper').deferred_3
 *
 * What a task drives is told from the task on: how the task itself is reached is another question. */
#ifndef ASYNCINSPECT_GRAPH_PATH_TEXT_H
#define ASYNCINSPECT_GRAPH_PATH_TEXT_H

#include "inspector/graph/retention.h"

/* In the arena of py. Uses root, count and steps of path. */
const char *path_text(const struct asyncio *a, const struct path *path);

#endif
