#include "inspector/report/text.h"

#include "inspector/python/repr.h"
#include "inspector/report/style.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Of a list so many are shown. */
#define SHOWN 20

#define INDENT "              "

static void print_label(const char *label)
{
	printf("  %-12s", label);
}

static void print_more(size_t count)
{
	if (count > SHOWN)
		printf(INDENT "and %zu more\n", count - SHOWN);
}

static const struct task *task_that_waits_for(const struct asyncio *a, uint64_t future)
{
	for (size_t i = 0; future && i < a->task_count; i++)
		if (a->tasks[i].wait.address == future && task_state(&a->tasks[i]) == TASK_PENDING)
			return &a->tasks[i];
	return NULL;
}

static void print_handle(const struct view *view, const struct handle *handle)
{
	struct asyncio *a = view->model->asyncio;
	const struct task *task = handle->task ? NULL : task_that_waits_for(a, handle->future);

	style_print(view, handle->is_cancelled ? STYLE_DIM : STYLE_PLAIN,
		handle_describe(view->py, &a->classes, handle, view->repr_limit), 0);
	if (task) {
		printf(", wakes task '");
		style_print(view, STYLE_NAME, task->name, 0);
		putchar('\'');
	}
	putchar('\n');
}

static void print_thread(const struct view *view, const struct loop *loop)
{
	const struct pythread *thread = &view->model->asyncio->threads.threads[loop->thread];

	printf("thread %llu ", (unsigned long long)thread->native_id);
	style_print(view, STYLE_NAME, thread->name ? thread->name : "(not known to threading)", 0);
}

/* The callback's own frames, outermost first: what keeps the loop from everything else. */
static void print_running(const struct view *view, const struct loop *loop)
{
	const struct pythread *thread = &view->model->asyncio->threads.threads[loop->thread];

	if (loop->running_frame == SIZE_MAX)
		return;
	print_label("callback");
	print_handle(view, &loop->running);
	if (loop->round_began >= 0 && !loop->now_is_bound && loop->now >= loop->round_began) {
		print_label("busy");
		printf("%.3f s since the loop last looked at descriptors and timers\n",
			loop->now - loop->round_began);
	}
	for (size_t i = loop->running_frame; i-- > 0;) {
		const struct pyframe *frame = &thread->frames[i];
		const struct link link = {
			.kind = LINK_FUNCTION,
			.qualname = frame->code->qualname,
			.file = frame->code->filename,
			.line = pyframe_line(frame),
			.has_frame = true,
			.frame = *frame,
		};

		text_link(view, &link);
	}
}

static void print_doing(const struct view *view, const struct loop *loop)
{
	style_print(
		view, loop->doing == LOOP_CLOSED ? STYLE_DIM : STYLE_PLAIN, loop_doing_name(loop->doing), 0);
	if (loop->is_running) {
		printf(", run by ");
		print_thread(view, loop);
	}
	if (loop->is_stopping == TRUTH_TRUE)
		printf(", told to stop");
	if (loop->is_debug == TRUTH_TRUE)
		printf(", debug mode");
	putchar('\n');
}

static void print_ready(const struct view *view, const struct loop *loop)
{
	if (loop->ready < 0)
		return;
	print_label("ready");
	printf("%lld\n", (long long)loop->ready);
	for (size_t i = 0; i < loop->ready_handles.count && i < SHOWN; i++) {
		printf(INDENT);
		print_handle(view, &loop->ready_handles.items[i]);
	}
	print_more(loop->ready_handles.count);
}

static void print_time(const struct loop *loop, const struct handle *timer)
{
	double by = loop_overdue(loop, timer);

	if (loop->now < 0)
		printf("at %.3f by the loop's clock  ", timer->when);
	else if (by > 0)
		printf("overdue by %s%.3f s  ", loop->now_is_bound ? "at least " : "", by);
	else
		printf("in %s%.3f s  ", loop->now_is_bound ? "at most " : "", -by);
}

static void print_timers(const struct view *view, const struct loop *loop)
{
	double most;
	size_t overdue = loop_count_overdue(loop, &most);

	if (loop->scheduled < 0)
		return;
	print_label("timers");
	printf("%lld", (long long)loop->scheduled);
	if (overdue)
		printf(", %zu overdue, by up to %.3f s", overdue, most);
	putchar('\n');
	for (size_t i = 0; i < loop->timers.count && i < SHOWN; i++) {
		printf(INDENT);
		print_time(loop, &loop->timers.items[i]);
		print_handle(view, &loop->timers.items[i]);
	}
	print_more(loop->timers.count);
}

