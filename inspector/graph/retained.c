#include "inspector/graph/retained.h"

#include "inspector/graph/dominator_tree.h"
#include "inspector/graph/leaves.h"
#include "inspector/python/refcount.h"
#include "inspector/python/size.h"

#include <stdlib.h>

/* References to leaves are counted up to this. */
#define FOUND_MAX UINT16_MAX

/* Objects that are held from outside of the graph. */
struct outside {
	uint32_t *nodes;
	size_t count, capacity;
};

static void push(struct outside *o, uint32_t node)
{
	o->nodes = grow_array(o->nodes, &o->capacity, o->count + 1, sizeof(*o->nodes));
	o->nodes[o->count++] = node;
}

/* References that were found are those of nodes and of roots; that from sys.modules to a module is both. */
static void find_outside(const struct graph *g, const struct roots *roots, struct outside *o)
{
	uint32_t *root_refs = xcalloc((size_t)g->count + 1, sizeof(*root_refs)), cursor = 0;
	uint64_t object;

	for (size_t i = 0; i < roots->count; i++) {
		push(o, roots->items[i].node);
		root_refs[roots->items[i].node] += roots->items[i].kind != ROOT_MODULE;
	}
	for (uint32_t node = 0; heap_next(g->heap, &cursor, &object); node++) {
		int64_t refcount;
		size_t found;

		graph_sources(g, node, &found);
		found += root_refs[node];
		/* One that is immortal has more than any number. */
		if (pyobject_refcount(g->py, object, &refcount, NULL) && refcount > (int64_t)found)
			push(o, node);
	}
	free(root_refs);
}

/* In the place of a dominator: none, but all that refers to the leaf is garbage. */
#define GARBAGE UINT32_MAX

/* Leaves by their position, of which objects take two or more: so every other one is enough, and of the
 * tables, which are as long as the memory of the target, only what is touched is ever there. */
struct leaf_table {
	struct python *py;
	const struct heap *heap;
	const struct dominators *dominators;
	struct dominator_tree tree;
	uint64_t *met;	 /* a bit for each position */
	uint32_t *above; /* by position / 2: what dominates all that refer to it, so far */
	uint16_t *found; /* by position / 2: references */
};

/* Garbage holds nothing that something else holds. */
static uint32_t above_both(const struct leaf_table *t, uint32_t x, uint32_t y)
{
	bool x_is_garbage = x > t->dominators->live, y_is_garbage = y > t->dominators->live;

	if (x_is_garbage != y_is_garbage)
		return x_is_garbage ? y : x;
	if (x != GARBAGE)
		x = dominator_tree_common(&t->tree, x, y);
	return x || !y_is_garbage ? x : GARBAGE;
}

static bool add_reference(void *context, uint32_t node, const struct ref *ref)
{
	struct leaf_table *t = context;
	uint32_t position = heap_position(t->heap, ref->target), slot = position / 2;
	uint32_t number = t->dominators->number[node];
	uint64_t bit = UINT64_C(1) << (position % 64);

	if (!(t->met[position / 64] & bit)) {
		t->met[position / 64] |= bit;
		t->above[slot] = number;
		t->found[slot] = 1;
		return true;
	}
	if (t->above[slot] != number)
		t->above[slot] = above_both(t, t->above[slot], number);
	t->found[slot] += t->found[slot] < FOUND_MAX;
	return true;
}

/* What an executing frame holds is nobody else's. */
static void add_root_reference(struct leaf_table *t, uint64_t object)
{
	uint32_t position = heap_position(t->heap, object);

	if (position == NO_POSITION)
		return;
	t->met[position / 64] |= UINT64_C(1) << (position % 64);
	t->above[position / 2] = 0;
	t->found[position / 2] = 1;
}

static void count_leaf(const struct leaf_table *t, uint32_t position, uint64_t *bytes)
{
	uint64_t object = heap_position_address(t->heap, position);
	uint16_t found = t->found[position / 2];
	uint32_t above;
	int64_t refcount;

	if (!pyobject_refcount(t->py, object, &refcount, NULL) || refcount == REFCOUNT_IMMORTAL ||
		(refcount > found && found < FOUND_MAX))
		return;
	above = t->above[position / 2];
	bytes[above == GARBAGE ? 0 : above] += pyobject_size(t->py, object);
}

