/* await_shapes: which nodes of an await graph look alike, with everything that they wait for.
 *
 * Two tasks have the same shape when they are in the same state, their stacks have the same functions at the
 * same lines, they wait for the same kind of thing, and what they wait for in the graph has the same shapes
 * in the same order. What is on a circle, and every thread, has a shape of its own. Linear in nodes and
 * edges, but for texts that are compared. */
#ifndef ASYNCINSPECT_REPORT_AWAIT_SHAPES_H
#define ASYNCINSPECT_REPORT_AWAIT_SHAPES_H

#include "inspector/graph/await_graph.h"
#include "inspector/graph/components.h"

/* graph: the edges that count, among the nodes of awaits. Sets shape[node]; returns how many there are. */
size_t await_shapes_find(const struct await_graph *awaits, const struct digraph *graph, size_t *shape);

/* Whether two tasks look alike themselves, without what they wait for. */
bool await_shapes_are_alike(const struct task *x, const struct task *y);

#endif
