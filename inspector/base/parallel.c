#include "inspector/base/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>

struct job {
	void (*work)(void *context, unsigned thread);
	void *context;
	unsigned thread;
	pthread_t handle;
	bool is_started;
};

unsigned parallel_threads(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return count < 1 ? 1 : count > PARALLEL_MOST ? PARALLEL_MOST : (unsigned)count;
}

static void *run(void *argument)
{
	struct job *job = argument;

	job->work(job->context, job->thread);
	return NULL;
}

void parallel_run(unsigned count, void (*work)(void *context, unsigned thread), void *context)
{
	struct job jobs[PARALLEL_MOST] = {0};
	sigset_t all, before;

	/* Signals are for the main thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned i = 1; i < count && i < PARALLEL_MOST; i++) {
		jobs[i] = (struct job){.work = work, .context = context, .thread = i};
		jobs[i].is_started = pthread_create(&jobs[i].handle, NULL, run, &jobs[i]) == 0;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	work(context, 0);
	for (unsigned i = 1; i < count; i++) {
		if (i < PARALLEL_MOST && jobs[i].is_started)
			pthread_join(jobs[i].handle, NULL);
		else
			work(context, i);
	}
}
