#include "inspector/findings/model.h"

#include "inspector/findings/arguments.h"
#include "inspector/findings/facts.h"
#include "inspector/findings/findings.h"
#include "inspector/graph/native_refs.h"

#include <stdlib.h>

struct retention_graph model_retention_graph(const struct model *model)
{
	/* What was let go for a while is no change of the model. */
	if (model->graph && !model->reach.graph)
		reach_compute(model->graph, &model->roots, &((struct model *)model)->reach);
	return (struct retention_graph){
		.a = model->asyncio, .graph = model->graph, .roots = &model->roots, .reach = &model->reach};
}

static void find_loop_holders(struct model *model, size_t paths_most)
{
	const struct asyncio *a = model->asyncio;
	const struct retention_graph g = model_retention_graph(model);
	uint64_t *objects = xcalloc(a->loop_count, sizeof(*objects));

	for (size_t i = 0; i < a->loop_count; i++)
		objects[i] = a->loops[i].address;
	model->loops = xcalloc(a->loop_count, sizeof(*model->loops));
	retention_find(&g, objects, a->loop_count, paths_most, model->loops);
	free(objects);
}

static void find_orphans(struct model *model, const struct model_options *options)
{
	const struct asyncio *a = model->asyncio;
	const struct retention_graph g = model_retention_graph(model);
	uint64_t *objects = xcalloc(a->coroutine_count, sizeof(*objects));
	struct retention *found;

	model->has_orphans = true;
	model->orphans = xcalloc(a->coroutine_count, sizeof(*model->orphans));
	for (size_t i = 0; i < a->coroutine_count; i++) {
		struct orphan *orphan = &model->orphans[model->orphan_count];

		if (!asyncio_is_orphan(a, &a->coroutines[i]))
			continue;
		*orphan = (struct orphan){.coroutine = i};
		arguments_read(model->py, &a->coroutines[i], options->repr_limit, orphan);
		objects[model->orphan_count++] = a->coroutines[i].gen.address;
	}
	found = xcalloc(model->orphan_count, sizeof(*found));
	retention_find(&g, objects, model->orphan_count, options->paths_most, found);
	native_refs_find(&g, found, model->orphan_count);
	for (size_t i = 0; i < model->orphan_count; i++) {
		model->orphans[i].retention = found[i];
	}
	free(found);
	free(objects);
}

static bool is_interrupted(struct model *model)
{
	model->is_interrupted |= progress_is_interrupted(model->py->progress);
	return model->is_interrupted;
}

/* Where memory is scarce there is none for that. */
static bool wants_retained(const struct model *model, const struct model_options *options)
{
	return options->needs_retained && !target_is_scarce(model->py->target);
}

static void build_graph(struct model *model, const struct model_options *options)
{
	struct python *py = model->py;

	model->graph = graph_build(
		py, model->asyncio->heap, options->needs_leaves || wants_retained(model, options));
	if (!model->graph)
		return;
	target_trim(py->target);
	if (options->without_roots)
		return;
	roots_find(model->asyncio, model->graph, &model->roots);
	progress_phase(py->progress, "finding what roots lead to", 0);
	reach_compute(model->graph, &model->roots, &model->reach);
	if (options->needs_loops)
		find_loop_holders(model, options->paths_most);
}

/* Everything that takes long, one after another; each part looks at those before it. */
static void build_with_heap(struct model *model, const struct model_options *options)
{
	struct python *py = model->py;

	if (options->needs_graph || options->needs_orphans || options->needs_wakes)
		build_graph(model, options);
	if (options->needs_wakes && !is_interrupted(model)) {
		progress_phase(py->progress, "finding what can wake tasks", 0);
		model->has_wakes = true;
		wake_compute(model->asyncio, model->graph, &model->roots, &model->reach, &model->wakes);
	}
	if (options->needs_orphans && !is_interrupted(model)) {
		progress_phase(py->progress, "finding who holds orphans", 0);
		find_orphans(model, options);
	}
	if (options->needs_findings && !is_interrupted(model)) {
		progress_phase(py->progress, "looking for findings", 0);
		findings_run(model, options->rules);
	}
	/* Last, since it takes most memory: what is not needed any more is gone by then. */
	if (wants_retained(model, options) && model->graph && !is_interrupted(model)) {
		progress_phase(py->progress, "adding up what objects retain", 0);
		reach_deinit(&model->reach);
		retained_compute(model->graph, &model->roots, &model->retained);
		model->has_retained = !is_interrupted(model);
	}
}

struct model *model_build(struct python *py, const struct model_options *options, struct error *err)
{
	struct asyncio_options asyncio_options = {
		.needs_heap = options->needs_heap || options->needs_graph || options->needs_orphans ||
			      options->needs_wakes,
		.needs_loops = options->needs_loops,
		.tasks_most = options->tasks_most,
	};
	struct model *model = xcalloc(1, sizeof(*model));

	model->py = py;
	model->asyncio = asyncio_collect(py, &asyncio_options, err);
	if (!model->asyncio) {
		model_destroy(model);
		return NULL;
	}
	if (model->asyncio->is_cut)
		return model;
	model->awaits = await_graph_build(model->asyncio);
	facts_read(py, &model->asyncio->threads, &model->facts);
	if (!is_interrupted(model))
		build_with_heap(model, options);
	if (is_interrupted(model) && !options->may_be_partial) {
		error_set(err, ERROR_INTERRUPTED, "interrupted before there was an answer");
		model_destroy(model);
		return NULL;
	}
	return model;
}

void model_destroy(struct model *model)
{
	if (!model)
		return;
	if (model->graph) {
		retained_deinit(&model->retained);
		reach_deinit(&model->reach);
		roots_deinit(&model->roots);
	}
	graph_destroy(model->graph);
	await_graph_destroy(model->awaits);
	asyncio_destroy(model->asyncio);
	free(model->orphans);
	wake_deinit(&model->wakes);
	free(model->loops);
	free(model->findings);
	free(model);
}
