#include "inspector/findings/failed_with.h"

#include "inspector/python/exception.h"
#include "inspector/python/repr.h"

#include <string.h>

#define TEXT_LIMIT  4096
#define SHOWN_LIMIT 200
/* How far back one exception can have come of another. */
#define ORIGINS_MAX 16

static const char *find_phrase(const char *text, const char *const *phrases)
{
	for (; text && *phrases; phrases++)
		if (strstr(text, *phrases))
			return *phrases;
	return NULL;
}

/* The exception with those words: the one that the task failed with, or one before it; 0 none. */
static uint64_t find_exception(
	struct python *py, uint64_t exception, const char *const *phrases, const char **phrase)
{
	for (int i = 0; exception && i < ORIGINS_MAX; i++) {
		*phrase = find_phrase(pyexception_text(py, exception, TEXT_LIMIT), phrases);
		if (*phrase)
			return exception;
		exception = pyexception_origin(py, exception);
	}
	return 0;
}

static void look_at(struct alike_tasks *list, const struct task *task, const char *const *phrases)
{
	struct python *py = list->model->py;
	const char *phrase;
	uint64_t exception = find_exception(py, task->future.exception, phrases, &phrase);
	struct alike_task *item;

	if (!exception)
		return;
	item = alike_add(list, task, task->future.exception_unretrieved ? SEVERITY_ERROR : SEVERITY_WARNING,
		phrase, "%s", task_label(list->model, task));
	alike_evidence(list, item, "failed with %s", pyrepr(py, exception, SHOWN_LIMIT));
	if (exception != task->future.exception)
		alike_evidence(
			list, item, "which became %s", pyrepr(py, task->future.exception, SHOWN_LIMIT));
	if (task->future.exception_unretrieved)
		alike_evidence(list, item, "nobody has asked for its result or its exception");
}

void failed_with(struct alike_tasks *list, const char *const *phrases)
{
	const struct asyncio *a = list->model->asyncio;

	for (size_t i = 0; i < a->task_count; i++)
		if (task_state(&a->tasks[i]) == TASK_FAILED)
			look_at(list, &a->tasks[i], phrases);
}
