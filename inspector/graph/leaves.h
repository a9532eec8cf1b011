/* leaves: objects that are no nodes of the graph, because they hold nothing that could lead on: strings,
 * numbers, bytes. They are found by asking every node for its references once more.
 *
 * The keys of a dict of strings are given too, which the graph does without. */
#ifndef ASYNCINSPECT_GRAPH_LEAVES_H
#define ASYNCINSPECT_GRAPH_LEAVES_H

#include "inspector/graph/graph.h"
#include "inspector/python/heap_inner.h"
#include "inspector/python/refs.h"

/* The leaves that nodes refer to: a bit for each position (heap.h). */
struct leaf_set {
	uint64_t *bits; /* owned */
	size_t word_count;
};

void leaf_set_find(const struct graph *graph, struct leaf_set *set);
void leaf_set_deinit(struct leaf_set *set);

/* One more, unless it is a node, or where no object can be. */
void leaf_set_add(struct leaf_set *set, const struct graph *graph, uint64_t object);

/* For those who go through all references themselves, one after another or by several threads: the position
 * of a target that is a leaf, NO_POSITION of any other. areas is the thread's own. */
static inline uint32_t leaf_position(const struct graph *graph, struct area_cache *areas, uint64_t target)
{
	uint32_t position = area_cache_position(areas, target);

	return position == NO_POSITION || bit_is_set(graph->heap->bits, position) ? NO_POSITION : position;
}

/* Visits each leaf once, by address; what is wrong with its type is the visitor's to find out. False ends the
 * walk. Between two visits memory of the target may go (target_ease). */
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
