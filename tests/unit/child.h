/* child: processes to look at. A child runs a function of the test, says by a pipe when it is ready, and goes
 * on when it is told to. */
#ifndef ASYNCINSPECT_TESTS_CHILD_H
#define ASYNCINSPECT_TESTS_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	int to, from; /* pipes */
};

/* Forks; the child calls body and exits with what it returns. Returns in the parent when the child has called
 * child_ready. */
struct child child_start(int (*body)(struct child *self, void *context), void *context);

/* In the child. */
void child_ready(struct child *self);
void child_wait(struct child *self); /* until child_go, or until the parent is gone: then it exits */

/* In the parent. */
void child_go(struct child *child);
void child_expect_ready(struct child *child); /* again: fails the test when the child does not answer */
int child_end(struct child *child);	      /* waits: exit status, or 128 + signal */
void child_kill(struct child *child);

/* The state in /proc/PID/stat: R S D T t Z; '?' when there is no such process. */
char process_state(pid_t pid);

/* Waits until the process is in this state; fails the test after some seconds. */
void process_wait_state(pid_t pid, char state);

#endif
