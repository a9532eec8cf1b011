/* await_tree: an await graph as rows of a tree, each node and each edge once at most.
 *
 * Roots are the tasks and threads that nobody waits for, and of a circle that nobody outside waits for its
 * first task. What was shown already is referred to; many alike are folded into one row; what lies too deep
 * becomes a root of its own further below, so that no row is indented more than TREE_DEPTH times. There are
 * no more rows than nodes and edges together. No recursion. */
#ifndef ASYNCINSPECT_REPORT_AWAIT_TREE_H
#define ASYNCINSPECT_REPORT_AWAIT_TREE_H

#include "inspector/report/view.h"

#define TREE_DEPTH 16

enum tree_row_kind {
	TREE_NODE,   /* a task or a thread */
	TREE_FRAME,  /* a frame of the task that it is below */
	TREE_ABOVE,  /* a node that has a row further above */
	TREE_CIRCLE, /* the same, and it waits for the node that this row is below: a circle is closed */
	TREE_BELOW,  /* a node that has its row further below, as a root, because this is too deep */
	TREE_MORE,   /* count nodes like the sibling before them; their own rows are left out */
	TREE_CHAIN,  /* count nodes, each waiting for the next alone, that look like the one above it */
	TREE_MANY,   /* count nodes that have rows above */
};

struct tree_row {
	enum tree_row_kind kind;
	size_t node;		       /* MORE, CHAIN, MANY: the first of them; FRAME: whose */
	size_t last;		       /* MORE, CHAIN, MANY: the last of them */
	size_t count;		       /* MORE, CHAIN, MANY */
	size_t frame;		       /* FRAME: index in the task's chain */
	size_t parent;		       /* row; NO_INDEX: a root */
	const struct await_edge *edge; /* by which its parent waits for it; NULL: a root, a frame */
};

struct tree_options {
	const bool *keep; /* by node; NULL: all */
	bool with_frames;
	bool is_unfolded; /* neither MORE nor CHAIN nor MANY; done tasks that nobody waits for as well */
};

struct tree {
	size_t count, capacity;
	struct tree_row *rows; /* owned; a parent comes before its children */
	size_t left_out;       /* tasks that are done and nobody waits for */
};

void tree_make(const struct await_graph *graph, const struct tree_options *options, struct tree *tree);
void tree_deinit(struct tree *tree);

/* Sets keep[node] for what a filter chose, what that waits for, and who waits for that, directly or not;
 * chosen is by task. keep has room for all nodes. */
void tree_keep(const struct await_graph *graph, const bool *chosen, bool *keep);

#endif
