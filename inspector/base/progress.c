#include "inspector/base/progress.h"

#include "inspector/base/alloc.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define SHOWN_AFTER_MS 1000
#define REDRAWN_MS     100

struct progress {
	pthread_t thread;
	int signals, end;	 /* descriptors */
	sigset_t before;	 /* the mask of the thread that started it */
	_Atomic uintptr_t phase; /* const char *; 0: none yet */
	_Atomic uint64_t done, total;
	_Atomic bool is_interrupted;
	bool is_terminal, is_stopped;
};

static bool draws(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void write_all(const char *text, size_t size)
{
	/* A line that is lost is redrawn. */
	if (write(STDERR_FILENO, text, size) < 0)
		return;
}

static void draw(const struct progress *p)
{
	const char *phase = (const char *)(uintptr_t)p->phase;
	uint64_t done = p->done, total = p->total;
	char text[160];
	int size;

	if (!phase)
		return;
	if (total)
		size = snprintf(text, sizeof(text), "\r\033[Kasyncinspect: %s: %u %%", phase,
			done >= total ? 100 : (unsigned)((double)done / (double)total * 100));
	else
		size = snprintf(text, sizeof(text), "\r\033[Kasyncinspect: %s", phase);
	write_all(text, (size_t)size < sizeof(text) ? (size_t)size : sizeof(text) - 1);
}

/* The first wish is noted. A second one is served as if nobody had taken it over. */
static void interrupt(struct progress *p)
{
	struct signalfd_siginfo info;
	sigset_t one;

	if (read(p->signals, &info, sizeof(info)) < 0)
		return;
	if (!p->is_interrupted) {
		p->is_interrupted = true;
		return;
	}
	signal(SIGINT, SIG_DFL);
	raise(SIGINT);
	sigemptyset(&one);
	sigaddset(&one, SIGINT);
	pthread_sigmask(SIG_UNBLOCK, &one, NULL);
}

static void *watch(void *argument)
{
	struct progress *p = argument;
	long start = now_ms();
	bool is_drawn = false;

	for (;;) {
		struct pollfd fds[] = {
			{.fd = p->end, .events = POLLIN}, {.fd = p->signals, .events = POLLIN}};
		long past = now_ms() - start;
		int wait = !p->is_terminal	   ? -1
			   : past < SHOWN_AFTER_MS ? (int)(SHOWN_AFTER_MS - past)
						   : REDRAWN_MS;

		poll(fds, 2, wait);
		if (fds[0].revents)
			break;
		if (fds[1].revents)
			interrupt(p);
		if (p->is_terminal && now_ms() - start >= SHOWN_AFTER_MS) {
			draw(p);
			is_drawn = true;
		}
	}
	if (is_drawn)
		write_all("\r\033[K", 4);
	return NULL;
}

static void release(struct progress *p)
{
	pthread_sigmask(SIG_SETMASK, &p->before, NULL);
	if (p->signals >= 0)
		close(p->signals);
	if (p->end >= 0)
		close(p->end);
	free(p);
}

struct progress *progress_start(void)
{
	struct progress *p = xcalloc(1, sizeof(*p));
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, SIGINT);
	pthread_sigmask(SIG_BLOCK, &one, &p->before);
	p->signals = signalfd(-1, &one, SFD_CLOEXEC | SFD_NONBLOCK);
	p->end = eventfd(0, EFD_CLOEXEC);
	p->is_terminal = draws();
	if (p->signals < 0 || p->end < 0 || pthread_create(&p->thread, NULL, watch, p) != 0) {
		release(p);
		return NULL;
	}
	return p;
}

void progress_stop(struct progress *p)
{
	uint64_t one = 1;

	if (!p || p->is_stopped)
		return;
	if (write(p->end, &one, sizeof(one)) == sizeof(one))
		pthread_join(p->thread, NULL);
	p->is_stopped = true;
	pthread_sigmask(SIG_SETMASK, &p->before, NULL);
}

void progress_destroy(struct progress *p)
{
	if (!p)
		return;
	progress_stop(p);
	release(p);
}

void progress_phase(struct progress *p, const char *phase, uint64_t total)
{
	if (!p)
		return;
	p->done = 0;
	p->total = total;
	p->phase = (uintptr_t)phase;
}

void progress_add(struct progress *p, uint64_t done)
{
	if (p)
		atomic_fetch_add_explicit(&p->done, done, memory_order_relaxed);
}

bool progress_is_interrupted(const struct progress *p)
{
	return p && atomic_load_explicit(&p->is_interrupted, memory_order_relaxed);
}
