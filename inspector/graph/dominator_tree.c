#include "inspector/graph/dominator_tree.h"

#include "inspector/base/big.h"

/* Above comes before below in the order of numbers, so each of these is one pass. */
static void find_places(struct dominator_tree *tree, uint32_t count)
{
	uint32_t *next = big_alloc((size_t)count + 1, sizeof(*next));

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
	big_free(next, (size_t)count + 1, sizeof(*next));
}

static void find_jumps(struct dominator_tree *tree, uint32_t count)
{
	uint32_t *depth = big_alloc((size_t)count + 1, sizeof(*depth));

	depth[0] = 0;
	tree->jump[0] = 0;
	for (uint32_t i = 1; i <= count; i++) {
		uint32_t above = tree->idom[i], jump = tree->jump[above];

		depth[i] = depth[above] + 1;
		tree->jump[i] = depth[above] - depth[jump] == depth[jump] - depth[tree->jump[jump]]
					? tree->jump[jump]
					: above;
	}
	big_free(depth, (size_t)count + 1, sizeof(*depth));
}

void dominator_tree_init(struct dominator_tree *tree, const struct dominators *d)
{
	size_t size = (size_t)d->count + 1;

	*tree = (struct dominator_tree){
		.count = d->count,
		.idom = d->idom,
		.first = big_alloc(size, sizeof(*tree->first)),
		.size = big_alloc(size, sizeof(*tree->size)),
		.jump = big_alloc(size, sizeof(*tree->jump)),
	};
	find_places(tree, d->count);
	find_jumps(tree, d->count);
}

void dominator_tree_deinit(struct dominator_tree *tree)
{
	size_t size = (size_t)tree->count + 1;

	big_free(tree->first, size, sizeof(*tree->first));
	big_free(tree->size, size, sizeof(*tree->size));
	big_free(tree->jump, size, sizeof(*tree->jump));
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
