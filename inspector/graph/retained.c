#include "inspector/graph/retained.h"

#include "inspector/base/big.h"
#include "inspector/base/parallel.h"
#include "inspector/graph/dominator_tree.h"
#include "inspector/graph/leaves.h"
#include "inspector/graph/sweep.h"
#include "inspector/python/refcount.h"
#include "inspector/python/size.h"

#include <stdlib.h>

/* Edges and leaves below this are not worth a thread. */
#define WORTH_THREADS 100000

/* Objects that are held from outside of the graph. */
struct outside {
	uint32_t *root_references; /* by node: of roots */
	uint64_t *bits;		   /* by node: there are more than that and nodes have */
};

/* One that is immortal has more than any number. */
static void look_outside(struct sweeper *s)
{
	struct outside *o = s->context;
	struct body head;
	size_t found;

	graph_sources(s->graph, s->node, &found);
	if (sweeper_body(s, python_sizeof(s->py, FIELD_sizeof_object), &head) &&
		pyobject_refcount_here(s->py, &head) > (int64_t)(found + o->root_references[s->node]))
		__atomic_fetch_or(&o->bits[s->node / 64], UINT64_C(1) << (s->node % 64), __ATOMIC_RELAXED);
}

/* The nodes to start from: roots, and what is held from outside. The reference from sys.modules to a module
 * is an object's and a root's: it counts once. Caller frees. */
static uint32_t *find_outside(const struct graph *g, const struct roots *roots, size_t *count)
{
	size_t words = (size_t)g->count / 64 + 1, capacity = roots->count;
	uint32_t *nodes = xcalloc(capacity + 1, sizeof(*nodes));
	struct outside o = {.root_references = big_alloc(g->count, sizeof(*o.root_references)),
		.bits = xcalloc(words, sizeof(*o.bits))};

	for (size_t i = 0; i < roots->count; i++) {
		nodes[i] = roots->items[i].node;
		o.root_references[nodes[i]] += roots->items[i].kind != ROOT_MODULE;
	}
	*count = roots->count;
	sweep_run(g, &(struct sweep){.visit = look_outside, .context = &o});
	for (size_t word = 0; word < words; word++) {
		for (uint64_t left = o.bits[word]; left; left &= left - 1) {
			nodes = grow_array(nodes, &capacity, *count + 1, sizeof(*nodes));
			nodes[(*count)++] = (uint32_t)(word * 64 + (unsigned)__builtin_ctzll(left));
		}
	}
	big_free(o.root_references, g->count, sizeof(*o.root_references));
	free(o.bits);
	return nodes;
}

/* In the place of a dominator: none, but all that refers to the leaf is garbage. */
#define GARBAGE UINT32_MAX

/* What is known of a leaf, in one number, so that several threads can change it: how many references to it
 * were found, up to UINT32_MAX, and what dominates all that have them. 0: none so far. */
static uint64_t leaf_cell(uint32_t found, uint32_t above)
{
	return (uint64_t)found << 32 | above;
}

struct adding {
	const struct graph *graph;
	const struct dominators *dominators;
	struct dominator_tree tree;
	struct leaf_set leaves;
	uint32_t *ranks; /* leaves before each word of bits */
	uint64_t *cells; /* by leaf */
	uint32_t leaf_count;
	uint64_t *bytes; /* by number of a dominator */
	unsigned threads;
};

/* Garbage holds nothing that something else holds. In whatever order many are joined, the answer is one. */
static uint32_t above_both(const struct adding *a, uint32_t x, uint32_t y)
{
	bool x_is_garbage = x > a->dominators->live, y_is_garbage = y > a->dominators->live;

	if (x_is_garbage != y_is_garbage)
		return x_is_garbage ? y : x;
	if (x == GARBAGE || y == GARBAGE)
		return GARBAGE;
	x = dominator_tree_common(&a->tree, x, y);
	return x || !y_is_garbage ? x : GARBAGE;
}

static uint64_t *cell_of(const struct adding *a, uint32_t position)
{
	uint64_t below = a->leaves.bits[position / 64] & ((UINT64_C(1) << (position % 64)) - 1);

	return &a->cells[a->ranks[position / 64] + count_bits(below)];
}

/* What is below the root has nothing to add up: how many references there are does not matter any more. */
static bool is_settled(uint64_t cell)
{
	return cell >> 32 && (uint32_t)cell == 0;
}

