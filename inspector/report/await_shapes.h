/* await_shapes: which nodes of an await graph look alike, with everything that they wait for.
 *
 * Two tasks have the same shape when they look the same (task_looks.h), and what they wait for in the graph
 * has the same shapes in the same order. What is on a circle, and every thread, has a shape of its own.
 * Linear in nodes and edges, but for texts that are compared. */
#ifndef ASYNCINSPECT_REPORT_AWAIT_SHAPES_H
#define ASYNCINSPECT_REPORT_AWAIT_SHAPES_H

#include "inspector/graph/await_graph.h"
#include "inspector/graph/components.h"
#include "inspector/report/task_looks.h"

struct await_shapes {
	const struct await_graph *awaits; /* borrowed */
	size_t count;
	size_t *shape; /* by node: below count; owned */
	struct shared_waits shared;
};

/* graph: the edges that count, among the nodes of awaits. */
void await_shapes_find(
	const struct await_graph *awaits, const struct digraph *graph, struct await_shapes *shapes);
void await_shapes_deinit(struct await_shapes *shapes);

/* Whether two tasks, by index, look alike themselves, without what they wait for. */
bool await_shapes_are_alike(const struct await_shapes *shapes, size_t x, size_t y);

#endif
