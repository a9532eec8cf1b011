/* system_call: what a thread asked of the kernel and waits for. x86_64. */
#ifndef ASYNCINSPECT_TARGET_SYSTEM_CALL_H
#define ASYNCINSPECT_TARGET_SYSTEM_CALL_H

#include <stdbool.h>
#include <stdint.h>

#define SYSTEM_CALL_ARGUMENTS 6

struct system_call {
	/* The thread slept in it when it was stopped. False: it ran, in the kernel or outside, or that is not
	 * known. */
	bool is_waiting;
	/* Which one; SYS_restart_syscall for one that an earlier stop had interrupted, whose arguments are
	 * still there. */
	uint64_t number;
	uint64_t arguments[SYSTEM_CALL_ARGUMENTS];
};

/* The registers of a thread that was stopped, or has died: struct user_regs_struct, in its order. */
void system_call_of_registers(const uint64_t *registers, struct system_call *call);

/* The text of /proc/PID/task/TID/syscall, which is about a thread that sleeps, or says "running". */
void system_call_of_text(const char *text, struct system_call *call);

/* How long a thread sleeps that waits for nothing but time. */
struct system_sleep {
	double seconds; /* what it asked for, or what was left of that when it was stopped; negative: unknown
			 */
	double until;	/* by CLOCK_MONOTONIC, when it ends; negative: it asked otherwise */
};

/* Reads what it asked for from its memory. False: it waits in no such call, or that cannot be read. */
struct target;
bool system_call_sleep(const struct target *t, const struct system_call *call, struct system_sleep *sleep);

/* The descriptor that is its first argument; false: that is none, or AT_FDCWD. */
bool system_call_descriptor(const struct system_call *call, int *fd);

/* "recvfrom"; NULL for one that the kernel's header did not know where this was built. Static. */
const char *system_call_name(uint64_t number);

#endif
