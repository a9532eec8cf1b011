#include "inspector/graph/wake_private.h"

#include <math.h>
#include <signal.h>
#include <string.h>

#define REPR_LIMIT 80

static const char *timer_text(struct wake_finder *f, const struct source *s)
{
	const char *what = s->kind == SOURCE_TIMEOUT ? "timeout" : "timer";
	double left = s->handle->when - s->loop->now;

	/* Of a core only the loop's own notes are known. */
	if (s->loop->now < 0 || s->loop->now_is_bound || !isfinite(left))
		return what;
	return left < 0 ? arena_printf(f->py->arena, "%s overdue by %.1f s", what, -left)
			: arena_printf(f->py->arena, "%s in %.1f s", what, left);
}

static const char *signal_text(struct wake_finder *f, int64_t number)
{
	const char *name = number > 0 && number < 65 ? sigabbrev_np((int)number) : NULL;

	return name ? arena_printf(f->py->arena, "signal SIG%s", name)
		    : arena_printf(f->py->arena, "signal %lld", (long long)number);
}

static const char *thread_text(struct wake_finder *f, size_t thread)
{
	const struct pythread *t = &f->a->threads.threads[thread];

	return t->name ? arena_printf(
				 f->py->arena, "thread %llu '%s'", (unsigned long long)t->native_id, t->name)
		       : arena_printf(f->py->arena, "thread %llu", (unsigned long long)t->native_id);
}

static const char *job_text(struct wake_finder *f, uint64_t item)
{
	uint64_t future, function = executor_item_function(f->py, item, &future);
	struct callable callable;

	callable_read(f->py, function, &callable);
	return arena_printf(f->py->arena, "executor's job %s", callable.name);
}

static const char *source_text(struct wake_finder *f, const struct source *s)
{
	switch (s->kind) {
	case SOURCE_READY:
	case SOURCE_CALLBACK:
		return "callback that is ready";
	case SOURCE_TIMER:
	case SOURCE_TIMEOUT:
		return timer_text(f, s);
	case SOURCE_SIGNAL:
		return signal_text(f, s->number);
	case SOURCE_READABLE:
	case SOURCE_WRITABLE:
		return arena_printf(f->py->arena, "descriptor %lld %s", (long long)s->number,
			s->kind == SOURCE_READABLE ? "readable" : "writable");
	case SOURCE_JOB:
		return job_text(f, s->object);
	case SOURCE_THREAD:
		return thread_text(f, s->thread);
	case SOURCE_LOOP:
		return "its loop";
	default:
		return NULL;
	}
}

const char *wake_source_text(struct wake_finder *f, const struct wake_result *result)
{
	if (result->by_task != SIZE_MAX)
		return arena_printf(f->py->arena, "task 0x%llx",
			(unsigned long long)f->a->tasks[result->by_task].address);
	return source_text(f, &f->sources[result->source]);
}

static const char *handle_text(struct wake_finder *f, const struct source *s)
{
	return s->handle ? handle_describe(f->py, &f->a->classes, s->handle, REPR_LIMIT) : "";
}

static const char *task_grounds(struct wake_finder *f, size_t task, size_t by)
{
	const char *name = f->a->tasks[by].name;

	return f->tasks[task].awaited_task == by
		       ? arena_printf(f->py->arena, "the task '%s' that it awaits can go on", name)
		       : arena_printf(f->py->arena, "task '%s', which can go on, leads to what it waits for",
				 name);
}

static const char *native_grounds(struct wake_finder *f, uint64_t object)
{
	const struct pytype *type = pytype_of(f->py, object, NULL);

	return arena_printf(f->py->arena,
		"C code may lead to what it waits for: the %s at 0x%llx has references that are not "
		"accounted for",
		type ? type->full_name : "object", (unsigned long long)object);
}

