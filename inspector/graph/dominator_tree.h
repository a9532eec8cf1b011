/* dominator_tree: questions about the tree of dominators: is this above that, and what is above both. */
#ifndef ASYNCINSPECT_GRAPH_DOMINATOR_TREE_H
#define ASYNCINSPECT_GRAPH_DOMINATOR_TREE_H

#include "inspector/graph/dominators.h"

/* All by number. 12 bytes for each node. */
struct dominator_tree {
	uint32_t count;	      /* nodes; numbers go up to it */
	const uint32_t *idom; /* borrowed */
	uint32_t *first;      /* place in a walk that visits a node before those below it */
	uint32_t *size;	      /* nodes below, itself among them */
	uint32_t *jump;	      /* a node further above: so far that few jumps lead anywhere (Myers, 1983) */
};

void dominator_tree_init(struct dominator_tree *tree, const struct dominators *d);
void dominator_tree_deinit(struct dominator_tree *tree);

/* The nearest that is above both, or one of them. Logarithmic in the depth. */
uint32_t dominator_tree_common(const struct dominator_tree *tree, uint32_t x, uint32_t y);

#endif
