/* tracer: makes all threads of a process stand still, and lets them go.
 *
 * PTRACE_SEIZE and PTRACE_INTERRUPT, never SIGSTOP: a process that was stopped (Ctrl-Z) stays so, one that
 * ran runs on, and a signal that arrives meanwhile is delivered afterwards. All requests come from a thread
 * of their own, for two reasons: the kernel lets go of everything that a thread holds when this thread ends,
 * so that even a thread of the target that did not stop in time, and that PTRACE_DETACH refuses, is free
 * after tracer_release; and when this program is killed, the same happens. */
#ifndef ASYNCINSPECT_TARGET_TRACER_H
#define ASYNCINSPECT_TARGET_TRACER_H

#include "inspector/base/error.h"
#include "inspector/target/system_call.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tracer_thread {
	pid_t tid;
	bool is_stopped; /* else it is gone, or it did not stop in time, or another tracer holds it */
	bool is_gone;
	bool has_registers; /* what is below is known */
	uint64_t stack_pointer, pc;
	uint64_t registers[27]; /* struct user_regs_struct */
	struct system_call call;
};

struct tracer;

/* Stops every thread of the process, again until no new one appears; waits at most about two seconds.
 * proc: /proc/PID. NULL, and nothing is held, when not even the main thread could be seized: ERROR_DENIED
 * with errno, ERROR_GONE. */
struct tracer *tracer_stop(int proc, pid_t pid, struct error *err);

/* The threads that are held, borrowed until tracer_release. *stuck: how many of them did not stop. */
const struct tracer_thread *tracer_threads(const struct tracer *tracer, size_t *count, size_t *stuck);

/* Milliseconds since the first interrupt; 0: there was none. */
double tracer_elapsed(const struct tracer *tracer);

/* Lets all go and frees tracer. Returns the milliseconds from the first interrupt to the last detach. NULL is
 * allowed: 0. */
double tracer_release(struct tracer *tracer);

#endif
