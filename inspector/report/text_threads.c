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

static void print_call(const struct system_call *call)
{
	const char *name = system_call_name(call->number);

	if (call->is_waiting && name)
		printf("  waits in the system call %s\n", name);
	else if (call->is_waiting)
		printf("  waits in system call %llu\n", (unsigned long long)call->number);
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
		print_call(&thread->call);
		if (thread->is_cut)
			puts("  ... the stack could not be followed further");
	}
}
