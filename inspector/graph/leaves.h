/* leaves: objects that are no nodes of the graph, because they hold nothing that could lead on: strings,
 * numbers, bytes. They are found by asking every node for its references once more.
 *
 * The keys of a dict of strings are given too, which the graph does without. */
#ifndef ASYNCINSPECT_GRAPH_LEAVES_H
#define ASYNCINSPECT_GRAPH_LEAVES_H

#include "inspector/graph/graph.h"
#include "inspector/python/refs.h"

/* One reference to a leaf. node is who has it; false ends the walk. */
typedef bool (*leaf_visit_fn)(void *context, uint32_t node, const struct ref *ref);

/* Visits every reference from a node to something in the target's own memory that is no node. A leaf comes
 * as often as it is referred to. */
void leaves_each_reference(const struct graph *graph, leaf_visit_fn visit, void *context);

/* Visits each leaf once; what is wrong with its type is the visitor's to find out. */
typedef bool (*leaf_once_fn)(void *context, uint64_t object);
void leaves_each(const struct graph *graph, leaf_once_fn visit, void *context);

/* Who refers to certain leaves. */
struct leaf_ref {
	size_t object; /* index in what was asked for */
	uint32_t from; /* node */
	struct ref ref;
};

struct leaf_refs {
	struct leaf_ref *items; /* owned; by object, then by node */
	size_t count, capacity;
	uint64_t *totals; /* owned; by object: references that there are; of each so many are kept: */
};

#define LEAF_REFS_MAX 4096

void leaf_refs_find(
	const struct graph *graph, const uint64_t *objects, size_t count, struct leaf_refs *found);
void leaf_refs_deinit(struct leaf_refs *found);

/* Those of one object: the first of *count. */
const struct leaf_ref *leaf_refs_of(const struct leaf_refs *found, size_t object, size_t *count);

#endif
