#include "inspector/graph/retention.h"

#include "inspector/graph/garbage.h"
#include "inspector/graph/path_text.h"
#include "inspector/graph/steps.h"
#include "inspector/python/refcount.h"

#include <stdlib.h>
#include <string.h>

/* A way with more steps helps nobody; a list linked a million times has such. */
#define STEPS_MAX 100000
/* Of the holders of one object so many are tried for paths. */
#define HOLDERS_TRIED 4096

/* Stands for an object that is no node: the last of its routes. */
#define LEAF UINT32_MAX

/* A way as nodes: root, then nodes[0] (held by the root) to nodes[count - 1] (the object). */
struct route {
	uint32_t root;		      /* index; UINT32_MAX: native code, or leaf_root */
	const struct root *leaf_root; /* a frame that holds an object that is no node; else NULL */
	size_t count;
	uint32_t *nodes; /* owned */
};

struct request {
	uint64_t object;
	uint32_t node;
	bool is_known;		      /* there is an object */
	const struct leaf_ref *leafs; /* of a LEAF: who refers to it */
	size_t leaf_count;
	uint64_t leaf_total; /* references, roots' included */
	size_t route_count, holder_count;
	struct route *routes; /* owned */
	bool is_garbage;
};

struct holder {
	uint32_t node, distance;
};

