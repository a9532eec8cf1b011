#include "inspector/report/await_tree.h"

#include "inspector/report/await_shapes.h"

#include <stdlib.h>
#include <string.h>

/* So many alike, seen, or in a chain are folded. */
#define FOLD_FROM  4
#define CHAIN_FROM 6

enum seen { UNSEEN, SEEN_ABOVE, SEEN_BELOW };

/* What is still to be done for a node: its children, in order. */
struct plan {
	enum tree_row_kind kind;	/* NODE: whatever that turns out to be; MORE, MANY */
	size_t node, last, count, edge; /* edge: in the graph; NO_INDEX: a root */
};

struct open {
	size_t row;		/* NO_INDEX: the children are roots */
	size_t node;		/* NO_INDEX likewise */
	size_t depth;		/* of the children */
	size_t plan, next, end; /* in plans */
};

struct builder {
	const struct await_graph *g;
	const struct tree_options *options;
	struct tree *tree;
	struct digraph graph;	     /* the edges that are shown */
	size_t *first, *to, *number; /* number: of the edge in g */
	size_t *awaited;	     /* by node: how many wait for it */
	struct await_shapes shapes;
	size_t *alike, *slot; /* by shape, of the children that are planned: how many; which plan */
	uint8_t *seen;	      /* by node: enum seen */
	struct open *stack;
	size_t open, capacity;
	struct plan *plans;
	size_t plan_count, plan_capacity;
	size_t *later; /* nodes that lie too deep */
	size_t later_count, later_capacity;
	size_t *folded; /* nodes of MORE: what they wait for is not shown for their sake */
	size_t folded_count, folded_capacity, folded_done;
};

static bool is_circle(const struct builder *b, size_t from, size_t to)
{
	return from != NO_INDEX && b->g->cycle_of[from] != NO_INDEX &&
	       b->g->cycle_of[from] == b->g->cycle_of[to];
}

static bool is_kept(const struct tree_options *options, size_t node)
{
	return !options->keep || options->keep[node];
}

/* A lock's holder is told with the lock. That a loop's thread is blocked is shown where it blocks. */
static bool is_edge_shown(const struct await_graph *g, const struct await_edge *edge)
{
	if (edge->via == AWAIT_HOLDER)
		return false;
	return edge->via != AWAIT_LOOP || g->a->tasks[edge->from].is_current ||
	       g->a->tasks[edge->from].chain.is_running;
}

static void select_edges(struct builder *b)
{
	const struct await_graph *g = b->g;
	size_t count = 0;

	b->first = xcalloc(g->count + 1, sizeof(*b->first));
	b->to = xcalloc(g->edge_count, sizeof(*b->to));
	b->number = xcalloc(g->edge_count, sizeof(*b->number));
	b->awaited = xcalloc(g->count, sizeof(*b->awaited));
	for (size_t n = 0; n < g->count; n++) {
		b->first[n] = count;
		for (size_t e = g->first[n]; e < g->first[n + 1]; e++) {
			const struct await_edge *edge = &g->edges[e];

			if (!is_edge_shown(g, edge) || !is_kept(b->options, n) ||
				!is_kept(b->options, edge->to))
				continue;
			b->number[count] = e;
			b->to[count++] = edge->to;
			b->awaited[edge->to] += edge->to != n;
		}
	}
	b->first[g->count] = count;
	b->graph = (struct digraph){.count = g->count, .first = b->first, .to = b->to};
}

static size_t add_row(struct builder *b, struct tree_row row)
{
	struct tree *tree = b->tree;

	tree->rows = grow_array(tree->rows, &tree->capacity, tree->count + 1, sizeof(*tree->rows));
	tree->rows[tree->count] = row;
	return tree->count++;
}

static void add_plan(struct builder *b, struct plan plan)
{
	b->plans = grow_array(b->plans, &b->plan_capacity, b->plan_count + 1, sizeof(*b->plans));
	b->plans[b->plan_count++] = plan;
}

