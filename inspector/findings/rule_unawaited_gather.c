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
	if (may_be_in_hands_of_c(model, r))
		return true;
	for (size_t i = 0; i < r->path_count; i++)
		if (path_is_in_hand(model, &r->paths[i]))
			return true;
	return false;
}

/* One that nobody awaits, and what makes it like others: what the first child runs, and who holds it. */
struct unawaited {
	const struct gather *gather;
	const char *child; /* coroutine of its first task; "" none */
	const char *held;  /* the shortest way that is not by a child; "" none */
	bool is_alone;	   /* nothing but its children refers to it */
};

static int compare_unawaited(const struct unawaited *x, const struct unawaited *y)
{
	int order = strcmp(x->child, y->child);

	if (!order)
		order = (int)x->is_alone - (int)y->is_alone;
	return order;
}

static int by_likeness(const void *a, const void *b)
{
	const struct unawaited *x = a, *y = b;
	int order = compare_unawaited(x, y);

	return order ? order
	       : x->gather->future.address < y->gather->future.address
		       ? -1
		       : x->gather->future.address > y->gather->future.address;
}

static const struct task *child_task(const struct model *model, const struct gather *gather, size_t i)
{
	size_t index = asyncio_find_task(model->asyncio, gather->children[i]);

	return index == NO_INDEX ? NULL : &model->asyncio->tasks[index];
}

static void name_children(struct model *model, struct finding *finding, const struct gather *gather)
{
	size_t named = 0;

	for (size_t i = 0; i < gather->child_count; i++) {
		const struct task *task = child_task(model, gather, i);

		if (task && named++ < CHILDREN_MOST)
			finding_evidence(model, finding, "gathers task '%s' (%s), %s", task->name,
				task->coroutine_qualname ? task->coroutine_qualname : "?",
				task_state_name(task_state(task)));
	}
	if (named > CHILDREN_MOST)
		finding_evidence(model, finding, "and %zu more tasks", named - CHILDREN_MOST);
}

static void add_objects(struct model *model, struct finding *finding, const struct gather *gather)
{
	finding_object(model, finding, gather->future.address);
	for (size_t i = 0; i < gather->child_count; i++)
		if (child_task(model, gather, i))
			finding_object(model, finding, gather->children[i]);
}

static void report(struct model *model, const struct unawaited *first, size_t count)
{
	struct finding *finding;

	if (count > 1)
		finding = finding_add(model, "unawaited-gather", SEVERITY_WARNING,
			"gather of %zu at 0x%llx and %zu more like it", first->gather->child_count,
			(unsigned long long)first->gather->future.address, count - 1);
	else
		finding = finding_add(model, "unawaited-gather", SEVERITY_WARNING, "gather of %zu at 0x%llx",
			first->gather->child_count, (unsigned long long)first->gather->future.address);
	finding->is_inferred = !first->is_alone;
	for (size_t i = 0; i < count; i++)
		add_objects(model, finding, first[i].gather);
	finding_evidence(model, finding, "it is pending, and no task waits for it");
	if (first->is_alone)
		finding_evidence(
			model, finding, "nothing but its children refers to it: nobody can await it");
	else if (first->held[0])
		finding_evidence(model, finding, "held by %s, which may still await it", first->held);
	name_children(model, finding, first->gather);
	finding->advice = "Await the result of gather(): without that an exception of a child is not seen.";
}

static void describe(
	struct model *model, const struct gather *gather, const struct retention *r, struct unawaited *found)
{
	*found = (struct unawaited){.gather = gather, .child = "", .held = ""};
	found->is_alone = is_held_by_children_alone(r);
	for (size_t i = 0; i < gather->child_count && !found->child[0]; i++) {
		const struct task *task = child_task(model, gather, i);

		if (task && task->coroutine_qualname)
			found->child = task->coroutine_qualname;
	}
	for (size_t i = 0; i < r->path_count && !found->held[0]; i++)
		if (!is_of_cell(&r->paths[i]))
			found->held = r->paths[i].text;
}

static void look_at(struct model *model, const struct gathers *gathers)
{
	const struct retention_graph graph = model_retention_graph(model);
	struct unawaited *found = xcalloc(gathers->count + 1, sizeof(*found));
	struct retention *retentions = xcalloc(gathers->count + 1, sizeof(*retentions));
	uint64_t *objects = xcalloc(gathers->count + 1, sizeof(*objects));
	const struct gather **asked = xcalloc(gathers->count + 1, sizeof(*asked));
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < gathers->count; i++)
		if (!gathers->items[i].callback_count) {
			asked[count] = &gathers->items[i];
			objects[count++] = gathers->items[i].future.address;
		}
	if (count)
		retention_find(&graph, objects, count, PATHS_MOST, retentions);
	for (size_t i = 0; i < count; i++)
		if (retentions[i].is_known && !is_just_made(model, &retentions[i]))
			describe(model, asked[i], &retentions[i], &found[kept++]);
	qsort(found, kept, sizeof(*found), by_likeness);
	for (size_t at = 0, end; at < kept; at = end) {
		for (end = at + 1; end < kept && compare_unawaited(&found[at], &found[end]) == 0; end++)
			;
		report(model, &found[at], end - at);
	}
	free(asked);
	free(objects);
	free(retentions);
	free(found);
}

/* A pending gather() that no task waits for, and that nobody asked to be told of. */
void rule_unawaited_gather(struct model *model)
{
	struct gathers gathers;

	if (!model->graph)
		return;
	gathers_find(model->asyncio, &gathers);
	look_at(model, &gathers);
	gathers_deinit(&gathers);
}