static int by_distance(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;

	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

/* The nearest to a root first. To know how near one is takes a walk: who is alone needs none. */
static void sort_holders(const struct reach *reach, struct holder *holders, size_t count)
{
	struct distances distances = {.reach = reach};

	if (count < 2)
		return;
	for (size_t i = 0; i < count; i++)
		holders[i].distance = distances_of(&distances, holders[i].node);
	distances_deinit(&distances);
	qsort(holders, count, sizeof(*holders), by_distance);
}

/* The nodes from the root to holder, and node behind. False when the way goes through node itself, or on and
 * on. */
static bool make_route(const struct reach *reach, uint32_t holder, uint32_t node, struct route *route)
{
	uint32_t at = holder;
	size_t count = 2;

	for (; !(reach_before(reach, at) & ROOT_BIT); at = reach_before(reach, at))
		if (at == node || ++count > STEPS_MAX)
			return false;
	if (at == node)
		return false;
	route->root = reach_before(reach, at) & ~ROOT_BIT;
	route->count = count;
	route->nodes = xmalloc(count * sizeof(*route->nodes));
	route->nodes[--count] = node;
	for (at = holder; count--; at = reach_before(reach, at))
		route->nodes[count] = at;
	return true;
}

/* A root that holds the object itself; modules are shown by what holds the module otherwise. */
static void add_root_routes(const struct retention_graph *g, struct request *r, size_t most)
{
	for (size_t i = 0; r->node == LEAF && i < g->roots->leaf_count; i++) {
		if (g->roots->leaves[i].ref.target != r->object)
			continue;
		r->holder_count++;
		r->leaf_total++;
		if (r->route_count >= most)
			continue;
		r->routes[r->route_count] = (struct route){.root = UINT32_MAX,
			.leaf_root = &g->roots->leaves[i],
			.count = 1,
			.nodes = xmalloc(sizeof(uint32_t))};
		r->routes[r->route_count++].nodes[0] = LEAF;
	}
	for (size_t i = 0; r->node != LEAF && i < g->roots->count; i++) {
		struct route *route = &r->routes[r->route_count];

		if (g->roots->items[i].node != r->node)
			continue;
		r->holder_count++;
		if (r->route_count >= most)
			continue;
		*route = (struct route){.root = (uint32_t)i, .count = 1, .nodes = xmalloc(sizeof(uint32_t))};
		route->nodes[0] = r->node;
		r->route_count++;
	}
}

static size_t reached_holders(const struct retention_graph *g, uint32_t node, struct holder **holders)
{
	const struct graph *graph = g->graph;
	uint32_t last = UINT32_MAX;
	size_t count = 0, capacity = 0, source_count;
	const uint32_t *sources = graph_sources(graph, node, &source_count);

	*holders = NULL;
	for (size_t i = 0; i < source_count; i++) {
		uint32_t from = sources[i];

		/* The sources of a node are ascending: repeated ones are neighbours. */
		if (from == last || from == node || !reach_has(g->reach, from))
			continue;
		last = from;
		*holders = grow_array(*holders, &capacity, count + 1, sizeof(**holders));
		(*holders)[count++] = (struct holder){.node = from};
	}
	sort_holders(g->reach, *holders, count);
	return count;
}

static size_t reached_leaf_holders(
	const struct retention_graph *g, const struct request *r, struct holder **holders)
{
	uint32_t last = UINT32_MAX;
	size_t count = 0;

	*holders = xcalloc(r->leaf_count, sizeof(**holders));
	for (size_t i = 0; i < r->leaf_count; i++) {
		uint32_t from = r->leafs[i].from;

		if (from == last || !reach_has(g->reach, from))
			continue;
		last = from;
		(*holders)[count++] = (struct holder){.node = from};
	}
	sort_holders(g->reach, *holders, count);
	return count;
}

static void find_routes(const struct retention_graph *g, struct request *r, size_t most)
{
	struct holder *holders;
	size_t count = r->node == LEAF ? reached_leaf_holders(g, r, &holders)
				       : reached_holders(g, r->node, &holders);

	r->routes = xcalloc(most ? most : 1, sizeof(*r->routes));
	r->holder_count = count;
	add_root_routes(g, r, most);
	for (size_t i = 0; i < count && i < HOLDERS_TRIED && r->route_count < most; i++)
		r->route_count += make_route(g->reach, holders[i].node, r->node, &r->routes[r->route_count]);
	free(holders);
}

static void find_native_route(const struct retention_graph *g, struct request *r, size_t most)
{
	struct garbage_verdict verdict;

	garbage_judge(g->graph, r->node, &verdict);
	r->is_garbage = verdict.is_garbage;
	if (verdict.is_garbage || !most) {
		free(verdict.nodes);
		return;
	}
	r->routes[0] = (struct route){.root = UINT32_MAX, .count = verdict.count, .nodes = verdict.nodes};
	r->route_count = 1;
}

/* What only garbage refers to, as many times as it is referred to, is garbage too. */
static void judge_leaf(const struct retention_graph *g, struct request *r, uint64_t object, size_t most)
{
	int64_t refcount;
	bool is_counted = pyobject_refcount(g->a->py, object, &refcount, NULL);

	r->is_garbage = is_counted && r->leaf_count && refcount <= (int64_t)r->leaf_total;
	for (size_t i = 0; i < r->leaf_count && i < HOLDERS_TRIED; i++) {
		struct garbage_verdict verdict;

		if (i && r->leafs[i].from == r->leafs[i - 1].from)
			continue;
		garbage_judge(g->graph, r->leafs[i].from, &verdict);
		if (verdict.is_garbage)
			continue;
		r->is_garbage = false;
		if (most) {
			verdict.nodes = xrealloc(verdict.nodes, (verdict.count + 1) * sizeof(*verdict.nodes));
			verdict.nodes[verdict.count++] = LEAF;
			r->routes[0] = (struct route){
				.root = UINT32_MAX, .count = verdict.count, .nodes = verdict.nodes};
			r->route_count = 1;
		} else {
			free(verdict.nodes);
		}
		return;
	}
}

static void want_names(const struct retention_graph *g, const struct request *r, struct edge_names *names)
{
	const uint32_t *sources;
	size_t count;

	if (r->node != LEAF) {
		sources = graph_sources(g->graph, r->node, &count);
		for (size_t i = 0; i < count; i++)
			edge_names_want(names, sources[i], r->node);
	}
	for (size_t i = 0; i < r->route_count; i++)
		for (size_t k = 1; k < r->routes[i].count; k++)
			if (r->routes[i].nodes[k] != LEAF)
				edge_names_want(names, r->routes[i].nodes[k - 1], r->routes[i].nodes[k]);
}

static struct step last_leaf_step(const struct retention_graph *g, const struct request *r, uint32_t from)
{
	size_t i = 0;

	while (i + 1 < r->leaf_count && r->leafs[i].from != from)
		i++;
	return step_to_leaf(g, &r->leafs[i]);
}

static void fill_path(const struct retention_graph *g, const struct edge_names *names,
	const struct request *r, const struct route *route, struct path *path)
{
	struct arena *arena = g->a->py->arena;

	*path = (struct path){
		.root = route->root == UINT32_MAX ? route->leaf_root : &g->roots->items[route->root]};
	path->root_name = path->root ? root_name(g->a, path->root) : "native code";
	path->steps = arena_alloc(arena, route->count * sizeof(*path->steps));
	/* A module is an object that has a name of its own: its way starts with it. */
	if (path->root && path->root->kind != ROOT_MODULE)
		path->steps[path->count++] = step_from_root(g, path->root);
	for (size_t i = 1; i < route->count; i++)
		path->steps[path->count++] =
			route->nodes[i] == LEAF
				? last_leaf_step(g, r, route->nodes[i - 1])
				: step_between(g, names, route->nodes[i - 1], route->nodes[i]);
	path->text = path_text(g->a, path);
}

static void add_referrer(struct retention *out, size_t *capacity, struct step **list, const struct step *step)
{
	*list = grow_array(*list, capacity, out->referrer_count + 1, sizeof(**list));
	(*list)[out->referrer_count++] = *step;
}

static void fill_referrers(
	const struct retention_graph *g, const struct edge_names *names, uint32_t node, struct retention *out)
{
	const struct graph *graph = g->graph;
	struct step *list = NULL;
	uint32_t last = UINT32_MAX;
	size_t capacity = 0, source_count;
	const uint32_t *sources = graph_sources(graph, node, &source_count);

	for (size_t i = 0; i < source_count; i++) {
		struct step step;
		size_t count;
		const struct named_edge *edge;

		if (sources[i] == last)
			continue;
		last = sources[i];
		edge = edge_names_find(names, last, node, &count);
		step = step_between(g, names, last, node);
		for (size_t k = 0; k < count; k++) {
			step.ref = edge[k].ref;
			add_referrer(out, &capacity, &list, &step);
		}
	}
	for (size_t i = 0; i < g->roots->count; i++) {
		if (g->roots->items[i].node != node || g->roots->items[i].kind == ROOT_MODULE)
			continue;
		struct step step = step_from_root(g, &g->roots->items[i]);

		add_referrer(out, &capacity, &list, &step);
	}
	out->referrers = arena_alloc(g->a->py->arena, out->referrer_count * sizeof(*list));
	if (out->referrer_count)
		memcpy(out->referrers, list, out->referrer_count * sizeof(*list));
	free(list);
}

static void fill_leaf_referrers(
	const struct retention_graph *g, const struct request *r, struct retention *out)
{
	out->referrers = arena_alloc(
		g->a->py->arena, (r->leaf_count + g->roots->leaf_count) * sizeof(*out->referrers));
	for (size_t i = 0; i < r->leaf_count; i++)
		out->referrers[out->referrer_count++] = step_to_leaf(g, &r->leafs[i]);
	for (size_t i = 0; i < g->roots->leaf_count; i++)
		if (g->roots->leaves[i].ref.target == r->object)
			out->referrers[out->referrer_count++] = step_from_root(g, &g->roots->leaves[i]);
	out->referrers_left_out = r->leaf_total - out->referrer_count;
}

static void fill(const struct retention_graph *g, const struct edge_names *names, const struct request *r,
	struct retention *out)
{
	struct python *py = g->a->py;
	int64_t found;
	size_t sources = 0;

	if (r->node != LEAF)
		graph_sources(g->graph, r->node, &sources);
	found = r->node == LEAF ? (int64_t)r->leaf_total : (int64_t)sources;
	out->is_known = true;
	out->is_garbage = r->is_garbage;
	out->holder_count = r->holder_count;
	if (r->node == LEAF)
		fill_leaf_referrers(g, r, out);
	else
		fill_referrers(g, names, r->node, out);
	out->has_refcount = pyobject_refcount(py, out->object, &out->refcount, NULL) &&
			    out->refcount != REFCOUNT_IMMORTAL;
	if (!out->has_refcount)
		out->refcount = 0;
	for (size_t i = 0; i < g->roots->count; i++)
		found += g->roots->items[i].node == r->node && g->roots->items[i].kind != ROOT_MODULE;
	out->native_references = out->refcount > found ? out->refcount - found : 0;
	out->paths = arena_alloc(py->arena, r->route_count * sizeof(*out->paths));
	for (size_t i = 0; i < r->route_count; i++)
		fill_path(g, names, r, &r->routes[i], &out->paths[out->path_count++]);
}

static void free_request(struct request *r)
{
	for (size_t i = 0; i < r->route_count; i++)
		free(r->routes[i].nodes);
	free(r->routes);
}

/* Objects that are no nodes: one walk for all of them. */
static void find_leafs(const struct retention_graph *g, const uint64_t *objects, size_t count,
	struct request *requests, struct leaf_refs *leafs)
{
	uint64_t *wanted = xcalloc(count, sizeof(*wanted));
	size_t wanted_count = 0;

	for (size_t i = 0; i < count; i++)
		if (requests[i].is_known && requests[i].node == LEAF)
			wanted[wanted_count++] = objects[i];
	leaf_refs_find(g->graph, wanted, wanted_count, leafs);
	for (size_t i = 0, k = 0; i < count; i++) {
		if (!requests[i].is_known || requests[i].node != LEAF)
			continue;
		requests[i].leafs = leaf_refs_of(leafs, k, &requests[i].leaf_count);
		requests[i].leaf_total = leafs->totals[k++];
	}
	free(wanted);
}

static void mark(const struct graph *graph, uint64_t *bits, uint64_t object)
{
	uint32_t node;

	if (heap_index(graph->heap, object, &node))
		bits[node / 64] |= UINT64_C(1) << (node % 64);
}

/* Who refers to what is asked about, to what will be asked about, and to everything that leads to an object
 * that no root reaches (garbage.h): one pass over the edges answers it all. */
static void prepare(const struct retention_graph *g, const uint64_t *objects, size_t count)
{
	struct graph *graph = (struct graph *)g->graph;
	uint64_t *bits;
	uint32_t node;
	bool is_ready = true;

	for (size_t i = 0; i < count; i++)
		is_ready &= !heap_index(graph->heap, objects[i], &node) || graph_has_sources(graph, node);
	if (is_ready)
		return;
	bits = xcalloc((size_t)graph->count / 64 + 1, sizeof(*bits));
	for (node = 0; node < graph->count; node++)
		if (!reach_has(g->reach, node))
			bits[node / 64] |= UINT64_C(1) << (node % 64);
	for (size_t i = 0; i < count; i++)
		mark(graph, bits, objects[i]);
	for (size_t i = 0; i < g->a->task_count; i++)
		mark(graph, bits, g->a->tasks[i].address);
	for (size_t i = 0; i < g->a->loop_count; i++)
		mark(graph, bits, g->a->loops[i].address);
	for (size_t i = 0; i < g->a->coroutine_count; i++)
		mark(graph, bits, g->a->coroutines[i].gen.address);
	graph_prepare_referrers(graph, bits);
	free(bits);
}

/* To ask costs more than to look at some. */
static void ease_at(const struct retention_graph *g, size_t i)
{
	if (i % 64 == 0)
		target_ease(g->a->py->target);
}

void retention_find(const struct retention_graph *g, const uint64_t *objects, size_t count, size_t paths_most,
	struct retention *out)
{
	struct request *requests = xcalloc(count, sizeof(*requests));
	struct edge_names names;
	struct leaf_refs leafs;

	prepare(g, objects, count);
	edge_names_init(&names, g->graph);
	for (size_t i = 0; i < count; i++) {
		out[i] = (struct retention){.object = objects[i]};
		if (!heap_index(g->graph->heap, objects[i], &requests[i].node))
			requests[i].node = LEAF;
		requests[i].is_known =
			requests[i].node != LEAF || pytype_of(g->a->py, objects[i], NULL) != NULL;
	}
	find_leafs(g, objects, count, requests, &leafs);
	for (size_t i = 0; i < count; i++) {
		struct request *r = &requests[i];

		r->object = objects[i];
		ease_at(g, i);
		if (!r->is_known)
			continue;
		find_routes(g, r, paths_most);
		if (r->node == LEAF && !r->holder_count)
			judge_leaf(g, r, objects[i], paths_most);
		else if (r->node != LEAF && !r->holder_count && !reach_has(g->reach, r->node))
			find_native_route(g, r, paths_most);
		want_names(g, r, &names);
	}
	edge_names_resolve(&names);
	for (size_t i = 0; i < count; i++) {
		if (requests[i].is_known)
			fill(g, &names, &requests[i], &out[i]);
		free_request(&requests[i]);
		ease_at(g, i);
	}
	free(requests);
	leaf_refs_deinit(&leafs);
	edge_names_deinit(&names);
}
