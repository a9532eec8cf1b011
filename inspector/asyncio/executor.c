#include "inspector/asyncio/executor.h"

#include "inspector/python/instance.h"
#include "inspector/python/int.h"
#include "inspector/python/sequence.h"
#include "inspector/python/type.h"

static int64_t number(struct python *py, uint64_t object, const char *name)
{
	uint64_t value;
	int64_t n;

	return instance_get(py, object, name, &value, NULL) && pyint_signed(py, value, &n, NULL) && n >= 0
		       ? n
		       : -1;
}

void executor_read(struct python *py, uint64_t address, struct executor *executor)
{
	const struct pytype *type = pytype_of(py, address, NULL);
	uint64_t value, length;

	*executor = (struct executor){.address = address,
		.type_name = type ? type->full_name : "?",
		.threads = -1,
		.max_workers = number(py, address, "_max_workers"),
		.idle = -1,
		.is_shut_down = -1};
	if (instance_get(py, address, "_threads", &value, NULL) && (type = pytype_of(py, value, NULL)) &&
		type->kind == KIND_SET && sequence_length(py, value, KIND_SET, &length, NULL) &&
		length <= INT64_MAX)
		executor->threads = (int64_t)length;
	/* An idle thread releases a semaphore, which submit() takes instead of making another thread. */
	if (instance_get(py, address, "_idle_semaphore", &value, NULL))
		executor->idle = number(py, value, "_value");
	if (instance_get(py, address, "_shutdown", &value, NULL) &&
		(value == py->true_object || value == py->false_object))
		executor->is_shut_down = value == py->true_object;
	if (instance_get(py, address, "_work_queue", &value, NULL))
		executor->has_backlog = workqueue_read(py, value, &executor->backlog);
}

/* _WorkItem; from 3.14 on the function and its arguments are in the tuple task. */
uint64_t executor_item_function(struct python *py, uint64_t item, uint64_t *future)
{
	uint64_t task, function;

	*future = 0;
	if (!instance_get(py, item, "future", future, NULL))
		return 0;
	if (instance_get(py, item, "fn", &function, NULL))
		return function;
	return instance_get(py, item, "task", &task, NULL) && sequence_item(py, task, 0, &function, NULL)
		       ? function
		       : 0;
}
