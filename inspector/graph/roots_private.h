/* roots_private: what the parts of roots.c share. */
#ifndef ASYNCINSPECT_GRAPH_ROOTS_PRIVATE_H
#define ASYNCINSPECT_GRAPH_ROOTS_PRIVATE_H

#include "inspector/graph/roots.h"

struct root_finder {
	const struct asyncio *a;
	struct python *py;
	const struct graph *graph;
	struct roots *roots;
	size_t capacity;
	struct root current; /* what roots that are added are like */
};

/* Adds a root like current that holds object, by ref when it is not NULL; nothing when that is no node. */
void roots_add(struct root_finder *f, uint64_t object, const struct ref *ref);

/* Static types: roots_types.c. */
void roots_add_types(struct root_finder *f);

#endif