static void add_leaves(const struct graph *g, const struct roots *roots, struct retained *r)
{
	uint64_t words = heap_positions(g->heap) / 64 + 1;
	struct leaf_table t = {
		.py = g->py,
		.heap = g->heap,
		.dominators = &r->dominators,
		.met = xcalloc(words, sizeof(*t.met)),
		.above = xcalloc(words * 32, sizeof(*t.above)),
		.found = xcalloc(words * 32, sizeof(*t.found)),
	};

	dominator_tree_init(&t.tree, &r->dominators);
	for (size_t i = 0; i < roots->leaf_count; i++)
		add_root_reference(&t, roots->leaves[i].ref.target);
	leaves_each_reference(g, add_reference, &t);
	for (uint64_t word = 0; word < words; word++)
		for (uint64_t left = t.met[word]; left; left &= left - 1)
			count_leaf(&t, (uint32_t)(word * 64 + (unsigned)__builtin_ctzll(left)), r->bytes);
	dominator_tree_deinit(&t.tree);
	free(t.met);
	free(t.above);
	free(t.found);
}

void retained_compute(const struct graph *graph, const struct roots *roots, struct retained *r)
{
	struct outside outside = {0};
	uint32_t cursor = 0;
	uint64_t object;

	*r = (struct retained){.graph = graph};
	find_outside(graph, roots, &outside);
	dominators_compute(graph,
		&(struct dominator_request){
			outside.nodes, outside.count, roots->registries, roots->registry_count},
		&r->dominators);
	free(outside.nodes);
	r->bytes = xcalloc((size_t)graph->count + 1, sizeof(*r->bytes));
	for (uint32_t node = 0; heap_next(graph->heap, &cursor, &object); node++)
		r->bytes[r->dominators.number[node]] += pyobject_size(graph->py, object);
	add_leaves(graph, roots, r);
	for (uint32_t i = graph->count; i; i--)
		r->bytes[r->dominators.idom[i]] += r->bytes[i];
}

void retained_deinit(struct retained *r)
{
	dominators_deinit(&r->dominators);
	free(r->bytes);
	*r = (struct retained){0};
}

uint64_t retained_of_node(const struct retained *r, uint32_t node)
{
	return r->bytes[r->dominators.number[node]];
}

uint64_t retained_of(const struct retained *r, uint64_t object)
{
	uint32_t node;

	return r->graph && heap_index(r->graph->heap, object, &node) ? retained_of_node(r, node) : 0;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Whether one of those that were looked at before dominates a number, or it is one itself: met has every
 * number that was passed on the way up, and the answer there. */
static bool is_below(const struct dominators *d, struct addrmap *met, uint32_t number)
{
	uint64_t is_covered = false;
	uint32_t at = number, end;

	while (at && !addrmap_get(met, at, &is_covered))
		at = d->idom[at];
	for (end = at, at = number; at != end; at = d->idom[at])
		addrmap_put(met, at, is_covered);
	return is_covered;
}

uint64_t retained_of_all(const struct retained *r, const uint64_t *objects, size_t count)
{
	uint32_t *numbers = xcalloc(count, sizeof(*numbers)), node;
	struct addrmap met = ADDRMAP_INIT;
	uint64_t bytes = 0;
	size_t found = 0;

	for (size_t i = 0; r->graph && i < count; i++)
		if (heap_index(r->graph->heap, objects[i], &node))
			numbers[found++] = r->dominators.number[node];
	if (found)
		qsort(numbers, found, sizeof(*numbers), by_number);
	/* What is above comes first. */
	for (size_t i = 0; i < found; i++) {
		if (is_below(&r->dominators, &met, numbers[i]))
			continue;
		bytes += r->bytes[numbers[i]];
		addrmap_put(&met, numbers[i], true);
	}
	addrmap_deinit(&met);
	free(numbers);
	return bytes;
}
