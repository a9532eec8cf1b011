#include "inspector/graph/dominator_tree.h"

#include <stdlib.h>

/* Above comes before below in the order of numbers, so each of these is one pass. */
static void find_places(struct dominator_tree *tree, uint32_t count)
{
	uint32_t *next = xmalloc(((size_t)count + 1) * sizeof(*next));

	for (uint32_t i = 0; i <= count; i++)
		tree->size[i] = 1;
	for (uint32_t i = count; i; i--)
		tree->size[tree->idom[i]] += tree->size[i];
	tree->first[0] = 0;
	next[0] = 1;
	for (uint32_t i = 1; i <= count; i++) {
		uint32_t above = tree->idom[i];

		tree->first[i] = next[above];
		next[i] = next[above] + 1;
		next[above] += tree->size[i];
	}
	free(next);
}

static void find_jumps(struct dominator_tree *tree, uint32_t count)
{
	uint32_t *depth = xmalloc(((size_t)count + 1) * sizeof(*depth));

	depth[0] = 0;
	tree->jump[0] = 0;
	for (uint32_t i = 1; i <= count; i++) {
		uint32_t above = tree->idom[i], jump = tree->jump[above];

		depth[i] = depth[above] + 1;
		tree->jump[i] = depth[above] - depth[jump] == depth[jump] - depth[tree->jump[jump]]
					? tree->jump[jump]
					: above;
	}
	free(depth);
}

void dominator_tree_init(struct dominator_tree *tree, const struct dominators *d)
{
	size_t size = (size_t)d->count + 1;

	*tree = (struct dominator_tree){
		.idom = d->idom,
		.first = xmalloc(size * sizeof(*tree->first)),
		.size = xmalloc(size * sizeof(*tree->size)),
		.jump = xmalloc(size * sizeof(*tree->jump)),
	};
	find_places(tree, d->count);
	find_jumps(tree, d->count);
}

void dominator_tree_deinit(struct dominator_tree *tree)
{
	free(tree->first);
	free(tree->size);
	free(tree->jump);
	*tree = (struct dominator_tree){0};
}

static bool is_above(const struct dominator_tree *tree, uint32_t x, uint32_t y)
{
	return tree->first[y] - tree->first[x] < tree->size[x];
}

uint32_t dominator_tree_common(const struct dominator_tree *tree, uint32_t x, uint32_t y)
{
	while (!is_above(tree, x, y))
		x = is_above(tree, tree->jump[x], y) ? tree->idom[x] : tree->jump[x];
	return x;
}
