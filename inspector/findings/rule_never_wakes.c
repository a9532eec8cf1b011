#include "inspector/findings/alike_tasks.h"

#include <string.h>

/* Rules that say more of a task that never goes on: it is theirs. */
static bool says_more(const struct finding *finding)
{
	static const char *const names[] = {"unreferenced-task", "wrong-loop", "pending-on-closed-loop",
		"scheduled-on-stopped-loop", "deadlock", "await-cycle", "missed-wakeup", "stuck-join"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(finding->rule, names[i]) == 0)
			return true;
	return false;
}

/* Tasks that other findings are about, and what these are about besides: who waits in get() of a queue that
 * is stuck is no finding of its own. */
static void take_told(const struct model *model, struct addrmap *told)
{
	for (size_t i = 0; i < model->finding_count; i++)
		for (size_t k = 0; says_more(&model->findings[i]) && k < model->findings[i].object_count; k++)
			addrmap_put(told, model->findings[i].objects[k], 0);
}

static bool is_told(const struct addrmap *told, const struct task *task)
{
	return addrmap_get(told, task->address, NULL) ||
	       (task->wait.on && addrmap_get(told, task->wait.on, NULL));
}

static bool is_stuck(const struct model *model, size_t task)
{
	return model->wakes.items[task].class == WAKE_NEVER;
}

/* It waits for tasks of which one never goes on: that one is the finding. */
static bool is_consequence(const struct model *model, size_t index)
{
	const struct wait *wait = &model->asyncio->tasks[index].wait;

	for (size_t i = 0; i < wait->task_count; i++) {
		size_t inner = asyncio_find_task(model->asyncio, wait->tasks[i]);

		if (inner != NO_INDEX && inner != index && is_stuck(model, inner))
			return true;
	}
	return false;
}

/* "await Event().wait()" in the main task of a server is how programs run until they are told to end: they
 * are told by cancelling it. As long as anything else of the program goes on, that is no fault. */
static enum severity severity_of(const struct model *model, const struct wake *wake)
{
	if (wake->certainty != WAKE_PROVED || (wake->is_main && !model->wakes.is_dead))
		return SEVERITY_INFO;
	return wake->is_alone ? SEVERITY_WARNING : SEVERITY_ERROR;
}

static void add(struct model *model, struct alike_tasks *list, size_t index)
{
	const struct task *task = &model->asyncio->tasks[index];
	const struct wake *wake = &model->wakes.items[index];
	struct alike_task *item =
		alike_add(list, task, severity_of(model, wake), "", "%s", task_label(model, task));

	alike_evidence(list, item, "waits for %s", task->wait.text ? task->wait.text : "nothing");
	alike_evidence(list, item, "%s: %s", wake_certainty_name(wake->certainty), wake->grounds);
	if (wake->is_alone && !wake->is_main)
		alike_evidence(list, item,
			"no variable has what it waits for: it may be meant to wait until it is cancelled");
	if (wake->is_main)
		alike_evidence(list, item, "%s",
			model->wakes.is_dead ? "it is the main task, and no timer, descriptor or other "
					       "thread is left that "
					       "could do anything"
					     : "it is the main task, and the rest of the program goes on: it "
					       "may be meant to "
					       "wait until it is cancelled");
}

/* graph/wake.h says what is a proof and what it takes for granted. Runs after the rules that know better why.
 */
void rule_never_wakes(struct model *model)
{
	struct alike_tasks list = ALIKE_TASKS_INIT(model);
	struct addrmap told = ADDRMAP_INIT;

	take_told(model, &told);
	for (size_t i = 0; model->has_wakes && i < model->asyncio->task_count; i++)
		if (is_stuck(model, i) && !is_consequence(model, i) &&
			!is_told(&told, &model->asyncio->tasks[i]))
			add(model, &list, i);
	alike_report(&list, "never-wakes", false,
		"Keep what sets the future within reach of code that runs, or bound the wait by a timeout.");
	addrmap_deinit(&told);
}
