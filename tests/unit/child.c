#include "tests/unit/child.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 10000

struct child child_start(int (*body)(struct child *self, void *context), void *context)
{
	int up[2], down[2];
	struct child child;

	ck_assert_int_eq(pipe2(up, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(down, O_CLOEXEC), 0);
	fflush(NULL);
	child.pid = fork();
	ck_assert_int_ge(child.pid, 0);
	if (child.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(up[0]);
		close(down[1]);
		child = (struct child){.pid = getpid(), .to = up[1], .from = down[0]};
		_exit(body(&child, context));
	}
	close(up[1]);
	close(down[0]);
	child.to = down[1];
	child.from = up[0];
	child_expect_ready(&child);
	return child;
}

void child_ready(struct child *self)
{
	if (write(self->to, "r", 1) != 1)
		_exit(99);
}

void child_wait(struct child *self)
{
	ssize_t got;
	char c;

	do
		got = read(self->from, &c, 1);
	while (got < 0 && errno == EINTR);
	if (got != 1)
		_exit(98);
}

void child_go(struct child *child)
{
	ck_assert_int_eq(write(child->to, "g", 1), 1);
}

void child_expect_ready(struct child *child)
{
	struct pollfd input = {.fd = child->from, .events = POLLIN};
	int found;
	char c;

	do
		found = poll(&input, 1, PATIENCE_MS);
	while (found < 0 && errno == EINTR);
	ck_assert_msg(found == 1, "process %d does not answer, state %c", (int)child->pid,
		process_state(child->pid));
	ck_assert_msg(read(child->from, &c, 1) == 1, "process %d has ended", (int)child->pid);
}

int child_end(struct child *child)
{
	int status;

	close(child->to);
	close(child->from);
	ck_assert_int_eq(waitpid(child->pid, &status, 0), child->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void child_kill(struct child *child)
{
	kill(child->pid, SIGKILL);
	child_end(child);
}

char process_state(pid_t pid)
{
	char path[64], text[512] = "", *end;
	FILE *file;
	size_t got;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return '?';
	got = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	end = got > 0 ? strrchr(text, ')') : NULL;
	return end ? end[2] : '?';
}

void process_wait_state(pid_t pid, char state)
{
	struct timespec pause = {.tv_nsec = 1000000};

	for (int i = 0; i < PATIENCE_MS && process_state(pid) != state; i++)
		nanosleep(&pause, NULL);
	ck_assert_int_eq(process_state(pid), state);
}