static const char *source_grounds(struct wake_finder *f, size_t task, const struct source *s)
{
	struct arena *arena = f->py->arena;

	switch (s->kind) {
	case SOURCE_RUNNING:
		return "a thread executes it";
	case SOURCE_READY_TASK:
		return "its loop is about to go on with it";
	case SOURCE_READY:
	case SOURCE_CALLBACK:
	case SOURCE_SIGNAL:
	case SOURCE_READABLE:
	case SOURCE_WRITABLE:
		return arena_printf(
			arena, "%s leads to what it waits for: %s", source_text(f, s), handle_text(f, s));
	case SOURCE_TIMER:
		return arena_printf(arena,
			s->handle->future == f->a->tasks[task].wait.address
				? "a %s sets what it waits for"
				: "a %s leads to what it waits for: %s",
			source_text(f, s), handle_text(f, s));
	case SOURCE_TIMEOUT:
		return arena_printf(arena, "a %s cancels it", source_text(f, s));
	case SOURCE_JOB:
	case SOURCE_THREAD:
	case SOURCE_LOOP:
		return arena_printf(arena, "%s leads to what it waits for", source_text(f, s));
	case SOURCE_ROOT:
		return arena_printf(arena,
			f->anything_runs
				? "what it waits for is reached from %s, but by nothing that is about "
				  "to run"
				: "only %s leads to what it waits for, and nothing is left to look it up: "
				  "no timer, descriptor or thread, a signal at most",
			root_name(f->a, s->root));
	default:
		return native_grounds(f, s->object);
	}
}

static const char *loop_grounds(struct wake_finder *f, size_t loop)
{
	return loop != NO_INDEX && f->loop_states[loop] == WAKE_LOOP_CLOSED
		       ? "its loop is closed"
		       : "its loop does not run, and nothing that can run leads to it";
}

static const char *garbage_grounds(struct wake_finder *f, uint64_t object)
{
	const struct pytype *type = pytype_of(f->py, object, NULL);

	return arena_printf(f->py->arena,
		"only the %s at 0x%llx leads to what it waits for, which is garbage and may set it when the "
		"collector destroys it",
		type ? type->full_name : "object", (unsigned long long)object);
}

static const char *blind_grounds(struct wake_finder *f, size_t task)
{
	size_t loop = f->tasks[task].loop;

	if (!f->a->heap_is_complete)
		return "not all objects could be found: nothing can be said of who leads to what it waits "
		       "for";
	if (loop != NO_INDEX && f->a->loops[loop].ready < 0)
		return "its loop keeps what it will call in C: nobody can say what it is going to wake";
	if (f->tasks[task].node == NO_NODE)
		return "the task is not among the objects of the collector";
	return "what it waits for is no object of the collector: who leads to it is not known";
}

const char *wake_grounds(struct wake_finder *f, size_t task, const struct wake_result *r)
{
	size_t loop = f->tasks[task].loop, awaited = f->tasks[task].awaited_task;

	if (r->is_woken)
		return r->by_task != SIZE_MAX ? task_grounds(f, task, r->by_task)
					      : source_grounds(f, task, &f->sources[r->source]);
	if (!f->a->heap_is_complete || f->tasks[task].node == NO_NODE || loop == NO_INDEX ||
		f->a->loops[loop].ready < 0)
		return blind_grounds(f, task);
	if (r->waits_for_loop || f->loop_states[loop] == WAKE_LOOP_CLOSED)
		return loop_grounds(f, loop);
	if (f->by_garbage[task])
		return garbage_grounds(f, f->by_garbage[task]);
	if (awaited != SIZE_MAX)
		return arena_printf(f->py->arena,
			"the task '%s' that it awaits can never end: only cancel() can",
			f->a->tasks[awaited].name);
	if (f->tasks[task].waits_for == NO_NODE)
		return blind_grounds(f, task);
	return "nothing that can run leads to what it waits for, and every reference to that is accounted "
	       "for: "
	       "only cancel() can end it";
}
