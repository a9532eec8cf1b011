#include "inspector/target/tracer.h"

#include "inspector/base/addrmap.h"
#include "inspector/base/alloc.h"
#include "inspector/target/clock.h"
#include "inspector/target/proc_file.h"

#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#define MOST_WAIT_MS 2000.0

/* What a thread gets to leave an uninterruptible sleep. One that stays there cannot run a single instruction
 * of its program before it stops for us, so that the copy is as good as with it stopped. */
#define SLEEP_WAIT_MS 20.0

enum tracee_state {
	TRACEE_RUNNING, /* seized and interrupted, has not stopped yet */
	TRACEE_STOPPED,
	TRACEE_FOREIGN, /* held by another tracer */
	TRACEE_GONE,
};

struct tracee {
	enum tracee_state state;
	int signal; /* to be delivered when it is let go: it stopped on the way to a handler; 0: none */
};

struct tracer {
	pid_t pid;
	int proc; /* borrowed */
	pthread_t thread;
	sem_t stopped, let_go;
	struct tracee *tracees;	       /* owned */
	struct tracer_thread *threads; /* owned; as many, same order */
	size_t count, capacity, thread_capacity;
	struct addrmap known;		     /* tids */
	double first_interrupt, last_detach; /* ms; first: 0 until there was one */
	struct error error;		     /* kind ERROR_NONE: the process is held */
};

static void read_registers(struct tracer_thread *thread)
{
	struct user_regs_struct registers;
	struct iovec part = {&registers, sizeof(registers)};

	if (ptrace(PTRACE_GETREGSET, thread->tid, (void *)(uintptr_t)NT_PRSTATUS, &part) < 0 ||
		part.iov_len != sizeof(registers))
		return;
	thread->has_registers = true;
	thread->stack_pointer = registers.rsp;
	thread->pc = registers.rip;
	_Static_assert(sizeof(thread->registers) == sizeof(registers), "x86_64 registers");
	memcpy(thread->registers, &registers, sizeof(registers));
	system_call_of_registers((const uint64_t *)&registers, &thread->call);
}

/* One look at a thread that was interrupted. Three kinds of stop: ours and that of a stopped process, both
 * PTRACE_EVENT_STOP, after which nothing has to be delivered (the kernel stops a stopped process again when
 * it is let go); or a signal that came first, which must be given back. */
static void poll_tracee(struct tracee *tracee, struct tracer_thread *thread)
{
	int status;
	pid_t got = waitpid(thread->tid, &status, __WALL | WNOHANG);

	if (got == 0 || (got < 0 && errno == EINTR))
		return;
	if (got < 0 || !WIFSTOPPED(status)) {
		tracee->state = TRACEE_GONE;
		thread->is_gone = true;
		return;
	}
	tracee->state = TRACEE_STOPPED;
	tracee->signal = status >> 16 == 0 ? WSTOPSIG(status) : 0;
	thread->is_stopped = true;
	read_registers(thread);
}

/* A thread that refuses has ended since it was listed, or another tracer holds it. When the main thread does,
 * the process may not be stopped at all. */
static enum tracee_state seize(struct tracer *tracer, pid_t tid)
{
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) < 0) {
		bool foreign = errno == EPERM;

		if (tid == tracer->pid)
			error_errno(&tracer->error, errno, "cannot stop process %d", (int)tid);
		return foreign ? TRACEE_FOREIGN : TRACEE_GONE;
	}
	if (tracer->first_interrupt == 0)
		tracer->first_interrupt = clock_ms();
	return ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) < 0 ? TRACEE_GONE : TRACEE_RUNNING;
}

/* Seizes the threads that are not known yet. Returns how many there were. The main thread comes first in the
 * directory; what it refuses, the others are not asked. */
static size_t seize_new(struct tracer *tracer)
{
	size_t count = 0, found = 0;
	pid_t *tids = NULL;
	int errnum;

	if (!proc_tasks(tracer->proc, &tids, &count, &errnum)) {
		if (tracer->count == 0)
			error_errno(&tracer->error, errnum == ENOENT ? ESRCH : errnum,
				"cannot list the threads of process %d", (int)tracer->pid);
		return 0;
	}
	for (size_t i = 0; i < count && tracer->error.kind == ERROR_NONE; i++) {
		if (!addrmap_put(&tracer->known, (uint64_t)tids[i], 0))
			continue;
		found++;
		tracer->tracees = grow_array(
			tracer->tracees, &tracer->capacity, tracer->count + 1, sizeof(*tracer->tracees));
		tracer->threads = grow_array(tracer->threads, &tracer->thread_capacity, tracer->count + 1,
			sizeof(*tracer->threads));
		tracer->threads[tracer->count] = (struct tracer_thread){.tid = tids[i]};
		tracer->tracees[tracer->count] = (struct tracee){.state = seize(tracer, tids[i])};
		tracer->threads[tracer->count].is_gone = tracer->tracees[tracer->count].state == TRACEE_GONE;
		tracer->count++;
	}
	free(tids);
	return found;
}

