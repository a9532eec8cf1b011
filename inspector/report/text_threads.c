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

void text_threads(const struct view *view)
{
	const struct asyncio *a = view->model->asyncio;

	for (size_t i = 0; i < a->threads.count; i++) {
		const struct pythread *thread = &a->threads.threads[i];

		printf(i ? "\n" : "");
		printf("thread %llu ", (unsigned long long)thread->native_id);
		style_print(view, STYLE_NAME, thread->name ? thread->name : "(not known to threading)", 0);
		if (a->running_loops[i]) {
			size_t loop = asyncio_find_loop(a, a->running_loops[i]);

			printf(", runs the loop 0x%llx (%s)", (unsigned long long)a->running_loops[i],
				loop == NO_INDEX ? "?" : loop_doing_name(a->loops[loop].doing));
		}
		if (a->threads.interp_count > 1)
			printf(", interpreter %lld", (long long)a->threads.interps[thread->interp].id);
		putchar('\n');
		for (size_t k = thread->frame_count; k-- > 0;)
			print_frame(view, &thread->frames[k]);
		if (!thread->frame_count)
			puts("  no Python frame");
		if (thread->is_cut)
			puts("  ... the stack could not be followed further");
	}
}