/* One of several that are alike: of the first of them it is told that there are more. */
static void fold(struct builder *b, struct plan *more, size_t node)
{
	more->node = more->count++ ? more->node : node;
	more->last = node;
	b->seen[node] = SEEN_ABOVE;
	b->folded = grow_array(b->folded, &b->folded_capacity, b->folded_count + 1, sizeof(*b->folded));
	b->folded[b->folded_count++] = node;
}

/* A child that is told by its name alone, together with others. */
static bool is_known(const struct builder *b, size_t parent, size_t node)
{
	return b->seen[node] == SEEN_ABOVE && !is_circle(b, parent, node);
}

/* Plans the children that were not seen yet: of those that are alike, from a number on, the first, and one
 * row for the others. What was seen is planned behind them, in one row when it is much. edges is NULL for
 * roots. */
static void plan_children(
	struct builder *b, size_t parent, const size_t *nodes, const size_t *edges, size_t count)
{
	struct plan known = {.kind = TREE_MANY, .edge = NO_INDEX};
	bool is_folded = !b->options->is_unfolded;

	for (size_t i = 0; i < count; i++) {
		b->alike[b->shapes.shape[nodes[i]]] += b->seen[nodes[i]] == UNSEEN;
		if (!is_known(b, parent, nodes[i]))
			continue;
		known.node = known.count++ ? known.node : nodes[i];
		known.last = nodes[i];
		known.edge = edges ? edges[i] : NO_INDEX;
	}
	for (size_t i = 0; i < count; i++) {
		size_t node = nodes[i], shape = b->shapes.shape[node], edge = edges ? edges[i] : NO_INDEX;
		bool is_alike = is_folded && b->seen[node] == UNSEEN && b->alike[shape] >= FOLD_FROM;

		if (is_folded && known.count >= FOLD_FROM && is_known(b, parent, node) && !b->slot[shape])
			continue;
		if (is_alike && b->slot[shape]) {
			fold(b, &b->plans[b->slot[shape] - 1], node);
			continue;
		}
		add_plan(b, (struct plan){TREE_NODE, node, node, 1, edge});
		if (!is_alike)
			continue;
		add_plan(b, (struct plan){TREE_MORE, NO_INDEX, NO_INDEX, 0, edge});
		b->slot[shape] = b->plan_count;
	}
	for (size_t i = 0; i < count; i++)
		b->alike[b->shapes.shape[nodes[i]]] = b->slot[b->shapes.shape[nodes[i]]] = 0;
	if (is_folded && known.count >= FOLD_FROM)
		add_plan(b, known);
}

static void open_children(struct builder *b, size_t node, size_t row, size_t depth, const size_t *nodes,
	const size_t *edges, size_t count)
{
	size_t plan = b->plan_count;

	plan_children(b, node, nodes, edges, count);
	b->stack = grow_array(b->stack, &b->capacity, b->open + 1, sizeof(*b->stack));
	b->stack[b->open++] = (struct open){
		.node = node, .row = row, .depth = depth, .plan = plan, .next = plan, .end = b->plan_count};
}

/* The only thing that a node waits for, when it looks like the node and nobody else waits for it. */
static size_t next_of_chain(const struct builder *b, size_t node)
{
	const struct await_graph *g = b->g;
	size_t next;

	if (node >= g->task_count || b->first[node + 1] - b->first[node] != 1)
		return NO_INDEX;
	next = b->to[b->first[node]];
	if (next >= g->task_count || b->seen[next] != UNSEEN || b->awaited[next] != 1 ||
		!await_shapes_are_alike(&b->shapes, node, next))
		return NO_INDEX;
	return next;
}

/* A row for the node, and for its frames. */
static size_t add_node(struct builder *b, size_t node, size_t parent, const struct await_edge *edge)
{
	size_t row = add_row(
		b, (struct tree_row){.kind = TREE_NODE, .node = node, .parent = parent, .edge = edge});

	b->seen[node] = SEEN_ABOVE;
	if (b->options->with_frames && node < b->g->task_count)
		for (size_t i = 0; i < b->g->a->tasks[node].chain.count; i++)
			add_row(b, (struct tree_row){
					   .kind = TREE_FRAME, .node = node, .frame = i, .parent = row});
	return row;
}

