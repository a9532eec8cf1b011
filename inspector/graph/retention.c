#include "inspector/graph/retention.h"

#include "inspector/graph/garbage.h"
#include "inspector/graph/path_text.h"
#include "inspector/python/refcount.h"

#include <stdlib.h>
#include <string.h>

/* A way with more steps helps nobody; a list linked a million times has such. */
#define STEPS_MAX 100000
/* Of the holders of one object so many are tried for paths. */
#define HOLDERS_TRIED 4096

/* A way as nodes: root, then nodes[0] (held by the root) to nodes[count - 1] (the object). */
struct route {
	uint32_t root; /* index; UINT32_MAX: native code */
	size_t count;
	uint32_t *nodes; /* owned */
};

struct request {
	uint32_t node;
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

/* The nodes from the root to holder, and node behind. False when the way goes through node itself, or on and
 * on. */
static bool make_route(const struct reach *reach, uint32_t holder, uint32_t node, struct route *route)
{
	uint32_t at = holder;
	size_t count = 2;

	for (; !(reach->parent[at] & ROOT_BIT); at = reach->parent[at])
		if (at == node || ++count > STEPS_MAX)
			return false;
	if (at == node)
		return false;
	route->root = reach->parent[at] & ~ROOT_BIT;
	route->count = count;
	route->nodes = xmalloc(count * sizeof(*route->nodes));
	route->nodes[--count] = node;
	for (at = holder; count--; at = reach->parent[at])
		route->nodes[count] = at;
	return true;
}

/* A root that holds the object itself; modules are shown by what holds the module otherwise. */
static void add_root_routes(const struct retention_graph *g, struct request *r, size_t most)
{
	for (size_t i = 0; i < g->roots->count && r->route_count < most; i++) {
		struct route *route = &r->routes[r->route_count];

		if (g->roots->items[i].node != r->node)
			continue;
		r->holder_count++;
		*route = (struct route){.root = (uint32_t)i, .count = 1, .nodes = xmalloc(sizeof(uint32_t))};
		route->nodes[0] = r->node;
		r->route_count++;
	}
}

static size_t reached_holders(const struct retention_graph *g, uint32_t node, struct holder **holders)
{
	const struct graph *graph = g->graph;
	uint32_t last = UINT32_MAX;
	size_t count = 0, capacity = 0;

	*holders = NULL;
	for (uint64_t i = graph->in_first[node]; i < graph->in_first[node + 1]; i++) {
		uint32_t from = graph->in[i];

		/* The sources of a node are ascending: repeated ones are neighbours. */
		if (from == last || from == node || g->reach->distance[from] == UNREACHED)
			continue;
		last = from;
		*holders = grow_array(*holders, &capacity, count + 1, sizeof(**holders));
		(*holders)[count++] = (struct holder){from, g->reach->distance[from]};
	}
	if (count)
		qsort(*holders, count, sizeof(**holders), by_distance);
	return count;
}

static void find_routes(const struct retention_graph *g, struct request *r, size_t most)
{
	struct holder *holders;
	size_t count = reached_holders(g, r->node, &holders);

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

static void want_names(const struct retention_graph *g, const struct request *r, struct edge_names *names)
{
	for (uint64_t i = g->graph->in_first[r->node]; i < g->graph->in_first[r->node + 1]; i++)
		edge_names_want(names, g->graph->in[i], r->node);
	for (size_t i = 0; i < r->route_count; i++)
		for (size_t k = 1; k < r->routes[i].count; k++)
			edge_names_want(names, r->routes[i].nodes[k - 1], r->routes[i].nodes[k]);
}

static const char *type_name(struct python *py, uint64_t object)
{
	const struct pytype *type = pytype_of(py, object, NULL);

	return type ? type->full_name : "?";
}

static struct step node_step(
	const struct retention_graph *g, const struct edge_names *names, uint32_t from, uint32_t to)
{
	struct python *py = g->a->py;
	struct step step = {
		.from = heap_address(g->graph->heap, from),
		.to = heap_address(g->graph->heap, to),
	};
	size_t count;
	const struct named_edge *edge = edge_names_find(names, from, to, &count);

	step.from_type = type_name(py, step.from);
	step.ref =
		edge ? edge->ref : (struct ref){.target = step.to, .kind = EDGE_NAME, .text = "<reference>"};
	return step;
}

static struct step root_step(const struct retention_graph *g, const struct root *root)
{
	struct step step = {.from = root->holder, .to = heap_address(g->graph->heap, root->node)};

	step.ref = root->ref;
	step.from_type = root->kind == ROOT_FRAME	  ? "frame"
			 : root->kind == ROOT_INTERPRETER ? "interpreter state"
							  : "thread state";
	if (root->kind == ROOT_LOOP)
		step.ref = (struct ref){.target = step.to, .kind = EDGE_NAME, .text = "<running loop>"};
	else if (root->kind != ROOT_FRAME)
		step.ref = (struct ref){
			.target = step.to,
			.kind = EDGE_NAME,
			.text = arena_printf(g->a->py->arena, "<%s>", root->name),
		};
	return step;
}

static void fill_path(const struct retention_graph *g, const struct edge_names *names,
	const struct route *route, struct path *path)
{
	struct arena *arena = g->a->py->arena;

	*path = (struct path){.root = route->root == UINT32_MAX ? NULL : &g->roots->items[route->root]};
	path->root_name = path->root ? root_name(g->a, path->root) : "native code";
	path->steps = arena_alloc(arena, route->count * sizeof(*path->steps));
	/* A module is an object that has a name of its own: its way starts with it. */
	if (path->root && path->root->kind != ROOT_MODULE)
		path->steps[path->count++] = root_step(g, path->root);
	for (size_t i = 1; i < route->count; i++)
		path->steps[path->count++] = node_step(g, names, route->nodes[i - 1], route->nodes[i]);
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
	size_t capacity = 0;

	for (uint64_t i = graph->in_first[node]; i < graph->in_first[node + 1]; i++) {
		struct step step;
		size_t count;
		const struct named_edge *edge;

		if (graph->in[i] == last)
			continue;
		last = graph->in[i];
		edge = edge_names_find(names, last, node, &count);
		step = node_step(g, names, last, node);
		for (size_t k = 0; k < count; k++) {
			step.ref = edge[k].ref;
			add_referrer(out, &capacity, &list, &step);
		}
	}
	for (size_t i = 0; i < g->roots->count; i++) {
		if (g->roots->items[i].node != node || g->roots->items[i].kind == ROOT_MODULE)
			continue;
		struct step step = root_step(g, &g->roots->items[i]);

		add_referrer(out, &capacity, &list, &step);
	}
	out->referrers = arena_alloc(g->a->py->arena, out->referrer_count * sizeof(*list));
	if (out->referrer_count)
		memcpy(out->referrers, list, out->referrer_count * sizeof(*list));
	free(list);
}

static void fill(const struct retention_graph *g, const struct edge_names *names, const struct request *r,
	struct retention *out)
{
	struct python *py = g->a->py;
	int64_t found = (int64_t)(g->graph->in_first[r->node + 1] - g->graph->in_first[r->node]);

	out->is_node = true;
	out->is_garbage = r->is_garbage;
	out->holder_count = r->holder_count;
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
		fill_path(g, names, &r->routes[i], &out->paths[out->path_count++]);
}

static void free_request(struct request *r)
{
	for (size_t i = 0; i < r->route_count; i++)
		free(r->routes[i].nodes);
	free(r->routes);
}

void retention_find(const struct retention_graph *g, const uint64_t *objects, size_t count, size_t paths_most,
	struct retention *out)
{
	struct request *requests = xcalloc(count, sizeof(*requests));
	struct edge_names names;

	edge_names_init(&names, g->graph);
	for (size_t i = 0; i < count; i++) {
		out[i] = (struct retention){.object = objects[i]};
		if (!heap_index(g->graph->heap, objects[i], &requests[i].node)) {
			requests[i].node = UINT32_MAX;
			continue;
		}
		find_routes(g, &requests[i], paths_most);
		if (g->reach->distance[requests[i].node] == UNREACHED)
			find_native_route(g, &requests[i], paths_most);
		want_names(g, &requests[i], &names);
	}
	edge_names_resolve(&names);
	for (size_t i = 0; i < count; i++)
		if (requests[i].node != UINT32_MAX)
			fill(g, &names, &requests[i], &out[i]);
	for (size_t i = 0; i < count; i++)
		free_request(&requests[i]);
	free(requests);
	edge_names_deinit(&names);
}