static void add_reference(const struct adding *a, uint32_t position, uint32_t number)
{
	uint64_t *cell = cell_of(a, position), old = __atomic_load_n(cell, __ATOMIC_RELAXED), new;

	do {
		uint32_t found = (uint32_t)(old >> 32), above = (uint32_t)old;

		/* None and the like would be written to all the time, by all threads. */
		if (is_settled(old))
			return;
		if (found && above != number)
			above = above_both(a, above, number);
		new = leaf_cell(found + (found < UINT32_MAX), found ? above : number);
	} while (!__atomic_compare_exchange_n(cell, &old, new, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

static void take_leaves(void *context, const uint64_t *targets, size_t count)
{
	struct sweeper *s = context;
	const struct adding *a = s->context;
	uint32_t number = a->dominators->number[s->node];

	for (size_t i = 0; i < count; i++) {
		uint32_t position = area_cache_position(&s->reader.areas, targets[i]);

		/* A leaf is no node. */
		if (position != NO_POSITION && bit_is_set(a->leaves.bits, position))
			add_reference(a, position, number);
	}
}

/* What says whether a target is a leaf; then what is known of those that are; then what it takes to find what
 * is above two. */
static void fetch_leaves(void *context, const uint64_t *targets, size_t count)
{
	struct sweeper *s = context;
	const struct adding *a = s->context;
	uint32_t positions[TARGETS_BATCH];
	const uint64_t *cells[TARGETS_BATCH];
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		positions[i] = area_cache_position(&s->reader.areas, targets[i]);
		if (positions[i] == NO_POSITION)
			continue;
		__builtin_prefetch(&a->leaves.bits[positions[i] / 64]);
		__builtin_prefetch(&a->ranks[positions[i] / 64]);
	}
	for (size_t i = 0; i < count; i++) {
		if (positions[i] == NO_POSITION || !bit_is_set(a->leaves.bits, positions[i]))
			continue;
		cells[found] = cell_of(a, positions[i]);
		__builtin_prefetch(cells[found++], 1);
	}
	for (size_t i = 0; i < found; i++) {
		uint64_t cell = __atomic_load_n(cells[i], __ATOMIC_RELAXED);

		if (cell >> 32 && (uint32_t)cell != GARBAGE)
			dominator_tree_fetch(&a->tree, (uint32_t)cell);
	}
}

static void fetch_object(struct sweeper *s)
{
	const struct adding *a = s->context;
	uint32_t number = a->dominators->number[s->node];

	__builtin_prefetch(&a->bytes[number], 1);
	dominator_tree_fetch(&a->tree, number);
}

/* Each node has a number of its own, so this is no other thread's. */
static void add_object(struct sweeper *s)
{
	const struct adding *a = s->context;
	const struct ref_plan *plan = sweeper_plan(s);
	struct body body;

	if (!plan)
		return;
	if (sweeper_body(s, pyobject_head_size(s->py, ref_plan_type(plan)), &body))
		a->bytes[a->dominators->number[s->node]] +=
			pyobject_size_here(s->py, &body, ref_plan_type(plan));
	sweeper_read(s, plan);
}

static void count_leaf(struct python *py, const struct adding *a, uint32_t position)
{
	uint64_t object = heap_position_address(a->graph->heap, position), cell = *cell_of(a, position);
	uint32_t found = (uint32_t)(cell >> 32), above = (uint32_t)cell;
	int64_t refcount;

	if (!found || !pyobject_refcount(py, object, &refcount, NULL) || refcount == REFCOUNT_IMMORTAL ||
		(refcount > found && found < UINT32_MAX && !is_settled(cell)))
		return;
	__atomic_fetch_add(
		&a->bytes[above == GARBAGE ? 0 : above], pyobject_size(py, object), __ATOMIC_RELAXED);
}

static void count_leaves(void *context, unsigned thread)
{
	const struct adding *a = context;
	struct python *py = python_fork(a->graph->py);
	size_t word = a->leaves.word_count * thread / a->threads,
	       end = a->leaves.word_count * (thread + 1) / a->threads;

	for (; word < end; word++)
		for (uint64_t left = a->leaves.bits[word]; left; left &= left - 1)
			count_leaf(py, a, (uint32_t)(word * 64 + (unsigned)__builtin_ctzll(left)));
	python_discard(py);
}

static void rank_leaves(struct adding *a)
{
	a->ranks = big_alloc(a->leaves.word_count, sizeof(*a->ranks));
	for (size_t i = 0; i < a->leaves.word_count; i++) {
		a->ranks[i] = a->leaf_count;
		a->leaf_count += count_bits(a->leaves.bits[i]);
	}
	a->cells = big_alloc(a->leaf_count, sizeof(*a->cells));
}

/* What objects take, and what the leaves take that they alone refer to. */
static void add_sizes(const struct graph *g, const struct roots *roots, struct retained *r)
{
	struct adding a = {
		.graph = g, .dominators = &r->dominators, .bytes = r->bytes, .threads = parallel_threads()};

	leaf_set_find(g, &a.leaves);
	for (size_t i = 0; i < roots->leaf_count; i++)
		leaf_set_add(&a.leaves, g, roots->leaves[i].ref.target);
	rank_leaves(&a);
	dominator_tree_init(&a.tree, &r->dominators);
	/* What an executing frame holds is nobody else's. */
	for (size_t i = 0; i < roots->leaf_count; i++) {
		uint32_t position = heap_position(g->heap, roots->leaves[i].ref.target);

		if (position != NO_POSITION && bit_is_set(a.leaves.bits, position))
			add_reference(&a, position, 0);
	}
	sweep_run(g, &(struct sweep){add_object, take_leaves, true, &a, fetch_object, fetch_leaves});
	dominator_tree_deinit(&a.tree);
	if (a.leaf_count < WORTH_THREADS)
		a.threads = 1;
	parallel_run(a.threads, count_leaves, &a);
	big_free(a.ranks, a.leaves.word_count, sizeof(*a.ranks));
	big_free(a.cells, a.leaf_count, sizeof(*a.cells));
	leaf_set_deinit(&a.leaves);
}

void retained_compute(struct graph *graph, const struct roots *roots, struct retained *r)
{
	uint32_t *outside;
	size_t count;

	*r = (struct retained){.graph = graph};
	graph_prepare_referrers(graph, NULL);
	outside = find_outside(graph, roots, &count);
	dominators_compute(graph,
		&(struct dominator_request){outside, count, roots->registries, roots->registry_count},
		&r->dominators);
	free(outside);
	graph_forget_referrers(graph);
	r->bytes = big_alloc((size_t)graph->count + 1, sizeof(*r->bytes));
	if (progress_is_interrupted(graph->py->progress))
		return;
	add_sizes(graph, roots, r);
	for (uint32_t i = graph->count; i; i--)
		r->bytes[r->dominators.idom[i]] += r->bytes[i];
}

void retained_deinit(struct retained *r)
{
	if (r->graph)
		big_free(r->bytes, (size_t)r->graph->count + 1, sizeof(*r->bytes));
	dominators_deinit(&r->dominators);
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
