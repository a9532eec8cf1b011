/* census: how many objects of each type there are, and what they take: nodes of the graph and, once each, the
 * leaves that they refer to. */
#ifndef ASYNCINSPECT_GRAPH_CENSUS_H
#define ASYNCINSPECT_GRAPH_CENSUS_H

#include "inspector/graph/graph.h"

struct census_row {
	const char *type; /* full name; types of one name are one row */
	uint64_t address; /* of one of them */
	uint64_t count, bytes;
};

struct census {
	struct census_row *rows; /* owned; by name */
	size_t row_count;
	uint64_t count, bytes; /* of all */
	uint64_t unreadable;   /* objects whose type cannot be read: in no row */
};

/* Sizes are those of size.h. Looks at every object once. Stops early when the user wants it. */
void census_take(const struct graph *graph, struct census *census);
void census_deinit(struct census *census);

#endif
