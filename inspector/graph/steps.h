/* steps: one reference, told with the type of its holder and the edge's name. For retention and
 * referrer_tree. */
#ifndef ASYNCINSPECT_GRAPH_STEPS_H
#define ASYNCINSPECT_GRAPH_STEPS_H

#include "inspector/graph/leaves.h"
#include "inspector/graph/retention.h"

/* The first reference between two nodes, whose names were resolved. */
struct step step_between(
	const struct retention_graph *g, const struct edge_names *names, uint32_t from, uint32_t to);
struct step step_to_leaf(const struct retention_graph *g, const struct leaf_ref *found);
struct step step_from_root(const struct retention_graph *g, const struct root *root);

#endif
