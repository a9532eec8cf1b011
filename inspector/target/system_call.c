#include "inspector/target/system_call.h"

#include "inspector/target/target.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <time.h>

/* include/linux/errno.h of the kernel: what a system call that sleeps returns when a signal or a stop wakes
 * it; only the kernel itself and a tracer get to see them. */
enum { ERESTARTSYS = 512, ERESTARTNOINTR = 513, ERESTARTNOHAND = 514, ERESTART_RESTARTBLOCK = 516 };

/* Made from the kernel's header <asm/unistd.h> (Makefile). */
static const struct {
	uint64_t number;
	const char *name;
} names[] = {
#include SYSTEM_CALLS
};

static uint64_t word(const uint64_t *registers, size_t offset)
{
	return registers[offset / sizeof(uint64_t)];
}

#define REGISTER(name) word(registers, offsetof(struct user_regs_struct, name))

void system_call_of_registers(const uint64_t *registers, struct system_call *call)
{
	int64_t number = (int64_t)REGISTER(orig_rax), result = (int64_t)REGISTER(rax);

	*call = (struct system_call){0};
	if (number < 0)
		return;
	call->is_waiting = result == -ERESTARTSYS || result == -ERESTARTNOINTR || result == -ERESTARTNOHAND ||
			   result == -ERESTART_RESTARTBLOCK || result == -EINTR;
	call->number = (uint64_t)number;
	call->arguments[0] = REGISTER(rdi);
	call->arguments[1] = REGISTER(rsi);
	call->arguments[2] = REGISTER(rdx);
	call->arguments[3] = REGISTER(r10);
	call->arguments[4] = REGISTER(r8);
	call->arguments[5] = REGISTER(r9);
}

void system_call_of_text(const char *text, struct system_call *call)
{
	int64_t number;

	*call = (struct system_call){0};
	if (sscanf(text, "%" SCNd64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64,
		    &number, &call->arguments[0], &call->arguments[1], &call->arguments[2],
		    &call->arguments[3], &call->arguments[4], &call->arguments[5]) != 7 ||
		number < 0)
		return;
	call->is_waiting = true;
	call->number = (uint64_t)number;
}

#define NANO  1000000000
#define MICRO 1000000

/* A struct timespec, or a struct timeval: seconds, and units of a second. */
static bool read_time(const struct target *t, uint64_t address, int64_t units, double *seconds)
{
	int64_t time[2];

	if (!address || !target_read(t, address, time, sizeof(time), NULL) || time[0] < 0 || time[1] < 0 ||
		time[1] >= units)
		return false;
	*seconds = (double)time[0] + (double)time[1] / (double)units;
	return true;
}

/* time.sleep() of Python (Modules/timemodule.c, pysleep) sleeps until a time of the monotonic clock from 3.11
 * on; before, it selects no descriptors, of which glibc makes pselect6, and before 2.34 select, and the
 * kernel stores there what is left of the time when it is interrupted. */
bool system_call_sleep(const struct target *t, const struct system_call *call, struct system_sleep *sleep)
{
	*sleep = (struct system_sleep){.seconds = -1, .until = -1};
	if (!call->is_waiting)
		return false;
	switch (call->number) {
	case SYS_clock_nanosleep:
		if (call->arguments[1] != TIMER_ABSTIME)
			return read_time(t, call->arguments[2], NANO, &sleep->seconds);
		return call->arguments[0] == CLOCK_MONOTONIC &&
		       read_time(t, call->arguments[2], NANO, &sleep->until);
	case SYS_nanosleep:
		return read_time(t, call->arguments[0], NANO, &sleep->seconds);
	case SYS_pselect6:
		return call->arguments[0] == 0 && read_time(t, call->arguments[4], NANO, &sleep->seconds);
#ifdef SYS_select /* not on aarch64 */
	case SYS_select:
		return call->arguments[0] == 0 && read_time(t, call->arguments[4], MICRO, &sleep->seconds);
#endif
	default:
		return false;
	}
}

/* Those that a thread may be found waiting in. */
bool system_call_descriptor(const struct system_call *call, int *fd)
{
	static const uint16_t calls[] = {SYS_read, SYS_write, SYS_pread64, SYS_pwrite64, SYS_readv,
		SYS_writev, SYS_preadv, SYS_pwritev, SYS_sendfile, SYS_splice, SYS_connect, SYS_accept,
		SYS_accept4, SYS_sendto, SYS_sendmsg, SYS_sendmmsg, SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg,
		SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_pwait2, SYS_fcntl, SYS_flock, SYS_fsync,
		SYS_fdatasync, SYS_ioctl, SYS_close, SYS_fallocate, SYS_ftruncate, SYS_getdents64,
		SYS_io_uring_enter, SYS_openat};

	if (call->arguments[0] > INT32_MAX)
		return false;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i] == call->number) {
			*fd = (int)call->arguments[0];
			return true;
		}
	return false;
}

const char *system_call_name(uint64_t number)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == number)
			return names[i].name;
	return NULL;
}
