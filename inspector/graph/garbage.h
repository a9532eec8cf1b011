/* garbage: whether an object that no root reaches is held by anything at all.
 *
 * The roots are those that can be named. C code can hold objects where no table says so: in static variables,
 * on its stack. Reference counts tell: if every object that leads to this one has as many references as were
 * found, nobody else holds any of them, and the collector would free them all (Python/gc.c does the same
 * sum). */
#ifndef ASYNCINSPECT_GRAPH_GARBAGE_H
#define ASYNCINSPECT_GRAPH_GARBAGE_H

#include "inspector/graph/graph.h"

struct garbage_verdict {
	bool is_garbage;
	size_t count;
	uint32_t *nodes; /* not garbage: from an object that has more references than were found to the one
			  * asked about. Caller frees; NULL for garbage */
};

/* For a node that no root reaches. */
void garbage_judge(const struct graph *graph, uint32_t node, struct garbage_verdict *verdict);

#endif
