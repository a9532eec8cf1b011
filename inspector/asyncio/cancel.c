#include "inspector/asyncio/cancel.h"

#include "inspector/asyncio/asyncio.h"
#include "inspector/python/era.h"
#include "inspector/python/exception.h"
#include "inspector/python/instance.h"
#include "inspector/python/memory.h"

#include <string.h>

static const char cancelled_error[] = "asyncio.exceptions.CancelledError";

static bool is_cancellation(struct python *py, uint64_t object)
{
	const struct pytype *type = object ? pytype_of(py, object, NULL) : NULL;

	return type && pytype_is_exception(type) && pyexception_has(py, object, cancelled_error);
}

/* gi_exc_state holds what the frame handles while it is suspended inside except, finally or __aexit__
 * (Objects/genobject.c, gen_send_ex2). What it handles may have come of the CancelledError. */
static bool handles_it(struct python *py, const struct link *link)
{
	uint64_t exception;

	if (link->kind <= LINK_GENERATOR &&
		read_pointer(py, link->address, FIELD_gen_exc_value, &exception, NULL) &&
		is_cancellation(py, exception))
		return true;
	for (uint32_t i = 0; link->has_frame && i < link->frame.code->nlocalsplus; i++)
		if (is_cancellation(py, pyframe_variable(py, &link->frame, i)))
			return true;
	return false;
}

/* Whether what it waits for was asked to cancel itself, and does not do so at once, as a plain future does.
 */
static bool is_coming(struct python *py, struct asyncio_classes *classes, const struct task *task)
{
	struct task_parts parts;
	struct future future;
	uint64_t asked;

	if (task->parts.must_cancel || task->is_current || task->chain.is_running || !task->wait.address ||
		task->wait.is_done || !future_read(py, classes, task->wait.address, &future, NULL))
		return true;
	if (role_is_task(future.role))
		return future_task_parts(py, &future, &parts, NULL) &&
		       (parts.cancel_requests > 0 || parts.must_cancel);
	/* Lib/asyncio/tasks.py: _GatheringFuture.cancel() asks the children. */
	return instance_get(py, future.address, "_cancel_requested", &asked, NULL) &&
	       asked == py->true_object;
}

const char *cancel_requests_left_by(const struct asyncio *a)
{
	static const char *const modules[] = {"anyio", "async_timeout"};

	for (size_t i = 0; i < a->threads.interp_count; i++)
		for (size_t k = 0; k < sizeof(modules) / sizeof(modules[0]); k++) {
			uint64_t module;

			if (pyinterp_module(a->py, &a->threads.interps[i], modules[k], &module))
				return modules[k];
		}
	return a->py->era->task_groups_leave_requests ? "TaskGroup" : NULL;
}

/* Lib/asyncio/taskgroups.py: it waits for its tasks, whatever comes, and raises or takes back afterwards. */
static bool is_left_to_task_group(const struct task *task)
{
	return task->wait.kind == WAIT_TASK_GROUP;
}

enum cancel_state cancel_state_of(struct python *py, struct asyncio_classes *classes, const struct task *task)
{
	if (task->parts.cancel_requests <= 0)
		return CANCEL_NONE;
	if (is_coming(py, classes, task))
		return CANCEL_COMING;
	if (is_left_to_task_group(task))
		return CANCEL_HANDLED;
	for (size_t i = 0; i < task->chain.count; i++)
		if (handles_it(py, &task->chain.links[i]))
			return CANCEL_HANDLED;
	return task->chain.is_cut ? CANCEL_HANDLED : CANCEL_GONE;
}
