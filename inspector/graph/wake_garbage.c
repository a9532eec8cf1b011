#include "inspector/graph/wake_private.h"

#include "inspector/python/dict.h"
#include "inspector/python/generator.h"
#include "inspector/python/memory.h"
#include "inspector/python/sequence.h"

#include <stdlib.h>

/* What the collector will destroy does something as it goes: the finally blocks of a suspended coroutine,
 * __del__, callbacks of weak references. A task that only such leads to may be woken by it. That a task's own
 * coroutine leads to its future counts for nothing: with that the task goes, too. So it is kept in mind on
 * whose behalf something is reached, two of them for each node, which is enough to know whether there is
 * another than the task itself. */

#define TASK_OWNER (UINT64_C(1) << 32) /* and the task's index; without it, a node */

struct owners {
	uint64_t first, second; /* owner + 1; 0 none */
};

struct garbage_search {
	struct wake_finder *f;
	const struct reach *reach;
	uint64_t *garbage;	/* a bit for each node */
	struct addrmap chains;	/* node of a coroutine -> index of the task that it belongs to */
	struct addrmap types;	/* type -> whether it has __del__ */
	struct addrmap reached; /* node -> index in owners */
	struct owners *owners;
	uint32_t *nodes; /* of owners */
	size_t count, owner_capacity, node_capacity;
	size_t *queue; /* indices in owners */
	size_t queue_count, queue_capacity;
};

static bool has_bit(const uint64_t *bits, uint32_t node)
{
	return bits[node / 64] >> (node % 64) & 1;
}

/* Nothing that lives refers to it: neither roots, nor C code, nor what these refer to. */
static void find_garbage(struct garbage_search *s)
{
	const struct graph *g = s->f->graph;
	uint32_t *list = NULL;
	size_t count = 0, capacity = 0;

	for (uint32_t node = 0; node < g->count; node++) {
		if (reach_has(s->reach, node))
			continue;
		s->garbage[node / 64] |= UINT64_C(1) << (node % 64);
		if (!wake_has_room_for_others(g, node))
			continue;
		list = grow_array(list, &capacity, count + 1, sizeof(*list));
		list[count++] = node;
	}
	for (size_t i = 0; i < count; i++)
		s->garbage[list[i] / 64] &= ~(UINT64_C(1) << (list[i] % 64));
	while (count) {
		size_t targets;
		const uint32_t *out = graph_targets(g, list[--count], &targets);

		for (size_t i = 0; i < targets; i++) {
			if (!has_bit(s->garbage, out[i]))
				continue;
			s->garbage[out[i] / 64] &= ~(UINT64_C(1) << (out[i] % 64));
			list = grow_array(list, &capacity, count + 1, sizeof(*list));
			list[count++] = out[i];
		}
	}
	free(list);
}

static void reach_node(struct garbage_search *s, uint32_t node, uint64_t owner)
{
	uint64_t at;
	struct owners *o;

	/* What can run anyway has been passed already, and led nowhere new. */
	if (wake_fix_is_marked(s->f->fix, node))
		return;
	if (!addrmap_get(&s->reached, node, &at)) {
		at = s->count;
		addrmap_put(&s->reached, node, at);
		s->owners = grow_array(s->owners, &s->owner_capacity, s->count + 1, sizeof(*s->owners));
		s->nodes = grow_array(s->nodes, &s->node_capacity, s->count + 1, sizeof(*s->nodes));
		s->owners[s->count] = (struct owners){0};
		s->nodes[s->count++] = node;
	}
	o = &s->owners[at];
	if (o->first == owner + 1 || o->second == owner + 1 || (o->first && o->second))
		return;
	if (!o->first)
		o->first = owner + 1;
	else
		o->second = owner + 1;
	s->queue = grow_array(s->queue, &s->queue_capacity, s->queue_count + 1, sizeof(*s->queue));
	s->queue[s->queue_count++] = at;
}

static void run(struct garbage_search *s)
{
	while (s->queue_count) {
		size_t at = s->queue[--s->queue_count], targets;
		const struct owners owners = s->owners[at];
		const uint32_t *out = graph_targets(s->f->graph, s->nodes[at], &targets);

		for (size_t i = 0; i < targets; i++) {
			if (owners.first)
				reach_node(s, out[i], owners.first - 1);
			if (owners.second)
				reach_node(s, out[i], owners.second - 1);
		}
	}
}

/* C types' finalizers, which are in their dictionaries as __del__ too, do nothing to futures; asyncio's own
 * future and task in Python log, no more. */
static bool is_harmless(const struct garbage_search *s, uint64_t class, uint64_t del)
{
	const struct asyncio_classes *classes = &s->f->a->classes;
	const struct pytype *type = pytype_of(s->f->py, del, NULL);

	for (size_t i = 0; i < classes->count; i++)
		if (class == classes->names[i].py_future || class == classes->names[i].py_task)
			return true;
	return type && type->kind == KIND_DESCRIPTOR;
}

