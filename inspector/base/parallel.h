/* parallel: the same function on a few threads. */
#ifndef ASYNCINSPECT_BASE_PARALLEL_H
#define ASYNCINSPECT_BASE_PARALLEL_H

/* Memory bandwidth is used up by few. */
#define PARALLEL_MOST 8

/* How many threads are worth having here: 1 .. PARALLEL_MOST. */
unsigned parallel_threads(void);

/* Calls work(context, i) for i in 0 .. count - 1, one of them on this thread, and returns when all have. What
 * cannot have a thread of its own is called here, one after another: no call may wait for another. */
void parallel_run(unsigned count, void (*work)(void *context, unsigned thread), void *context);

#endif
