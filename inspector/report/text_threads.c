#include "inspector/report/text.h"

#include "inspector/report/style.h"

#include <stdio.h>

static void print_frame(const struct view *view, const struct pyframe *frame)
{
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

static void print_loop(const struct view *view, uint64_t address)
{
	const struct asyncio *a = view->model->asyncio;
	size_t loop = asyncio_find_loop(a, address), task;

	if (!address)
		return;
	printf(", runs the loop 0x%llx (%s)", (unsigned long long)address,
		loop == NO_INDEX ? "?" : loop_doing_name(a->loops[loop].doing));
	task = loop == NO_INDEX ? NO_INDEX : asyncio_find_task(a, a->loops[loop].current_task);
	if (task != NO_INDEX) {
		printf(", in task '");
		style_print(view, STYLE_NAME, a->tasks[task].name, 0);
		putchar('\'');
	}
}

/* "epoll_wait(fd 5)". */
static void append_call(const struct system_call *call, struct strbuf *s)
{
	const char *name = system_call_name(call->number);
	int fd;

	if (name)
		strbuf_append(s, name);
	else
		strbuf_printf(s, "number %llu", (unsigned long long)call->number);
	if (system_call_descriptor(call, &fd))
		strbuf_printf(s, "(fd %d)", fd);
}

/* What will end the wait of a blocking call of Python's, as far as it is a task or a thread. */
static void append_waits_for(const struct view *view, size_t thread, struct strbuf *s)
{
	const struct await_graph *g = view->model->awaits;
	size_t node = g->task_count + thread;

	for (size_t e = g->first[node]; e < g->first[node + 1]; e++) {
		const struct await_edge *edge = &g->edges[e];
		size_t other = await_graph_thread(g, edge->to);

		if (other == NO_INDEX)
			strbuf_printf(s, " of task '%s'", g->a->tasks[edge->to].name);
		else
			strbuf_printf(s, "%s thread %llu",
				edge->via == AWAIT_JOIN	 ? " of"
				: edge->via == AWAIT_JOB ? " of a job, which is executed by"
							 : " of a task that has yet to be started by",
				(unsigned long long)g->a->threads.threads[other].native_id);
	}
}

/* What it does where the innermost frame stands. */
static void print_doing(const struct view *view, size_t index)
{
	const struct pythread *thread = &view->model->asyncio->threads.threads[index];
	const struct thread_wait *wait = &view->model->awaits->threadsafe.waits[index];
	struct strbuf s = STRBUF_INIT;

	if (thread->gil == GIL_WAITS) {
		strbuf_append(&s, "waits for the GIL");
	} else if (thread->call.is_waiting) {
		strbuf_append(&s, "waits in the system call ");
		append_call(&thread->call, &s);
	} else if (thread->gil == GIL_HOLDS) {
		strbuf_append(&s, "runs, and holds the GIL");
	} else if (thread->is_running) {
		strbuf_append(&s, thread->gil == GIL_WITHOUT ? "runs, without the GIL" : "runs");
	}
	if (wait->kind != THREAD_WAIT_NONE) {
		strbuf_printf(&s, "%s%s", s.length ? ", for " : "waits for ", wait->method);
		append_waits_for(view, index, &s);
	}
	if (s.length) {
		printf("  ");
		style_print(view, STYLE_NAME, strbuf_text(&s), 0);
		putchar('\n');
	}
	strbuf_deinit(&s);
}

void text_threads(const struct view *view)
{
	const struct asyncio *a = view->model->asyncio;

	for (size_t i = 0; i < a->threads.count; i++) {
		const struct pythread *thread = &a->threads.threads[i];

		printf(i ? "\n" : "");
		printf("thread %llu ", (unsigned long long)thread->native_id);
		style_print(view, STYLE_NAME, thread->name ? thread->name : "(not known to threading)", 0);
		print_loop(view, a->running_loops[i]);
		if (a->threads.interp_count > 1)
			printf(", interpreter %lld", (long long)a->threads.interps[thread->interp].id);
		putchar('\n');
		for (size_t k = thread->frame_count; k-- > 0;)
			print_frame(view, &thread->frames[k]);
		if (!thread->frame_count)
			puts("  no Python frame");
		print_doing(view, i);
		if (thread->is_cut)
			puts("  ... the stack could not be followed further");
	}
}
