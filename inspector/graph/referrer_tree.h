/* referrer_tree: who refers to an object, who refers to these, and so on, for some steps. */
#ifndef ASYNCINSPECT_GRAPH_REFERRER_TREE_H
#define ASYNCINSPECT_GRAPH_REFERRER_TREE_H

#include "inspector/graph/retention.h"

enum referrer_mark {
	REFERRER_PLAIN,
	REFERRER_ROOT,	 /* a root: the tree ends here */
	REFERRER_ABOVE,	 /* its own referrers stand in another place of the tree */
	REFERRER_CIRCLE, /* it is the object, or one of those that it refers to on the way there */
	REFERRER_CUT,	 /* it has referrers, which are not in the tree any more */
};

/* A holder of the row that is its parent. */
struct referrer {
	struct step step;    /* the first of its references */
	uint64_t references; /* how many it has to that object */
	size_t parent;	     /* row; SIZE_MAX: it refers to the object itself */
	enum referrer_mark mark;
	const char *root_name; /* ROOT */
	uint64_t left_out;     /* holders of this one that are not in the tree */
};

struct referrer_tree {
	struct referrer *rows; /* owned; a parent before its children */
	size_t count, capacity;
	uint64_t left_out; /* holders of the object that are not in the tree */
};

/* Of each object at most most_each holders, the nearest to a root first; depth steps; some thousands of rows
 * in all. Level by level, so that what is left out is what is far away. */
void referrer_tree_find(const struct retention_graph *g, uint64_t object, size_t depth, size_t most_each,
	struct referrer_tree *tree);
void referrer_tree_deinit(struct referrer_tree *tree);

/* "root", "above", "circle", "cut"; NULL for PLAIN. Static. */
const char *referrer_mark_name(enum referrer_mark mark);

#endif