static const struct await_edge *only_edge(const struct builder *b, size_t node)
{
	return &b->g->edges[b->number[b->first[node]]];
}

/* A chain that begins behind the node, of some length: one row for all but the last, below which is that of
 * the last. Returns the last, and its row; the node itself when there is no such chain. */
static size_t fold_chain(struct builder *b, size_t node, size_t *row)
{
	size_t first = next_of_chain(b, node), before = first, last = first, count = 0;

	/* What is seen ends the walk: it is marked on the way, so that a circle is noticed. */
	for (size_t next = first; next != NO_INDEX; next = next_of_chain(b, next)) {
		b->seen[next] = SEEN_ABOVE;
		before = last;
		last = next;
		count++;
	}
	if (count < CHAIN_FROM) {
		for (size_t next = first; count--; next = b->to[b->first[next]])
			b->seen[next] = UNSEEN;
		return node;
	}
	*row = add_row(b, (struct tree_row){.kind = TREE_CHAIN,
				  .node = first,
				  .last = before,
				  .count = count - 1,
				  .parent = *row,
				  .edge = only_edge(b, node)});
	*row = add_node(b, last, *row, only_edge(b, before));
	return last;
}

static void show_node(
	struct builder *b, size_t node, size_t parent, size_t depth, const struct await_edge *edge)
{
	size_t row = add_node(b, node, parent, edge), end = node;

	if (!b->options->is_unfolded && depth + 2 <= TREE_DEPTH)
		end = fold_chain(b, node, &row);
	open_children(b, end, row, depth + (end == node ? 1 : 3), b->to + b->first[end],
		b->number + b->first[end], b->first[end + 1] - b->first[end]);
}

static void carry_out(struct builder *b, const struct open *at, const struct plan *plan)
{
	struct tree_row row = {.kind = plan->kind,
		.node = plan->node,
		.last = plan->last,
		.count = plan->count,
		.parent = at->row,
		.edge = plan->edge == NO_INDEX ? NULL : &b->g->edges[plan->edge]};

	if (plan->kind == TREE_NODE && b->seen[plan->node] == UNSEEN && at->depth <= TREE_DEPTH) {
		show_node(b, plan->node, at->row, at->depth, row.edge);
		return;
	}
	if (plan->kind == TREE_NODE && b->seen[plan->node] == UNSEEN) {
		b->later = grow_array(b->later, &b->later_capacity, b->later_count + 1, sizeof(*b->later));
		b->later[b->later_count++] = plan->node;
		b->seen[plan->node] = SEEN_BELOW;
	}
	if (plan->kind == TREE_NODE)
		row.kind = b->seen[plan->node] == SEEN_BELOW	? TREE_BELOW
			   : is_circle(b, at->node, plan->node) ? TREE_CIRCLE
								: TREE_ABOVE;
	add_row(b, row);
}

/* Everything that is open, and what it opens; what lies too deep follows the root that it belongs to. */
static void work(struct builder *b)
{
	size_t done = 0;

	while (b->open) {
		struct open *at = &b->stack[b->open - 1];

		if (at->row == NO_INDEX && done < b->later_count) {
			size_t node = b->later[done++];

			show_node(b, node, NO_INDEX, 0, NULL);
		} else if (at->next < at->end) {
			struct open now = *at;
			struct plan plan = b->plans[at->next++];

			carry_out(b, &now, &plan);
		} else {
			b->plan_count = at->plan;
			b->open--;
		}
	}
	b->later_count = 0;
}

static void show_roots(struct builder *b, const size_t *nodes, size_t count)
{
	open_children(b, NO_INDEX, NO_INDEX, 0, nodes, NULL, count);
	work(b);
}

