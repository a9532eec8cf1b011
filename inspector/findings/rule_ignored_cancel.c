#include "inspector/findings/alike_tasks.h"

#include "inspector/asyncio/cancel.h"
#include "inspector/findings/place.h"

/* The innermost frame that is the user's own; the innermost of all when none is. */
static const struct link *place_of(const struct task *task)
{
	const struct link *found = NULL;

	for (size_t i = 0; i < task->chain.count; i++) {
		const struct link *link = &task->chain.links[i];

		if (link->has_frame && (!found || !place_is_library(link->file)))
			found = link;
	}
	return found;
}

/* The first task that waits for it. */
static void name_waiter(struct alike_tasks *list, struct alike_task *item, size_t task)
{
	const struct await_graph *graph = list->model->awaits;

	for (size_t i = graph->in_first[task]; i < graph->in_first[task + 1]; i++) {
		const struct await_edge *edge = &graph->edges[graph->in[i]];

		if (!await_edge_is_wait(graph, edge))
			continue;
		alike_evidence(list, item, "task '%s' waits for it to end", graph->a->tasks[edge->from].name);
		return;
	}
}

/* A task that was cancelled, is parked again, and has nothing of the CancelledError left to raise. Somebody
 * caught it. That may have been a library that cancels a task for its own ends (a timeout of its own make)
 * and does not take the request back by uncancel(): so this is no proof, and no error. */
void rule_ignored_cancel(struct model *model)
{
	struct alike_tasks list = ALIKE_TASKS_INIT(model);
	const char *others = cancel_requests_left_by(model->asyncio);
	enum severity severity = others ? SEVERITY_INFO : SEVERITY_WARNING;

	for (size_t i = 0; i < model->asyncio->task_count; i++) {
		const struct task *task = &model->asyncio->tasks[i];
		const struct link *place;
		struct alike_task *item;
		long long requests = (long long)task->parts.cancel_requests;

		if (task_state(task) != TASK_PENDING ||
			cancel_state_of(model->py, &model->asyncio->classes, task) != CANCEL_GONE)
			continue;
		place = place_of(task);
		item = alike_add(&list, task, severity, place && place->file ? place->file : "",
			"%s goes on after it was cancelled", task_label(model, task));
		if (requests == 1)
			alike_evidence(&list, item, "cancelled once, and nobody took that back");
		else
			alike_evidence(
				&list, item, "cancelled %lld times, and nobody took that back", requests);
		if (place && place->file)
			alike_evidence(&list, item,
				"parked again at %s:%u in %s, where no CancelledError is handled",
				place_file(&model->facts, place->file), place->line, place->qualname);
		name_waiter(&list, item, i);
		if (others)
			alike_evidence(&list, item, "not sure: %s leaves such requests behind, too", others);
	}
	alike_report(&list, "ignored-cancel", true,
		"Let CancelledError go on, by raise, once it was caught; who means to go on calls "
		"uncancel().");
}
