/* retained: what would be freed together with each object: itself, and what is reached through it alone.
 *
 * By dominators over the whole graph. Beside the roots that can be named, an object that has more references
 * than were found, or that is immortal, counts as held from outside: it is nobody's to free. So does garbage
 * as dominators.h has it. Leaves (leaves.h) count for the nearest object that dominates all that refer to
 * them, if every reference to them was found. Weak references hold nothing.
 *
 * Sizes are those of size.h: of each object what sys.getsizeof() tells. */
#ifndef ASYNCINSPECT_GRAPH_RETAINED_H
#define ASYNCINSPECT_GRAPH_RETAINED_H

#include "inspector/graph/dominators.h"
#include "inspector/graph/roots.h"

struct retained {
	const struct graph *graph; /* borrowed */
	struct dominators dominators;
	uint64_t *bytes; /* by number of a dominator; [0]: of everything, whoever
			  * else has it */
};

/* Linear in objects and references, but for the search for common dominators of a leaf, which is logarithmic
 * in the depth of the tree. What graph_sources had ready is forgotten. */
void retained_compute(struct graph *graph, const struct roots *roots, struct retained *r);
void retained_deinit(struct retained *r);

/* Bytes; 0 for what is no node, and before retained_compute (all zero). */
uint64_t retained_of_node(const struct retained *r, uint32_t node);
uint64_t retained_of(const struct retained *r, uint64_t object);

/* What would be freed together with all of them, nothing counted twice where one is retained by another. What
 * only several of them together hold is not in it. */
uint64_t retained_of_all(const struct retained *r, const uint64_t *objects, size_t count);

#endif
