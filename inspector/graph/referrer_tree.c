#include "inspector/graph/referrer_tree.h"

#include "inspector/graph/leaves.h"
#include "inspector/graph/steps.h"

#include <stdlib.h>

#define ROWS_MAX 5000
/* A holder that is a candidate for a row. */
struct candidate {
	uint32_t node; /* NO_NODE: a root, which is no object */
	uint32_t root; /* index of the root, also of a module that is a node; UINT32_MAX: none */
	const struct root *leaf_root; /* of a leaf; else NULL */
	uint32_t distance;	      /* once sorted */
	uint64_t references;
	struct step step; /* of a leaf's holder; otherwise made later */
	bool has_step;
};

struct candidates {
	struct candidate *items;
	size_t count, capacity;
};

struct grower {
	const struct retention_graph *g;
	struct referrer_tree *tree;
	size_t most_each;
	uint32_t *nodes; /* by row */
	size_t node_capacity;
	uint32_t object;	 /* node, or NO_NODE */
	struct addrmap expanded; /* nodes whose holders are in the tree */
	struct addrmap modules;	 /* node -> index of its root */
	struct distances distances;
};

static void add_candidate(struct candidates *c, const struct candidate *item)
{
	c->items = grow_array(c->items, &c->capacity, c->count + 1, sizeof(*c->items));
	c->items[c->count++] = *item;
}

static int by_distance(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	return x->node != y->node ? (x->node < y->node ? -1 : 1) : x->root < y->root ? -1 : x->root > y->root;
}

static struct candidate candidate_of(const struct grower *w, uint32_t node, uint64_t references)
{
	uint64_t root = UINT32_MAX;

	addrmap_get(&w->modules, node, &root);
	return (struct candidate){.node = node, .root = (uint32_t)root, .references = references};
}

static void find_holders(struct grower *w, uint32_t node, struct candidates *found)
{
	size_t count;
	const uint32_t *sources = graph_sources(w->g->graph, node, &count);

	for (size_t i = 0; i < count;) {
		size_t end = i + 1;
		struct candidate c;

		while (end < count && sources[end] == sources[i])
			end++;
		c = candidate_of(w, sources[i], end - i);
		add_candidate(found, &c);
		i = end;
	}
	for (size_t i = 0; i < w->g->roots->count; i++) {
		const struct root *root = &w->g->roots->items[i];

		if (root->node == node && root->kind != ROOT_MODULE)
			add_candidate(found,
				&(struct candidate){.node = NO_NODE, .root = (uint32_t)i, .references = 1});
	}
}

static void find_leaf_holders(struct grower *w, uint64_t object, struct candidates *found)
{
	struct leaf_refs refs;
	size_t count;
	const struct leaf_ref *items;

	leaf_refs_find(w->g->graph, &object, 1, &refs);
	items = leaf_refs_of(&refs, 0, &count);
	w->tree->left_out = refs.totals[0] - count;
	for (size_t i = 0; i < count;) {
		size_t end = i + 1;
		struct candidate c;

		while (end < count && items[end].from == items[i].from)
			end++;
		c = candidate_of(w, items[i].from, end - i);
		c.step = step_to_leaf(w->g, &items[i]);
		c.has_step = true;
		add_candidate(found, &c);
		i = end;
	}
	for (size_t i = 0; i < w->g->roots->leaf_count; i++)
		if (w->g->roots->leaves[i].ref.target == object)
			add_candidate(found, &(struct candidate){.node = NO_NODE,
						     .leaf_root = &w->g->roots->leaves[i],
						     .references = 1});
	leaf_refs_deinit(&refs);
}

static bool is_above(const struct grower *w, size_t row, uint32_t node)
{
	if (node == w->object)
		return true;
	for (; row != SIZE_MAX; row = w->tree->rows[row].parent)
		if (w->nodes[row] == node)
			return true;
	return false;
}

static void add_row(struct grower *w, size_t parent, const struct candidate *c)
{
	struct referrer_tree *tree = w->tree;
	struct referrer row = {.step = c->step, .parent = parent, .references = c->references};

	if (c->leaf_root) {
		row.mark = REFERRER_ROOT;
		row.root_name = root_name(w->g->a, c->leaf_root);
		row.step = step_from_root(w->g, c->leaf_root);
	} else if (c->root != UINT32_MAX) {
		row.mark = REFERRER_ROOT;
		row.root_name = root_name(w->g->a, &w->g->roots->items[c->root]);
		if (c->node == NO_NODE)
			row.step = step_from_root(w->g, &w->g->roots->items[c->root]);
	} else if (is_above(w, parent, c->node)) {
		row.mark = REFERRER_CIRCLE;
	} else if (addrmap_get(&w->expanded, c->node, NULL)) {
		row.mark = REFERRER_ABOVE;
	}
	tree->rows = grow_array(tree->rows, &tree->capacity, tree->count + 1, sizeof(*tree->rows));
	w->nodes = grow_array(w->nodes, &w->node_capacity, tree->count + 1, sizeof(*w->nodes));
	w->nodes[tree->count] = c->node;
	tree->rows[tree->count++] = row;
}

