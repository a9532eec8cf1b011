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

static const struct {
	uint64_t number;
	const char *name;
} names[] = {
	{SYS_read, "read"},
	{SYS_write, "write"},
	{SYS_poll, "poll"},
	{SYS_pread64, "pread64"},
	{SYS_pwrite64, "pwrite64"},
	{SYS_readv, "readv"},
	{SYS_writev, "writev"},
	{SYS_select, "select"},
	{SYS_nanosleep, "nanosleep"},
	{SYS_pause, "pause"},
	{SYS_sendfile, "sendfile"},
	{SYS_connect, "connect"},
	{SYS_accept, "accept"},
	{SYS_sendto, "sendto"},
	{SYS_recvfrom, "recvfrom"},
	{SYS_sendmsg, "sendmsg"},
	{SYS_recvmsg, "recvmsg"},
	{SYS_wait4, "wait4"},
	{SYS_msgsnd, "msgsnd"},
	{SYS_msgrcv, "msgrcv"},
	{SYS_semop, "semop"},
	{SYS_fcntl, "fcntl"},
	{SYS_flock, "flock"},
	{SYS_fsync, "fsync"},
	{SYS_fdatasync, "fdatasync"},
	{SYS_open, "open"},
	{SYS_openat, "openat"},
	{SYS_close, "close"},
	{SYS_ptrace, "ptrace"},
	{SYS_rt_sigsuspend, "rt_sigsuspend"},
	{SYS_rt_sigtimedwait, "rt_sigtimedwait"},
	{SYS_futex, "futex"},
	{SYS_semtimedop, "semtimedop"},
	{SYS_restart_syscall, "restart_syscall"},
	{SYS_clock_nanosleep, "clock_nanosleep"},
	{SYS_epoll_wait, "epoll_wait"},
	{SYS_epoll_pwait, "epoll_pwait"},
	{SYS_epoll_pwait2, "epoll_pwait2"},
	{SYS_mq_timedsend, "mq_timedsend"},
	{SYS_mq_timedreceive, "mq_timedreceive"},
	{SYS_waitid, "waitid"},
	{SYS_pselect6, "pselect6"},
	{SYS_ppoll, "ppoll"},
	{SYS_splice, "splice"},
	{SYS_accept4, "accept4"},
	{SYS_preadv, "preadv"},
	{SYS_pwritev, "pwritev"},
	{SYS_recvmmsg, "recvmmsg"},
	{SYS_io_uring_enter, "io_uring_enter"},
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

static bool read_time(const struct target *t, uint64_t address, double *seconds)
{
	struct timespec time;

	if (!address || !target_read(t, address, &time, sizeof(time), NULL) || time.tv_sec < 0 ||
		time.tv_nsec < 0 || time.tv_nsec >= 1000000000)
		return false;
	*seconds = (double)time.tv_sec + (double)time.tv_nsec / 1e9;
	return true;
}

/* time.sleep() of Python (Modules/timemodule.c, pysleep) sleeps until a time of the monotonic clock from 3.11
 * on; before, it selects no descriptors, of which glibc makes pselect6, and the kernel stores there what is
 * left of the time when it is interrupted. */
bool system_call_sleep(const struct target *t, const struct system_call *call, struct system_sleep *sleep)
{
	*sleep = (struct system_sleep){.seconds = -1, .until = -1};
	if (!call->is_waiting)
		return false;
	switch (call->number) {
	case SYS_clock_nanosleep:
		if (call->arguments[1] != TIMER_ABSTIME)
			return read_time(t, call->arguments[2], &sleep->seconds);
		return call->arguments[0] == CLOCK_MONOTONIC &&
		       read_time(t, call->arguments[2], &sleep->until);
	case SYS_nanosleep:
		return read_time(t, call->arguments[0], &sleep->seconds);
	case SYS_pselect6:
		return call->arguments[0] == 0 && read_time(t, call->arguments[4], &sleep->seconds);
	default:
		return false;
	}
}

const char *system_call_name(uint64_t number)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == number)
			return names[i].name;
	return NULL;
}
