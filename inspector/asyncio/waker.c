#include "inspector/asyncio/waker.h"

#include "inspector/asyncio/asyncio.h"
#include "inspector/asyncio/primitive.h"

#include <math.h>

/* Seconds up to some minutes, then the largest unit that leaves a digit before the point. */
static void append_duration(double seconds, struct strbuf *out)
{
	if (seconds < 600)
		strbuf_printf(out, "%.1f s", seconds);
	else if (seconds < 2 * 3600)
		strbuf_printf(out, "%.1f min", seconds / 60);
	else if (seconds < 2 * 86400)
		strbuf_printf(out, "%.1f h", seconds / 3600);
	else
		strbuf_printf(out, "%.1f days", seconds / 86400);
}

void deadline_append(const struct asyncio *a, double when, struct strbuf *out)
{
	double now = target_monotonic(a->py->target);

	if (now < 0 || !isfinite(when))
		return;
	strbuf_append(out, when < now ? " overdue by " : " in ");
	append_duration(when < now ? now - when : when - now, out);
}

void wakers_init(struct asyncio *a, struct wakers *wakers)
{
	*wakers = (struct wakers){0};
	for (size_t i = 0; i < a->loop_count; i++) {
		timers_add_loop(a->py, &a->classes, &a->loops[i], &wakers->timers);
		watches_add_loop(a->py, &a->loops[i], &wakers->watches);
	}
	timers_sort(&wakers->timers);
	watches_sort(&wakers->watches);
}

void wakers_deinit(struct wakers *wakers)
{
	timers_deinit(&wakers->timers);
	watches_deinit(&wakers->watches);
}

const struct timer *wakers_timer(const struct wakers *wakers, const struct task *task)
{
	const struct timer *timer = timers_find(&wakers->timers, task->wait.address);

	return timer && !timer->is_timeout ? timer : NULL;
}

const struct timer *wakers_timeout(const struct wakers *wakers, const struct task *task)
{
	const uint64_t objects[] = {task->address, task->wait.address, task->wait.timed_by};
	const struct timer *first = NULL;

	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		const struct timer *timer = objects[i] ? timers_find(&wakers->timers, objects[i]) : NULL;

		if (timer && timer->is_timeout && (!first || timer->when < first->when))
			first = timer;
	}
	return first;
}

const struct watch *wakers_watch(const struct wakers *wakers, const struct task *task)
{
	const struct connection *c = &task->wait.connection;
	const struct watch *watch = watches_find(&wakers->watches, task->wait.address);

	return watch ? watch : watches_find_direction(&wakers->watches, c->transport, c->is_writer);
}

static const char *timer_describe(const struct asyncio *a, const struct timer *timer)
{
	struct strbuf s = STRBUF_INIT;
	const char *text;

	strbuf_append(&s, timer->is_timeout ? "timeout" : "timer");
	deadline_append(a, timer->when, &s);
	text = arena_strdup(a->py->arena, strbuf_text(&s));
	strbuf_deinit(&s);
	return text;
}

static const char *task_text(const struct asyncio *a, uint64_t address)
{
	return arena_printf(a->py->arena, "task 0x%llx", (unsigned long long)address);
}

/* The first of the tasks that it waits for that is not done; NULL. */
static const char *by_task(const struct asyncio *a, const struct wait *wait)
{
	for (size_t i = 0; i < wait->task_count; i++) {
		size_t index = asyncio_find_task(a, wait->tasks[i]);

		if (index != NO_INDEX && task_state(&a->tasks[index]) == TASK_PENDING)
			return task_text(a, wait->tasks[i]);
	}
	return NULL;
}

static const char *by_job(const struct asyncio *a, const struct wait *wait)
{
	const struct job *job = wait->kind == WAIT_THREAD ? jobs_of(&a->jobs, wait->on) : NULL;
	const struct pythread *thread;

	if (!job)
		return NULL;
	if (job->thread == SIZE_MAX)
		return job->is_of_process ? "job of another process"
					  : "job that waits in an executor's queue";
	thread = &a->threads.threads[job->thread];
	return arena_printf(
		a->py->arena, "executor job in thread %llu", (unsigned long long)thread->native_id);
}

static const char *by_process(const struct asyncio *a, const struct wait *wait)
{
	const char *arguments;
	int64_t pid = wait->kind == WAIT_SUBPROCESS ? primitive_process(a->py, wait->on, &arguments) : -1;

	return pid > 0 ? arena_printf(a->py->arena, "end of process %lld", (long long)pid) : NULL;
}

/* Those who hold it and are not the task itself. */
static const char *by_holder(const struct asyncio *a, const struct task *task)
{
	for (size_t i = 0; i < task->wait.holder_count; i++) {
		size_t holder = task->wait.holders[i].task;

		if (holder != NO_INDEX && &a->tasks[holder] != task)
			return task_text(a, a->tasks[holder].address);
	}
	return NULL;
}

void waker_find(const struct asyncio *a, const struct wakers *wakers, struct task *task)
{
	struct wait *wait = &task->wait;
	const struct watch *watch;
	const struct timer *timer;

	if (wait->is_done)
		wait->wakes_by = arena_printf(
			a->py->arena, "ready queue of loop 0x%llx", (unsigned long long)task->future.loop);
	else if ((wait->wakes_by = by_task(a, wait)) != NULL)
		;
	else if ((timer = wakers_timer(wakers, task)) != NULL)
		wait->wakes_by = timer_describe(a, timer);
	else if ((watch = wakers_watch(wakers, task)) != NULL)
		wait->wakes_by = arena_printf(a->py->arena, "descriptor %lld %s", (long long)watch->fd,
			watch->is_writer ? "writable" : "readable");
	else if ((wait->wakes_by = by_job(a, wait)) != NULL ||
		 (wait->wakes_by = by_process(a, wait)) != NULL ||
		 (wait->wakes_by = by_holder(a, task)) != NULL)
		;
	else if ((timer = wakers_timeout(wakers, task)) != NULL)
		wait->wakes_by = timer_describe(a, timer);
}
