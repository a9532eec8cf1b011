/* dominator_tree: questions about the tree of dominators: is this above that, and what is above both. */
#ifndef ASYNCINSPECT_GRAPH_DOMINATOR_TREE_H
#define ASYNCINSPECT_GRAPH_DOMINATOR_TREE_H

#include "inspector/graph/dominators.h"

/* What is asked of a node is asked at once, so it lies in one place. */
struct dominator_place {
	uint32_t first; /* place in a walk that visits a node before those below it */
	uint32_t size;	/* nodes below, itself among them */
	uint32_t jump;	/* a node further above: so far that few jumps lead anywhere (Myers, 1983) */
};

struct dominator_tree {
	uint32_t count;			/* nodes; numbers go up to it */
	const uint32_t *idom;		/* by number; borrowed */
	struct dominator_place *places; /* by number */
};

void dominator_tree_init(struct dominator_tree *tree, const struct dominators *d);
void dominator_tree_deinit(struct dominator_tree *tree);

/* For who will ask that of a number soon. */
static inline void dominator_tree_fetch(const struct dominator_tree *tree, uint32_t number)
{
	__builtin_prefetch(&tree->places[number]);
}

/* The nearest that is above both, or one of them. Logarithmic in the depth. */
uint32_t dominator_tree_common(const struct dominator_tree *tree, uint32_t x, uint32_t y);

#endif
