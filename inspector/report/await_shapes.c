#include "inspector/report/await_shapes.h"

#include <stdlib.h>

#define NONE SIZE_MAX
/* Shapes of one hash that are compared: more is made so, by a target that wants us to be slow. */
#define COMPARED_MAX 64

struct search {
	struct await_shapes *shapes;
	const struct digraph *graph;
	struct addrmap first; /* hash -> shape */
	size_t *next;	      /* by shape: the next one with the same hash; NONE */
	size_t *example;      /* by shape: a node of it */
};

bool await_shapes_are_alike(const struct await_shapes *shapes, size_t x, size_t y)
{
	const struct task *tasks = shapes->awaits->a->tasks;

	return task_look_compare(&shapes->shared, &tasks[x], &tasks[y]) == 0;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static uint64_t hash_of(const struct search *s, size_t node)
{
	uint64_t hash = task_look_hash(&s->shapes->shared, &s->shapes->awaits->a->tasks[node]);

	for (size_t i = s->graph->first[node]; i < s->graph->first[node + 1]; i++)
		hash = mix(hash, s->shapes->shape[s->graph->to[i]]);
	return hash & INT64_MAX;
}

static bool is_of_shape(const struct search *s, size_t node, size_t shape)
{
	size_t other = s->example[shape];
	const size_t *first = s->graph->first;
	size_t count = first[node + 1] - first[node];

	if (first[other + 1] - first[other] != count || !await_shapes_are_alike(s->shapes, node, other))
		return false;
	for (size_t i = 0; i < count; i++)
		if (s->shapes->shape[s->graph->to[first[node] + i]] !=
			s->shapes->shape[s->graph->to[first[other] + i]])
			return false;
	return true;
}

static void add_shape(struct search *s, size_t node, size_t next)
{
	s->example[s->shapes->count] = node;
	s->next[s->shapes->count] = next;
	s->shapes->shape[node] = s->shapes->count++;
}

/* What it waits for has its shape already. */
static void set_shape(struct search *s, size_t node)
{
	uint64_t hash = hash_of(s, node), first = NONE;
	size_t compared = 0;

	if (addrmap_get(&s->first, hash, &first))
		for (size_t shape = (size_t)first; shape != NONE && compared++ < COMPARED_MAX;
			shape = s->next[shape])
			if (is_of_shape(s, node, shape)) {
				s->shapes->shape[node] = shape;
				return;
			}
	add_shape(s, node, (size_t)first);
	addrmap_put(&s->first, hash, s->shapes->shape[node]);
}

/* Nodes in the order of their components: what a node waits for comes before it. */
static size_t *order_nodes(const size_t *component, size_t components, size_t nodes)
{
	size_t *start = xcalloc(components + 1, sizeof(*start)), *order = xcalloc(nodes, sizeof(*order));

	for (size_t n = 0; n < nodes; n++)
		start[component[n] + 1]++;
	for (size_t c = 0; c < components; c++)
		start[c + 1] += start[c];
	for (size_t n = 0; n < nodes; n++)
		order[start[component[n]]++] = n;
	free(start);
	return order;
}

static bool leads_to_itself(const struct digraph *graph, size_t node)
{
	for (size_t i = graph->first[node]; i < graph->first[node + 1]; i++)
		if (graph->to[i] == node)
			return true;
	return false;
}

void await_shapes_find(
	const struct await_graph *awaits, const struct digraph *graph, struct await_shapes *shapes)
{
	size_t nodes = graph->count, components, *order;
	size_t *component = xcalloc(nodes, sizeof(*component));
	struct search s = {
		.shapes = shapes,
		.graph = graph,
		.next = xcalloc(nodes, sizeof(*s.next)),
		.example = xcalloc(nodes, sizeof(*s.example)),
	};

	*shapes = (struct await_shapes){.awaits = awaits, .shape = xcalloc(nodes, sizeof(size_t))};
	shared_waits_find(awaits->a, &shapes->shared);
	components = components_find(graph, component);
	order = order_nodes(component, components, nodes);
	for (size_t i = 0; i < nodes; i++) {
		size_t node = order[i];
		bool is_alone = (i == 0 || component[order[i - 1]] != component[node]) &&
				(i + 1 == nodes || component[order[i + 1]] != component[node]);

		if (node >= awaits->task_count || !is_alone || leads_to_itself(graph, node))
			add_shape(&s, node, NONE);
		else
			set_shape(&s, node);
	}
	free(component);
	free(order);
	free(s.next);
	free(s.example);
	addrmap_deinit(&s.first);
}

void await_shapes_deinit(struct await_shapes *shapes)
{
	free(shapes->shape);
	shared_waits_deinit(&shapes->shared);
	*shapes = (struct await_shapes){0};
}
