#include "inspector/findings/failed_with.h"

/* Objects/genobject.c: gen_send_ex2, _gen_throw and async_gen_asend_send; a coroutine can be awaited once. */
void rule_reused_coroutine(struct model *model)
{
	static const char *const phrases[] = {
		"cannot reuse already awaited", "coroutine is being awaited already", NULL};
	struct alike_tasks list = ALIKE_TASKS_INIT(model);

	failed_with(&list, phrases);
	alike_report(&list, "reused-coroutine", false,
		"Keep a task, whose result can be awaited many times, or call the function anew.");
}