/* What hangs below folded nodes alone has no row, and is no root for that. */
static void mark_folded(struct builder *b)
{
	for (; b->folded_done < b->folded_count; b->folded_done++) {
		size_t node = b->folded[b->folded_done];

		for (size_t e = b->first[node]; e < b->first[node + 1]; e++) {
			if (b->seen[b->to[e]] != UNSEEN)
				continue;
			b->seen[b->to[e]] = SEEN_ABOVE;
			b->folded = grow_array(
				b->folded, &b->folded_capacity, b->folded_count + 1, sizeof(*b->folded));
			b->folded[b->folded_count++] = b->to[e];
		}
	}
}

/* Tasks that are done, and threads that neither wait nor are waited for, are no roots. */
static bool is_of_interest(struct builder *b, size_t node)
{
	if (b->awaited[node] || b->first[node + 1] > b->first[node])
		return true;
	if (node >= b->g->task_count)
		return false;
	if (b->options->is_unfolded || task_state(&b->g->a->tasks[node]) == TASK_PENDING)
		return true;
	b->tree->left_out++;
	return false;
}

static void walk(struct builder *b)
{
	size_t *roots = xcalloc(b->g->count, sizeof(*roots)), count = 0;

	for (size_t n = 0; n < b->g->count; n++)
		if (is_kept(b->options, n) && !b->awaited[n] && is_of_interest(b, n))
			roots[count++] = n;
	show_roots(b, roots, count);
	mark_folded(b);
	/* Those that are left are on circles that nobody outside waits for, or hang below such. A circle that
	 * another leads to comes after it: the first member of each is tried, in the end all. */
	for (int pass = 0; pass < 2; pass++)
		for (size_t n = 0; n < b->g->count; n++)
			if (b->seen[n] == UNSEEN && is_kept(b->options, n) && b->awaited[n] &&
				(pass || b->g->cycle_of[n] != NO_INDEX)) {
				show_roots(b, &n, 1);
				mark_folded(b);
			}
	free(roots);
}

void tree_make(const struct await_graph *graph, const struct tree_options *options, struct tree *tree)
{
	struct builder b = {.g = graph, .options = options, .tree = tree};

	*tree = (struct tree){0};
	select_edges(&b);
	await_shapes_find(graph, &b.graph, &b.shapes);
	b.alike = xcalloc(b.shapes.count, sizeof(*b.alike));
	b.slot = xcalloc(b.shapes.count, sizeof(*b.slot));
	b.seen = xcalloc(graph->count, sizeof(*b.seen));
	walk(&b);
	free(b.first);
	free(b.to);
	free(b.number);
	free(b.awaited);
	await_shapes_deinit(&b.shapes);
	free(b.alike);
	free(b.slot);
	free(b.seen);
	free(b.stack);
	free(b.plans);
	free(b.later);
	free(b.folded);
}

void tree_deinit(struct tree *tree)
{
	free(tree->rows);
	*tree = (struct tree){0};
}

/* Goes from what is kept along the edges, forwards or backwards. */
static void spread(const struct await_graph *g, bool is_forward, const bool *start, bool *keep)
{
	size_t *queue = xcalloc(g->count, sizeof(*queue)), count = 0;
	bool *met = xcalloc(g->count, sizeof(*met));

	for (size_t n = 0; n < g->task_count; n++)
		if (start[n]) {
			met[n] = true;
			queue[count++] = n;
		}
	for (size_t i = 0; i < count; i++) {
		size_t node = queue[i], from = is_forward ? g->first[node] : g->in_first[node],
		       end = is_forward ? g->first[node + 1] : g->in_first[node + 1];

		for (size_t k = from; k < end; k++) {
			const struct await_edge *edge = &g->edges[is_forward ? k : g->in[k]];
			size_t next = is_forward ? edge->to : edge->from;

			if (met[next] || !is_edge_shown(g, edge))
				continue;
			met[next] = true;
			queue[count++] = next;
		}
	}
	for (size_t n = 0; n < g->count; n++)
		keep[n] |= met[n];
	free(queue);
	free(met);
}

void tree_keep(const struct await_graph *graph, const bool *chosen, bool *keep)
{
	memset(keep, 0, graph->count * sizeof(*keep));
	spread(graph, true, chosen, keep);
	spread(graph, false, chosen, keep);
}