static void print_descriptors(const struct view *view, const struct loop *loop)
{
	if (!loop->descriptors.is_known || loop->doing == LOOP_CLOSED)
		return;
	print_label("descriptors");
	printf("%zu\n", loop->descriptors.count);
	for (size_t i = 0; i < loop->descriptors.count && i < SHOWN; i++) {
		const struct descriptor *d = &loop->descriptors.items[i];

		if (d->is_self_pipe) {
			printf(INDENT "%lld read   by which threads and signals wake the loop\n",
				(long long)d->fd);
			continue;
		}
		if (d->has_reader) {
			printf(INDENT "%lld read   ", (long long)d->fd);
			print_handle(view, &d->reader);
		}
		if (d->has_writer) {
			printf(INDENT "%lld write  ", (long long)d->fd);
			print_handle(view, &d->writer);
		}
		if (!d->has_reader && !d->has_writer)
			printf(INDENT "%lld\n", (long long)d->fd);
	}
	print_more(loop->descriptors.count);
}

static void print_signals(const struct view *view, const struct loop *loop)
{
	for (size_t i = 0; i < loop->signal_count; i++) {
		const char *name = sigabbrev_np((int)loop->signals[i].signal);

		print_label(i ? "" : "signals");
		printf("%s%s  ", name ? "SIG" : "", name ? name : "?");
		print_handle(view, &loop->signals[i].handle);
	}
}

static const char *work_name(const struct view *view, uint64_t item)
{
	uint64_t future, function = executor_item_function(view->py, item, &future);
	struct callable callable;

	callable_read(view->py, function, &callable);
	return callable.name;
}

static void print_work(const struct view *view, const struct executor *executor)
{
	const struct workqueue *work = &executor->backlog;
	size_t lines = 0, at = 0;

	/* Neighbours of one function are one line. */
	while (at < work->count && lines++ < SHOWN) {
		const char *name = work_name(view, work->items[at]);
		size_t first = at++;

		while (at < work->count && strcmp(work_name(view, work->items[at]), name) == 0)
			at++;
		printf(INDENT);
		style_print(view, STYLE_PLAIN, name, 0);
		if (at - first > 1)
			printf("  (%zu)", at - first);
		putchar('\n');
	}
	if (at < work->count)
		printf(INDENT "and %zu more\n", work->count - at);
}

static void print_executor(const struct view *view, const struct executor *executor)
{
	if (!executor->address)
		return;
	print_label("executor");
	style_print(view, STYLE_PLAIN, executor->type_name, 0);
	if (executor->threads >= 0 && executor->max_workers >= 0)
		printf(", %lld of %lld threads", (long long)executor->threads,
			(long long)executor->max_workers);
	if (executor->idle >= 0)
		printf(", %lld idle", (long long)executor->idle);
	if (executor->has_backlog)
		printf(", %zu job%s wait%s for a thread", executor->backlog.count,
			executor->backlog.count == 1 ? "" : "s", executor->backlog.count == 1 ? "s" : "");
	if (executor->is_shut_down > 0)
		printf(", shut down");
	putchar('\n');
	print_work(view, executor);
}

static void print_settings(const struct view *view, const struct loop *loop)
{
	if (loop->async_generators > 0) {
		print_label("generators");
		printf("%lld async generator%s not finished\n", (long long)loop->async_generators,
			loop->async_generators == 1 ? "" : "s");
	}
	if (loop->slow_callback_duration >= 0 && loop->is_debug == TRUTH_TRUE) {
		print_label("slow");
		printf("a callback of more than %g s is logged\n", loop->slow_callback_duration);
	}
	if (loop->exception_handler) {
		print_label("exceptions");
		printf("go to %s\n", pyrepr(view->py, loop->exception_handler, view->repr_limit));
	}
	if (loop->doing == LOOP_UNKNOWN)
		puts("  what it waits for lies in C code: the threads alone tell of it");
}

/* Of a running loop everybody knows who holds it. */
static void print_holder(const struct view *view, size_t i)
{
	const struct retention *held = view->model->loops ? &view->model->loops[i] : NULL;

	if (!held || !held->path_count || view->model->asyncio->loops[i].is_running)
		return;
	print_label("held by");
	style_print(view, STYLE_PLAIN, held->paths[0].text, 0);
	putchar('\n');
}

static void print_loop(const struct view *view, size_t i)
{
	const struct loop *loop = &view->model->asyncio->loops[i];

	printf("loop 0x%llx ", (unsigned long long)loop->address);
	style_print(view, STYLE_NAME, loop->type_name, 0);
	printf("  ");
	print_doing(view, loop);
	print_running(view, loop);
	print_ready(view, loop);
	print_timers(view, loop);
	print_descriptors(view, loop);
	print_signals(view, loop);
	print_executor(view, &loop->executor);
	print_settings(view, loop);
	print_holder(view, i);
}

void text_loops(const struct view *view)
{
	const struct asyncio *a = view->model->asyncio;

	if (!a->is_imported)
		puts("The program has not imported asyncio.");
	else if (!a->loop_count && a->heap)
		puts("There is no event loop.");
	else if (!a->loop_count)
		puts("No event loop runs, and none is where programs keep theirs (--all: asks the heap).");
	for (size_t i = 0; i < a->loop_count; i++) {
		printf(i ? "\n" : "");
		print_loop(view, i);
	}
}