static bool sleeps_deeply(const struct tracer *tracer, pid_t tid)
{
	struct strbuf text = STRBUF_INIT;
	const char *state = NULL;
	char name[48];
	bool sleeps;
	int errnum;

	snprintf(name, sizeof(name), "task/%d/stat", (int)tid);
	if (proc_file_read(tracer->proc, name, &text, &errnum))
		state = strrchr(strbuf_text(&text), ')'); /* the name in parentheses may hold anything */
	sleeps = state && state[1] == ' ' && state[2] == 'D';
	strbuf_deinit(&text);
	return sleeps;
}

static bool only_sleepers_left(const struct tracer *tracer)
{
	for (size_t i = 0; i < tracer->count; i++) {
		if (tracer->tracees[i].state == TRACEE_RUNNING &&
			!sleeps_deeply(tracer, tracer->threads[i].tid))
			return false;
	}
	return true;
}

/* Waits until every seized thread stands. A look costs less than a sleep, so the first looks are in a row. */
static void wait_all(struct tracer *tracer, double deadline)
{
	double start = clock_ms();

	for (int round = 0;; round++) {
		struct timespec pause = {.tv_nsec = round < 200 ? 50000 : 1000000};
		bool waiting = false;

		for (size_t i = 0; i < tracer->count; i++) {
			if (tracer->tracees[i].state == TRACEE_RUNNING)
				poll_tracee(&tracer->tracees[i], &tracer->threads[i]);
			waiting |= tracer->tracees[i].state == TRACEE_RUNNING;
		}
		if (!waiting || clock_ms() > deadline)
			return;
		if (round > 100 && clock_ms() - start > SLEEP_WAIT_MS && only_sleepers_left(tracer))
			return;
		if (round < 100)
			sched_yield();
		else
			nanosleep(&pause, NULL);
	}
}

static void let_go(struct tracer *tracer)
{
	for (size_t i = 0; i < tracer->count; i++) {
		struct tracee *tracee = &tracer->tracees[i];
		pid_t tid = tracer->threads[i].tid;

		if (tracee->state ==
			TRACEE_RUNNING) /* perhaps it stopped since; else the end of the thread helps */
			poll_tracee(tracee, &tracer->threads[i]);
		if (tracee->state != TRACEE_STOPPED)
			continue;
		if (ptrace(PTRACE_DETACH, tid, NULL, (void *)(uintptr_t)tracee->signal) < 0)
			waitpid(tid, NULL, __WALL | WNOHANG); /* killed: its parent wants to hear of it */
	}
	tracer->last_detach = clock_ms();
}

static void *tracer_run(void *argument)
{
	struct tracer *tracer = argument;
	double deadline = clock_ms() + MOST_WAIT_MS;

	while (seize_new(tracer) > 0 && clock_ms() < deadline)
		wait_all(tracer, deadline);
	sem_post(&tracer->stopped);
	while (sem_wait(&tracer->let_go) < 0)
		;
	let_go(tracer);
	return NULL;
}

/* Signals are for the main thread. */
static bool start_thread(struct tracer *tracer)
{
	sigset_t all, before;
	int errnum;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errnum = pthread_create(&tracer->thread, NULL, tracer_run, tracer);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return errnum == 0 || error_errno(&tracer->error, errnum, "cannot start a thread");
}

static void tracer_destroy(struct tracer *tracer)
{
	sem_destroy(&tracer->stopped);
	sem_destroy(&tracer->let_go);
	addrmap_deinit(&tracer->known);
	free(tracer->tracees);
	free(tracer->threads);
	free(tracer);
}

struct tracer *tracer_stop(int proc, pid_t pid, struct error *err)
{
	struct tracer *tracer = xcalloc(1, sizeof(*tracer));

	tracer->pid = pid;
	tracer->proc = proc;
	sem_init(&tracer->stopped, 0, 0);
	sem_init(&tracer->let_go, 0, 0);
	if (start_thread(tracer)) {
		while (sem_wait(&tracer->stopped) < 0)
			;
		if (tracer->error.kind == ERROR_NONE)
			return tracer;
		if (err)
			*err = tracer->error;
		tracer_release(tracer);
		return NULL;
	}
	if (err)
		*err = tracer->error;
	tracer_destroy(tracer);
	return NULL;
}

const struct tracer_thread *tracer_threads(const struct tracer *tracer, size_t *count, size_t *stuck)
{
	*count = tracer->count;
	*stuck = 0;
	for (size_t i = 0; i < tracer->count; i++)
		*stuck += tracer->tracees[i].state == TRACEE_RUNNING;
	return tracer->threads;
}

double tracer_elapsed(const struct tracer *tracer)
{
	return tracer->first_interrupt > 0 ? clock_ms() - tracer->first_interrupt : 0;
}

double tracer_release(struct tracer *tracer)
{
	double stopped;

	if (!tracer)
		return 0;
	sem_post(&tracer->let_go);
	pthread_join(tracer->thread, NULL);
	stopped = tracer->first_interrupt > 0 ? tracer->last_detach - tracer->first_interrupt : 0;
	tracer_destroy(tracer);
	return stopped;
}
