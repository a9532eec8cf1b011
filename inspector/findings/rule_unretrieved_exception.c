#include "inspector/findings/alike_tasks.h"
#include "inspector/findings/in_hand.h"

#include "inspector/python/repr.h"

#include <stdlib.h>

#define TEXT_LIMIT 200
#define PATHS_MOST 3
/* Tasks whose holders are looked for. */
#define LOOKED_AT_MOST 1000

/* Futures that a loop is about to tell somebody about: arguments of what it calls next. */
static void find_announced(const struct asyncio *a, struct addrmap *announced)
{
	for (size_t i = 0; i < a->loop_count; i++) {
		const struct loop *loop = &a->loops[i];

		if (!loop->is_running)
			continue;
		if (loop->running.future)
			addrmap_put(announced, loop->running.future, 0);
		for (size_t k = 0; k < loop->ready_handles.count; k++)
			if (loop->ready_handles.items[k].future)
				addrmap_put(announced, loop->ready_handles.items[k].future, 0);
	}
}

/* A task waits for it together with others: by gather(), wait() and the like. */
static bool is_waited_for(const struct model *model, size_t task)
{
	const struct await_graph *graph = model->awaits;

	for (size_t i = graph->in_first[task]; i < graph->in_first[task + 1]; i++)
		if (await_edge_is_wait(graph, &graph->edges[graph->in[i]]))
			return true;
	return false;
}

/* Somebody who runs has it, or a task that is about to run. */
static bool is_about_to_be_seen(const struct model *model, const struct retention *r)
{
	for (size_t i = 0; i < r->path_count; i++)
		if (path_is_in_hand(model, &r->paths[i]))
			return true;
	return false;
}

static const struct path *find_task_path(const struct model *model, const struct retention *r)
{
	for (size_t i = 0; i < r->path_count; i++)
		if (path_task(model->asyncio, &r->paths[i]))
			return &r->paths[i];
	return NULL;
}

static void report(struct alike_tasks *list, const struct task *task, const struct retention *r)
{
	struct model *model = list->model;
	const struct path *held_by_task = r ? find_task_path(model, r) : NULL;
	const struct pytype *type = pytype_of(model->py, task->future.exception, NULL);
	struct alike_task *item;

	item = alike_add(list, task, held_by_task ? SEVERITY_WARNING : SEVERITY_ERROR,
		type ? type->full_name : "?", "task '%s' failed with %s", task->name,
		pyrepr(model->py, task->future.exception, TEXT_LIMIT));
	alike_evidence(list, item, "nobody has asked for its result or its exception");
	if (held_by_task)
		alike_evidence(list, item, "held by %s, which may still look at it", held_by_task->text);
	else if (r && r->path_count)
		alike_evidence(list, item, "held by %s", r->paths[0].text);
	if (task->coroutine_qualname)
		alike_evidence(list, item, "its coroutine was %s", task->coroutine_qualname);
}

static void look_at(struct alike_tasks *list, const size_t *tasks, size_t count)
{
	struct model *model = list->model;
	size_t looked_at = !model->graph ? 0 : count < LOOKED_AT_MOST ? count : LOOKED_AT_MOST;
	struct retention *found = xcalloc(looked_at + 1, sizeof(*found));
	uint64_t *objects = xcalloc(looked_at + 1, sizeof(*objects));

	for (size_t i = 0; i < looked_at; i++)
		objects[i] = model->asyncio->tasks[tasks[i]].address;
	if (looked_at) {
		const struct retention_graph graph = model_retention_graph(model);

		retention_find(&graph, objects, looked_at, PATHS_MOST, found);
	}
	for (size_t i = 0; i < count; i++)
		if (i >= looked_at || !is_about_to_be_seen(model, &found[i]))
			report(list, &model->asyncio->tasks[tasks[i]], i < looked_at ? &found[i] : NULL);
	free(objects);
	free(found);
}

/* A task that failed, while nobody has looked: asyncio tells only when the task is freed. Not one that
 * somebody waits for: who gathers tasks, or has just been told, looks soon. One that a variable of a parked
 * task holds may be awaited when that goes on, so it is no error yet. */
void rule_unretrieved_exception(struct model *model)
{
	const struct asyncio *a = model->asyncio;
	struct alike_tasks list = ALIKE_TASKS_INIT(model);
	struct addrmap announced = ADDRMAP_INIT;
	size_t *tasks = xcalloc(a->task_count + 1, sizeof(*tasks)), count = 0;

	find_announced(a, &announced);
	for (size_t i = 0; i < a->task_count; i++)
		if (a->tasks[i].future.exception_unretrieved &&
			!addrmap_get(&announced, a->tasks[i].address, NULL) && !is_waited_for(model, i))
			tasks[count++] = i;
	look_at(&list, tasks, count);
	alike_report(&list, "unretrieved-exception", false,
		"Await the task, or give it a done callback that looks at its exception.");
	addrmap_deinit(&announced);
	free(tasks);
}
