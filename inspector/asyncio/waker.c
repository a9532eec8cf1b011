#include "inspector/asyncio/waker.h"

#include "inspector/asyncio/asyncio.h"

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

	if (now < 0)
		return;
	strbuf_append(out, when < now ? " overdue by " : " in ");
	append_duration(when < now ? now - when : when - now, out);
}

const char *timer_describe(const struct asyncio *a, const struct timer *timer)
{
	struct strbuf s = STRBUF_INIT;
	const char *text;

	strbuf_append(&s, timer->is_timeout ? "timeout" : "timer");
	deadline_append(a, timer->when, &s);
	text = arena_strdup(a->py->arena, strbuf_text(&s));
	strbuf_deinit(&s);
	return text;
}

/* The first pending task that it waits for, or the timer that sets its future, or a timeout around it. */
static void find_waker(const struct asyncio *a, const struct timers *timers, struct task *task)
{
	const struct timer *timer = timers_find(timers, task->wait.address);
	struct wait *wait = &task->wait;

	for (size_t i = 0; i < wait->task_count; i++) {
		size_t index = asyncio_find_task(a, wait->tasks[i]);

		if (index != NO_INDEX && task_state(&a->tasks[index]) == TASK_PENDING) {
			wait->wakes_by =
				arena_printf(a->py->arena, "task 0x%llx", (unsigned long long)wait->tasks[i]);
			return;
		}
	}
	if (!timer)
		timer = timers_find(timers, task->address);
	if (timer)
		wait->wakes_by = timer_describe(a, timer);
}

void wakers_find(struct asyncio *a, const struct timers *timers)
{
	for (size_t i = 0; i < a->task_count; i++)
		if (a->tasks[i].wait.kind != WAIT_NONE)
			find_waker(a, timers, &a->tasks[i]);
}
