#include "inspector/findings/findings.h"
#include "inspector/findings/in_hand.h"

#include "inspector/asyncio/gather.h"

#include <stdlib.h>
#include <string.h>

#define PATHS_MOST    3
#define CHILDREN_MOST 3

/* A child's done callback refers to the future by a cell: that is how it was found, and awaits nothing. */
static bool is_held_by_children_alone(const struct retention *r)
{
	for (size_t i = 0; i < r->referrer_count; i++)
		if (strcmp(r->referrers[i].from_type, "cell") != 0)
			return false;
	return r->native_references == 0;
}

static bool is_of_cell(const struct path *path)
{
	return path->count && strcmp(path->steps[path->count - 1].from_type, "cell") == 0;
}

static bool is_just_made(const struct model *model, const struct retention *r)
{
	for (size_t i = 0; i < r->path_count; i++)
		if (path_is_in_hand(model, &r->paths[i]))
			return true;
	return false;
}

static void name_children(struct model *model, struct finding *finding, const struct gather *gather)
{
	const struct asyncio *a = model->asyncio;
	size_t named = 0;

	for (size_t i = 0; i < gather->child_count; i++) {
		size_t index = asyncio_find_task(a, gather->children[i]);

		if (index == NO_INDEX)
			continue;
		finding_object(model, finding, gather->children[i]);
		if (named++ < CHILDREN_MOST)
			finding_evidence(model, finding, "gathers task '%s' (%s), %s", a->tasks[index].name,
				a->tasks[index].coroutine_qualname ? a->tasks[index].coroutine_qualname : "?",
				task_state_name(task_state(&a->tasks[index])));
	}
	if (named > CHILDREN_MOST)
		finding_evidence(model, finding, "and %zu more tasks", named - CHILDREN_MOST);
}

static void report(struct model *model, const struct gather *gather, const struct retention *r)
{
	bool alone = is_held_by_children_alone(r);
	struct finding *finding = finding_add(model, "unawaited-gather", SEVERITY_WARNING,
		"gather of %zu at 0x%llx", gather->child_count, (unsigned long long)gather->future.address);

	finding->is_inferred = !alone;
	finding_object(model, finding, gather->future.address);
	finding_evidence(model, finding, "it is pending, and no task waits for it");
	if (alone)
		finding_evidence(
			model, finding, "nothing but its children refers to it: nobody can await it");
	for (size_t i = 0; i < r->path_count; i++)
		if (!is_of_cell(&r->paths[i]))
			finding_evidence(
				model, finding, "held by %s, which may still await it", r->paths[i].text);
	name_children(model, finding, gather);
	finding->advice = "Await the result of gather(): without that an exception of a child is not seen.";
}

void rule_unawaited_gather(struct model *model)
{
	const struct retention_graph graph = model_retention_graph(model);
	struct gathers gathers;

	if (!model->graph)
		return;
	gathers_find(model->asyncio, &gathers);
	for (size_t i = 0; i < gathers.count; i++) {
		const struct gather *gather = &gathers.items[i];
		struct retention r;

		if (gather->callback_count)
			continue;
		retention_find(&graph, &gather->future.address, 1, PATHS_MOST, &r);
		if (r.is_known && !is_just_made(model, &r))
			report(model, gather, &r);
	}
	gathers_deinit(&gathers);
}
