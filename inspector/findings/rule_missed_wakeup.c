#include "inspector/findings/alike_tasks.h"

#include "inspector/python/int.h"

/* With how long a wait the loop's selector was called: the argument of selectors.py's select(), which it
 * makes whole milliseconds of. False: not known. *seconds is negative for a wait without an end. */
static bool read_timeout(const struct model *model, const struct loop *loop, double *seconds)
{
	const struct pythread *thread = &model->asyncio->threads.threads[loop->thread];
	uint64_t value;
	int64_t whole;

	if (!thread->frame_count)
		return false;
	value = pyframe_local(model->py, &thread->frames[0], "timeout");
	if (!value)
		return false;
	*seconds = -1;
	if (value == model->py->none || pyfloat_value(model->py, value, seconds, NULL))
		return true;
	if (!pyint_signed(model->py, value, &whole, NULL))
		return false;
	*seconds = (double)whole;
	return true;
}

static bool is_to_be_woken(const struct loop *loop, const struct task *task)
{
	for (size_t i = 0; i < loop->ready_handles.count; i++)
		if (!loop->ready_handles.items[i].is_cancelled &&
			loop->ready_handles.items[i].task == task->address)
			return true;
	return false;
}

static void look_at_loop(struct model *model, const struct loop *loop)
{
	const struct asyncio *a = model->asyncio;
	struct alike_tasks list = ALIKE_TASKS_INIT(model);
	double timeout;

	if (!read_timeout(model, loop, &timeout) || timeout == 0)
		return;
	for (size_t i = 0; i < a->task_count; i++) {
		const struct task *task = &a->tasks[i];
		struct alike_task *item;

		if (task->future.loop != loop->address || task_state(task) != TASK_PENDING ||
			!task->wait.is_done || !is_to_be_woken(loop, task))
			continue;
		item = alike_add(&list, task, SEVERITY_ERROR, "", "%s", task_label(model, task));
		alike_evidence(&list, item,
			"what it waited for is done, its wake-up is in the ready queue of loop 0x%llx",
			(unsigned long long)loop->address);
		if (timeout < 0)
			alike_evidence(&list, item,
				"the loop had nothing ready when it went to wait in its selector, without a "
				"timeout");
		else
			alike_evidence(&list, item,
				"the loop had nothing ready when it went to wait in its selector, for %.3g s",
				timeout);
	}
	alike_report(&list, "missed-wakeup", false,
		"From another thread, set futures by loop.call_soon_threadsafe(future.set_result, ...).");
}

/* A loop waits with a timeout of 0 when something is ready (Lib/asyncio/base_events.py, _run_once). While it
 * waits with another, its own thread adds nothing to the ready queue; only call_soon_threadsafe() may, and
 * that wakes the loop. But the wake-up of a task gets there by call_soon(), called by set_result(): so
 * another thread, or a signal handler, has called set_result() itself, and nothing has woken the loop. */
void rule_missed_wakeup(struct model *model)
{
	for (size_t i = 0; i < model->asyncio->loop_count; i++) {
		const struct loop *loop = &model->asyncio->loops[i];

		if (loop->doing == LOOP_POLLING && loop->thread != SIZE_MAX && loop->ready_handles.count)
			look_at_loop(model, loop);
	}
}
