#include "inspector/graph/steps.h"

static const char *type_name(struct python *py, uint64_t object)
{
	const struct pytype *type = pytype_of(py, object, NULL);

	return type ? type->full_name : "?";
}

struct step step_between(
	const struct retention_graph *g, const struct edge_names *names, uint32_t from, uint32_t to)
{
	struct python *py = g->a->py;
	struct step step = {
		.from = heap_address(g->graph->heap, from),
		.to = heap_address(g->graph->heap, to),
	};
	size_t count;
	const struct named_edge *edge = edge_names_find(names, from, to, &count);

	step.from_type = type_name(py, step.from);
	step.ref =
		edge ? edge->ref : (struct ref){.target = step.to, .kind = EDGE_NAME, .text = "<reference>"};
	return step;
}

struct step step_to_leaf(const struct retention_graph *g, const struct leaf_ref *found)
{
	return (struct step){
		.from = heap_address(g->graph->heap, found->from),
		.from_type = type_name(g->a->py, heap_address(g->graph->heap, found->from)),
		.ref = found->ref,
		.to = found->ref.target,
	};
}

struct step step_from_root(const struct retention_graph *g, const struct root *root)
{
	struct step step = {.from = root->holder,
		.to = root->node == NO_NODE ? root->ref.target : heap_address(g->graph->heap, root->node)};

	step.ref = root->ref;
	step.from_type = root->kind == ROOT_FRAME	  ? "frame"
			 : root->kind == ROOT_TYPE	  ? "type"
			 : root->kind == ROOT_INTERPRETER ? "interpreter state"
							  : "thread state";
	if (root->kind == ROOT_LOOP)
		step.ref = (struct ref){.target = step.to, .kind = EDGE_NAME, .text = "<running loop>"};
	else if (root->kind != ROOT_FRAME && root->kind != ROOT_TYPE)
		step.ref = (struct ref){
			.target = step.to,
			.kind = EDGE_NAME,
			.text = arena_printf(g->a->py->arena, "<%s>", root->name),
		};
	return step;
}
