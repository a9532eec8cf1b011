#include "inspector/findings/in_hand.h"

#include <string.h>

/* Frame, coroutine, list, tuple, object. */
#define STEPS_MOST 4

/* The frame, or one that it called directly or not, runs the loop: what it holds, it holds for long. */
static bool is_below_loop(const struct pythread *thread, size_t frame)
{
	for (size_t i = 0; i <= frame && i < thread->frame_count; i++)
		if (strcmp(thread->frames[i].code->name, "run_forever") == 0)
			return true;
	return false;
}

const struct task *path_task(const struct asyncio *a, const struct path *path)
{
	for (size_t i = path->count; i-- > 0;) {
		size_t index = asyncio_find_coroutine(a, path->steps[i].from);

		if (index != NO_INDEX && a->coroutines[index].task != NO_INDEX &&
			task_state(&a->tasks[a->coroutines[index].task]) == TASK_PENDING)
			return &a->tasks[a->coroutines[index].task];
	}
	return NULL;
}

/* Some thread is in the middle of a callback of its loop. Up to 3.10 the value stack of a frame that executes
 * cannot be read, and what C code works with never: an object that is held from there may be in its hands. */
static bool some_loop_executes(const struct asyncio *a)
{
	for (size_t i = 0; i < a->loop_count; i++)
		if (a->loops[i].doing == LOOP_IN_CALLBACK || a->loops[i].doing == LOOP_UNKNOWN)
			return true;
	return false;
}

bool path_is_in_hand(const struct model *model, const struct path *path)
{
	const struct asyncio *a = model->asyncio;
	const struct task *task = path_task(a, path);
	const struct root *root = path->root;
	size_t loop;

	if (task && (task->wait.kind == WAIT_NONE || task->wait.is_done))
		return true;
	if (!root)
		return path->count <= STEPS_MOST && some_loop_executes(a);
	if (root->kind != ROOT_FRAME || path->count > STEPS_MOST ||
		is_below_loop(&a->threads.threads[root->thread], root->frame))
		return false;
	loop = asyncio_find_loop(a, a->running_loops[root->thread]);
	return loop == NO_INDEX || a->loops[loop].doing != LOOP_POLLING;
}

bool may_be_in_hands_of_c(const struct model *model, const struct retention *r)
{
	return r->native_references > 0 && some_loop_executes(model->asyncio);
}

bool is_in_hand(const struct model *model, const struct retention *r)
{
	if (r->path_count == 0)
		return false;
	for (size_t i = 0; i < r->path_count; i++)
		if (!path_is_in_hand(model, &r->paths[i]))
			return false;
	return true;
}
