/* await_cycles: the circles of an await graph. Private to await_graph.c. */
#ifndef ASYNCINSPECT_GRAPH_AWAIT_CYCLES_H
#define ASYNCINSPECT_GRAPH_AWAIT_CYCLES_H

#include "inspector/graph/await_graph.h"

/* Sets cycles, cycle_count and cycle_of of a graph whose edges are sorted. Without AWAIT_LISTED. */
void await_cycles_find(struct await_graph *graph);

#endif