/* The nearest to a root first, roots before all. */
static void sort(struct grower *w, struct candidates *found)
{
	if (found->count < 2)
		return;
	for (size_t i = 0; i < found->count; i++)
		if (found->items[i].node != NO_NODE)
			found->items[i].distance = distances_of(&w->distances, found->items[i].node);
	qsort(found->items, found->count, sizeof(*found->items), by_distance);
}

/* The holders of one object as rows; those that do not fit are counted. */
static void add_holders(struct grower *w, size_t parent, struct candidates *found)
{
	uint64_t *left_out;
	size_t kept = 0;

	sort(w, found);
	for (; kept < found->count && kept < w->most_each && w->tree->count < ROWS_MAX; kept++)
		add_row(w, parent, &found->items[kept]);
	left_out = parent == SIZE_MAX ? &w->tree->left_out : &w->tree->rows[parent].left_out;
	*left_out += found->count - kept;
	free(found->items);
}

static void expand(struct grower *w, size_t row)
{
	struct candidates found = {0};

	addrmap_put(&w->expanded, w->nodes[row], row);
	find_holders(w, w->nodes[row], &found);
	add_holders(w, row, &found);
}

/* The names of all references from rows that have none yet. */
static void name_steps(struct grower *w)
{
	struct referrer_tree *tree = w->tree;
	struct edge_names names;

	edge_names_init(&names, w->g->graph);
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < tree->count; i++) {
			size_t parent = tree->rows[i].parent;
			uint32_t to = parent == SIZE_MAX ? w->object : w->nodes[parent];

			if (w->nodes[i] == NO_NODE || to == NO_NODE)
				continue;
			if (pass)
				tree->rows[i].step = step_between(w->g, &names, w->nodes[i], to);
			else
				edge_names_want(&names, w->nodes[i], to);
		}
		if (!pass)
			edge_names_resolve(&names);
	}
	edge_names_deinit(&names);
}

/* Rows that were not expanded because the tree ends: whether anybody refers to them. */
static void mark_ends(struct grower *w, size_t first)
{
	for (size_t i = first; i < w->tree->count; i++) {
		struct candidates found = {0};

		if (w->tree->rows[i].mark != REFERRER_PLAIN || w->nodes[i] == NO_NODE)
			continue;
		find_holders(w, w->nodes[i], &found);
		if (found.count)
			w->tree->rows[i].mark = REFERRER_CUT;
		w->tree->rows[i].left_out = found.count;
		free(found.items);
	}
}

void referrer_tree_find(const struct retention_graph *g, uint64_t object, size_t depth, size_t most_each,
	struct referrer_tree *tree)
{
	struct grower w = {.g = g, .tree = tree, .most_each = most_each, .distances = {.reach = g->reach}};
	struct candidates found = {0};
	size_t at = 0;

	*tree = (struct referrer_tree){0};
	for (size_t i = 0; i < g->roots->count; i++)
		if (g->roots->items[i].kind == ROOT_MODULE)
			addrmap_put(&w.modules, g->roots->items[i].node, i);
	if (heap_index(g->graph->heap, object, &w.object)) {
		addrmap_put(&w.expanded, w.object, 0);
		find_holders(&w, w.object, &found);
	} else {
		w.object = NO_NODE;
		find_leaf_holders(&w, object, &found);
	}
	add_holders(&w, SIZE_MAX, &found);
	for (size_t level = 1; level < depth && tree->count < ROWS_MAX; level++) {
		size_t end = tree->count;

		for (; at < end && tree->count < ROWS_MAX; at++) {
			if (tree->rows[at].mark != REFERRER_PLAIN)
				continue;
			if (addrmap_get(&w.expanded, w.nodes[at], NULL))
				tree->rows[at].mark = REFERRER_ABOVE;
			else
				expand(&w, at);
		}
	}
	mark_ends(&w, at);
	name_steps(&w);
	free(w.nodes);
	distances_deinit(&w.distances);
	addrmap_deinit(&w.expanded);
	addrmap_deinit(&w.modules);
}

void referrer_tree_deinit(struct referrer_tree *tree)
{
	free(tree->rows);
	*tree = (struct referrer_tree){0};
}

const char *referrer_mark_name(enum referrer_mark mark)
{
	static const char *const names[] = {
		[REFERRER_PLAIN] = NULL,
		[REFERRER_ROOT] = "root",
		[REFERRER_ABOVE] = "above",
		[REFERRER_CIRCLE] = "circle",
		[REFERRER_CUT] = "cut",
	};

	return names[mark];
}
