#include "inspector/graph/users.h"

#include "inspector/python/refcount.h"
#include "inspector/python/type.h"

#include <stdlib.h>
#include <string.h>

/* More than this on the way to an object: everybody may have it. */
#define NODES_MAX 20000

struct search {
	const struct asyncio *a;
	const struct graph *graph;
	struct users *users;
	uint32_t *nodes; /* in the order of the search */
	size_t count, capacity, task_capacity, global_capacity;
	struct addrmap seen, tasks, modules; /* modules: dictionary of a module */
};

static void add(struct search *s, uint32_t node)
{
	if (!addrmap_put(&s->seen, node, 0))
		return;
	if (s->count == NODES_MAX) {
		s->users->has_others = true;
		return;
	}
	s->nodes = grow_array(s->nodes, &s->capacity, s->count + 1, sizeof(*s->nodes));
	s->nodes[s->count++] = node;
}

static void add_task(struct search *s, size_t task)
{
	struct users *u = s->users;

	if (!addrmap_put(&s->tasks, task, 0))
		return;
	u->tasks = grow_array(u->tasks, &s->task_capacity, u->task_count + 1, sizeof(*u->tasks));
	u->tasks[u->task_count++] = task;
}

static void add_globals(struct search *s, uint64_t dict)
{
	struct users *u = s->users;

	u->globals = grow_array(u->globals, &s->global_capacity, u->global_count + 1, sizeof(*u->globals));
	u->globals[u->global_count++] = dict;
}

static bool is_handle(const struct pytype *type)
{
	return strcmp(type->full_name, "asyncio.events.Handle") == 0 ||
	       strcmp(type->full_name, "asyncio.events.TimerHandle") == 0;
}

/* Whether the way ends at this object; notes what it means. */
static bool ends_here(struct search *s, uint64_t object)
{
	const struct pytype *type = pytype_of(s->a->py, object, NULL);
	size_t coroutine;

	if (!type)
		return s->users->has_others = true;
	coroutine = asyncio_find_coroutine(s->a, object);
	if (coroutine != NO_INDEX) {
		const struct coroutine *c = &s->a->coroutines[coroutine];

		if (c->task != NO_INDEX)
			add_task(s, c->task);
		else if (c->gen.state == GEN_RUNNING)
			s->users->has_others = true;
		/* One that nobody drives does nothing; an async generator is asked by who has it. */
		return c->gen.kind != KIND_ASYNCGEN || c->task != NO_INDEX;
	}
	if (addrmap_get(&s->modules, object, NULL)) {
		add_globals(s, object);
		return true;
	}
	if (is_handle(type) ||
		asyncio_role_of_type(s->a->py, &((struct asyncio *)s->a)->classes, type) != ROLE_NONE)
		return s->users->has_others = true;
	return false;
}

/* The dictionaries of modules: what a root of that kind leads to first. */
static void index_modules(struct search *s, const struct roots *roots)
{
	for (size_t i = 0; i < roots->count; i++) {
		const uint32_t *targets;
		size_t count;

		if (roots->items[i].kind != ROOT_MODULE)
			continue;
		targets = graph_targets(s->graph, roots->items[i].node, &count);

		for (size_t k = 0; k < count; k++) {
			uint64_t target = heap_address(s->graph->heap, targets[k]);
			const struct pytype *type = pytype_of(s->a->py, target, NULL);

			if (type && type->kind == KIND_DICT)
				addrmap_put(&s->modules, target, 0);
		}
	}
}

static void look_at_roots(struct search *s, const struct roots *roots)
{
	for (size_t i = 0; i < roots->count; i++)
		if (roots->items[i].kind != ROOT_MODULE &&
			addrmap_get(&s->seen, roots->items[i].node, NULL) &&
			asyncio_find_coroutine(s->a, heap_address(s->graph->heap, roots->items[i].node)) ==
				NO_INDEX &&
			!addrmap_get(&s->modules, heap_address(s->graph->heap, roots->items[i].node), NULL))
			s->users->has_others = true;
}

static bool has_unexplained_references(const struct search *s, uint32_t node)
{
	int64_t refcount;
	size_t found;

	graph_sources(s->graph, node, &found);
	return pyobject_refcount(s->a->py, heap_address(s->graph->heap, node), &refcount, NULL) &&
	       refcount != REFCOUNT_IMMORTAL && refcount > (int64_t)found;
}

void users_find(const struct asyncio *a, const struct graph *graph, const struct roots *roots,
	uint64_t object, struct users *users)
{
	struct search s = {.a = a, .graph = graph, .users = users};
	uint32_t node;

	*users = (struct users){0};
	if (!heap_index(graph->heap, object, &node)) {
		users->has_others = true;
		return;
	}
	index_modules(&s, roots);
	add(&s, node);
	for (size_t at = 0; at < s.count && !users->has_others; at++) {
		const uint32_t *sources;
		size_t count;

		if (at && ends_here(&s, heap_address(graph->heap, s.nodes[at])))
			continue;
		users->has_native |= has_unexplained_references(&s, s.nodes[at]);
		sources = graph_sources(graph, s.nodes[at], &count);
		for (size_t i = 0; i < count; i++)
			add(&s, sources[i]);
	}
	look_at_roots(&s, roots);
	free(s.nodes);
	addrmap_deinit(&s.seen);
	addrmap_deinit(&s.tasks);
	addrmap_deinit(&s.modules);
}

void users_deinit(struct users *users)
{
	free(users->tasks);
	free(users->globals);
	*users = (struct users){0};
}

static bool leads_to(const struct graph *graph, uint64_t from, uint64_t to)
{
	const uint32_t *targets;
	uint32_t x, y;
	size_t count;

	if (!from || !heap_index(graph->heap, from, &x) || !heap_index(graph->heap, to, &y))
		return false;
	targets = graph_targets(graph, x, &count);
	for (size_t k = 0; k < count; k++)
		if (targets[k] == y)
			return true;
	return false;
}

/* From 3.11 on a frame has its function, whose __globals__ it uses; before, f_globals of its own. */
bool users_task_has_globals(const struct asyncio *a, const struct graph *graph, size_t task, uint64_t globals)
{
	const struct chain *chain = &a->tasks[task].chain;

	for (size_t i = 0; i < chain->count; i++)
		if (chain->links[i].has_frame &&
			(leads_to(graph, chain->links[i].frame.function, globals) ||
				leads_to(graph, chain->links[i].frame.frame_object, globals)))
			return true;
	return false;
}
