#include "inspector/findings/alike.h"

#include <string.h>

/* The frame, or one that it called directly or not, runs the loop: what it holds, it holds for long. */
static bool is_below_loop(const struct pythread *thread, size_t frame)
{
	for (size_t i = 0; i <= frame && i < thread->frame_count; i++)
		if (strcmp(thread->frames[i].code->name, "run_forever") == 0)
			return true;
	return false;
}

/* Held by nothing but frames that are executed just now: between the call and the await, or the
 * create_task(). Nobody can say yet that it is never awaited. Of a loop that polls no frame is between
 * anything. */
static bool is_in_hand(const struct model *model, const struct orphan *orphan)
{
	const struct asyncio *a = model->asyncio;
	const struct retention *r = &orphan->retention;

	if (r->path_count == 0 || r->path_count != r->holder_count)
		return false;
	for (size_t i = 0; i < r->path_count; i++) {
		const struct root *root = r->paths[i].root;
		size_t loop;

		if (!root || root->kind != ROOT_FRAME || r->paths[i].count != 1 ||
			is_below_loop(&a->threads.threads[root->thread], root->frame))
			return false;
		loop = asyncio_find_loop(a, a->running_loops[root->thread]);
		if (loop != NO_INDEX && a->loops[loop].doing == LOOP_POLLING)
			return false;
	}
	return true;
}

/* A coroutine that was called and never awaited: Python warns only when it is freed. */
static bool applies(const struct model *model, const struct orphan *orphan)
{
	const struct coroutine *c = &model->asyncio->coroutines[orphan->coroutine];

	/* One that another orphan awaits is that one's matter. */
	return c->gen.kind == KIND_COROUTINE && c->gen.state == GEN_CREATED && !c->is_awaited &&
	       !is_in_hand(model, orphan);
}

void rule_never_awaited(struct model *model)
{
	findings_of_orphans(model, "never-awaited", SEVERITY_ERROR, applies,
		"Await the call where it is made, or hand it to asyncio.create_task().");
}
