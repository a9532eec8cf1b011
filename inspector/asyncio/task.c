#include "inspector/asyncio/task.h"

enum task_state task_state(const struct task *task)
{
	switch (task->future.state) {
	case FUTURE_PENDING:
		return TASK_PENDING;
	case FUTURE_CANCELLED:
		return TASK_CANCELLED;
	default:
		return task->future.exception ? TASK_FAILED : TASK_FINISHED;
	}
}

const char *task_state_name(enum task_state state)
{
	static const char *const names[] = {"pending", "finished", "cancelled", "failed"};

	return names[state];
}