/* Whether the first __del__ in the method resolution order is one of the program's. */
static bool find_del(struct garbage_search *s, const struct pytype *type)
{
	struct python *py = s->f->py;
	uint64_t class, dict, del, count;

	if (!sequence_length(py, type->mro, KIND_TUPLE, &count, NULL))
		return false;
	for (uint64_t i = 0; i < count; i++)
		if (sequence_item(py, type->mro, i, &class, NULL) &&
			read_pointer(py, class, FIELD_type_dict, &dict, NULL) && dict &&
			pydict_get(py, dict, "__del__", &del, NULL))
			return !is_harmless(s, class, del);
	return false;
}

static bool has_del(struct garbage_search *s, const struct pytype *type)
{
	uint64_t known;

	if (!type->is_heap || !type->mro)
		return false;
	if (addrmap_get(&s->types, type->address, &known))
		return known;
	known = find_del(s, type);
	addrmap_put(&s->types, type->address, known);
	return known;
}

static bool is_suspended(struct python *py, uint64_t object)
{
	struct pygen gen;

	return !pygen_read(py, object, &gen, NULL) || gen.state == GEN_SUSPENDED;
}

static void start_from(struct garbage_search *s, uint32_t node)
{
	uint64_t object = heap_address(s->f->graph->heap, node), task;
	const struct pytype *type = pytype_of(s->f->py, object, NULL);

	if (!type)
		return;
	if (kind_is_generator(type->kind) && is_suspended(s->f->py, object))
		reach_node(s, node, addrmap_get(&s->chains, node, &task) ? TASK_OWNER | task : node);
	else if (has_del(s, type))
		reach_node(s, node, node);
}

/* A weak reference that lives, to something that does not. */
static void start_from_callbacks(struct garbage_search *s)
{
	const struct graph *g = s->f->graph;

	for (uint32_t node = 0; node < g->count; node++) {
		uint64_t object, callback;
		uint32_t target, called;

		if (!has_bit(g->weakrefs, node) || has_bit(s->garbage, node) ||
			wake_fix_is_marked(s->f->fix, node))
			continue;
		object = heap_address(g->heap, node);
		if (read_pointer(s->f->py, object, FIELD_weakref_object, &callback, NULL) &&
			heap_index(g->heap, callback, &target) && has_bit(s->garbage, target) &&
			read_pointer(s->f->py, object, FIELD_weakref_callback, &callback, NULL) && callback &&
			heap_index(g->heap, callback, &called))
			reach_node(s, called, node);
	}
}

static void index_chains(struct garbage_search *s)
{
	const struct asyncio *a = s->f->a;
	uint32_t node;

	for (size_t i = 0; i < a->task_count; i++)
		for (size_t k = 0; s->f->takes_part[i] && k < a->tasks[i].chain.count; k++)
			if (heap_index(s->f->graph->heap, a->tasks[i].chain.links[k].address, &node))
				addrmap_put(&s->chains, node, i);
}

static uint64_t other_owner(const struct owners *o, size_t task)
{
	uint64_t self = (TASK_OWNER | task) + 1;

	return o->first && o->first != self ? o->first : o->second && o->second != self ? o->second : 0;
}

static void find_owners(struct garbage_search *s)
{
	struct wake_finder *f = s->f;

	for (size_t i = 0; i < f->a->task_count; i++) {
		uint64_t at, owner;

		if (!f->takes_part[i] || f->tasks[i].waits_for == NO_NODE ||
			!addrmap_get(&s->reached, f->tasks[i].waits_for, &at) ||
			!(owner = other_owner(&s->owners[at], i)))
			continue;
		owner--;
		f->any_by_garbage = true;
		f->by_garbage[i] = owner & TASK_OWNER ? f->a->tasks[owner & ~TASK_OWNER].address
						      : heap_address(f->graph->heap, (uint32_t)owner);
	}
}

void wake_look_at_garbage(struct wake_finder *f, const struct reach *reach)
{
	struct garbage_search s = {.f = f, .reach = reach};

	s.garbage = xcalloc((size_t)f->graph->count / 64 + 1, sizeof(*s.garbage));
	find_garbage(&s);
	index_chains(&s);
	for (uint32_t node = 0; node < f->graph->count; node++)
		if (has_bit(s.garbage, node))
			start_from(&s, node);
	start_from_callbacks(&s);
	run(&s);
	find_owners(&s);
	free(s.garbage);
	free(s.owners);
	free(s.nodes);
	free(s.queue);
	addrmap_deinit(&s.chains);
	addrmap_deinit(&s.types);
	addrmap_deinit(&s.reached);
}
