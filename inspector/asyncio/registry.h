/* registry: asyncio's own record of its tasks, current tasks and running loops. */
#ifndef ASYNCINSPECT_ASYNCIO_REGISTRY_H
#define ASYNCINSPECT_ASYNCIO_REGISTRY_H

#include "inspector/asyncio/classes.h"

/* Adds the address of every task that asyncio.tasks of an interpreter knows to set (value 0): _all_tasks (a
 * WeakSet) up to 3.11, _scheduled_tasks (a WeakSet) and _eager_tasks (a set) from 3.12 on. Dead weak
 * references are skipped. False when none of them can be read. */
bool registry_tasks(struct python *py, const struct asyncio_names *names, struct addrmap *set);

/* The same for the tasks that the C implementation keeps from 3.14 on (Modules/_asynciomodule.c): its own in
 * lists of the threads, or of the interpreter once their thread has ended; those of other classes in the
 * state of the module. */
void registry_listed_tasks(
	struct python *py, const struct pythreads *threads, size_t interp, struct addrmap *set);

/* The sets of an interpreter that hold tasks for asyncio's own sake, and not weakly: tasks that were begun
 * eagerly and are in their first step. Writes at most REGISTRY_SETS addresses; returns how many. */
#define REGISTRY_SETS 2
size_t registry_strong_sets(
	struct python *py, const struct pyinterp *interp, const struct asyncio_names *names, uint64_t *sets);

/* Adds loop -> current task, from _current_tasks. */
void registry_current_tasks(struct python *py, const struct asyncio_names *names, struct addrmap *current);

/* The task that a thread executes, from 3.14 on; 0 none, or before. */
uint64_t registry_running_task(struct python *py, const struct pythread *thread);

/* The loop that a thread runs: what asyncio.get_running_loop() gives there; 0 none. Modules/_asynciomodule.c:
 * an entry of the thread's dictionary up to 3.12, in a holder up to 3.11; a field of the thread from 3.13 on.
 */
uint64_t registry_running_loop(
	struct python *py, struct asyncio_classes *classes, const struct pythread *thread);

#endif
