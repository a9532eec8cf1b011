#include "inspector/graph/dominator_tree.h"

#include "inspector/base/big.h"

/* Above comes before below in the order of numbers, so each of these is one pass. */
static void find_places(struct dominator_tree *tree, uint32_t count)
{
	uint32_t *next = big_alloc((size_t)count + 1, sizeof(*next));

	for (uint32_t i = 0; i <= count; i++)
		tree->places[i].size = 1;
	for (uint32_t i = count; i; i--)
		tree->places[tree->idom[i]].size += tree->places[i].size;
	tree->places[0].first = 0;
	next[0] = 1;
	for (uint32_t i = 1; i <= count; i++) {
		uint32_t above = tree->idom[i];

		tree->places[i].first = next[above];
		next[i] = next[above] + 1;
		next[above] += tree->places[i].size;
	}
	big_free(next, (size_t)count + 1, sizeof(*next));
}

static void find_jumps(struct dominator_tree *tree, uint32_t count)
{
	uint32_t *depth = big_alloc((size_t)count + 1, sizeof(*depth));

	depth[0] = 0;
	tree->places[0].jump = 0;
	for (uint32_t i = 1; i <= count; i++) {
		uint32_t above = tree->idom[i], jump = tree->places[above].jump;

		depth[i] = depth[above] + 1;
		tree->places[i].jump =
			depth[above] - depth[jump] == depth[jump] - depth[tree->places[jump].jump]
				? tree->places[jump].jump
				: above;
	}
	big_free(depth, (size_t)count + 1, sizeof(*depth));
}

void dominator_tree_init(struct dominator_tree *tree, const struct dominators *d)
{
	*tree = (struct dominator_tree){
		.count = d->count,
		.idom = d->idom,
		.places = big_alloc((size_t)d->count + 1, sizeof(*tree->places)),
	};
	find_places(tree, d->count);
	find_jumps(tree, d->count);
}

void dominator_tree_deinit(struct dominator_tree *tree)
{
	big_free(tree->places, (size_t)tree->count + 1, sizeof(*tree->places));
	*tree = (struct dominator_tree){0};
}

static bool is_above(const struct dominator_tree *tree, uint32_t x, uint32_t y)
{
	return tree->places[y].first - tree->places[x].first < tree->places[x].size;
}

uint32_t dominator_tree_common(const struct dominator_tree *tree, uint32_t x, uint32_t y)
{
	while (!is_above(tree, x, y))
		x = is_above(tree, tree->places[x].jump, y) ? tree->idom[x] : tree->places[x].jump;
	return x;
}
