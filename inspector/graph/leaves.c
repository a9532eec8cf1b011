#include "inspector/graph/leaves.h"

#include <stdlib.h>
#include <string.h>

struct each {
	const struct graph *graph;
	leaf_visit_fn visit;
	void *context;
	uint32_t node;
	bool is_stopped;
};

static bool is_known(void *context, uint64_t address)
{
	return heap_contains(((struct each *)context)->graph->heap, address);
}

static bool visit_reference(void *context, const struct ref *ref)
{
	struct each *e = context;

	if (heap_position(e->graph->heap, ref->target) == NO_POSITION ||
		heap_contains(e->graph->heap, ref->target))
		return true;
	e->is_stopped = !e->visit(e->context, e->node, ref);
	return !e->is_stopped;
}

void leaves_each_reference(const struct graph *graph, leaf_visit_fn visit, void *context)
{
	struct each e = {.graph = graph, .visit = visit, .context = context};
	uint32_t cursor = 0;
	uint64_t object;

	for (; !e.is_stopped && heap_next(graph->heap, &cursor, &object); e.node++) {
		struct ref_walk walk = {.py = graph->py,
			.visit = visit_reference,
			.is_known = is_known,
			.context = &e,
			.with_string_keys = true};

		refs_of_object(&walk, object, NULL);
	}
}

/* A bit for each position tells which leaves were met. */
struct once {
	const struct heap *heap;
	uint64_t *met;
	leaf_once_fn visit;
	void *context;
};

static bool visit_once(void *context, uint32_t node, const struct ref *ref)
{
	struct once *o = context;
	uint32_t position = heap_position(o->heap, ref->target);
	uint64_t bit = UINT64_C(1) << (position % 64);

	(void)node;
	if (o->met[position / 64] & bit)
		return true;
	o->met[position / 64] |= bit;
	return o->visit(o->context, ref->target);
}

void leaves_each(const struct graph *graph, leaf_once_fn visit, void *context)
{
	struct once o = {.heap = graph->heap, .visit = visit, .context = context};

	o.met = xcalloc(heap_positions(graph->heap) / 64 + 1, sizeof(*o.met));
	leaves_each_reference(graph, visit_once, &o);
	free(o.met);
}

struct finder {
	struct leaf_refs *found;
	struct addrmap wanted; /* address -> index */
};

static bool visit_wanted(void *context, uint32_t node, const struct ref *ref)
{
	struct finder *f = context;
	struct leaf_refs *found = f->found;
	uint64_t index;

	if (!addrmap_get(&f->wanted, ref->target, &index) || found->totals[index]++ >= LEAF_REFS_MAX)
		return true;
	found->items = grow_array(found->items, &found->capacity, found->count + 1, sizeof(*found->items));
	found->items[found->count++] = (struct leaf_ref){(size_t)index, node, *ref};
	return true;
}

/* Nodes are visited in ascending order. Within a node the object's own order shall stay. */
static void sort_by_object(struct leaf_refs *found, size_t objects)
{
	struct leaf_ref *sorted = xmalloc(found->count * sizeof(*sorted));
	size_t *next = xcalloc(objects + 1, sizeof(*next));

	for (size_t i = 0; i < found->count; i++)
		next[found->items[i].object + 1]++;
	for (size_t i = 0; i < objects; i++)
		next[i + 1] += next[i];
	for (size_t i = 0; i < found->count; i++)
		sorted[next[found->items[i].object]++] = found->items[i];
	free(next);
	free(found->items);
	found->items = sorted;
}

void leaf_refs_find(const struct graph *graph, const uint64_t *objects, size_t count, struct leaf_refs *found)
{
	struct finder f = {.found = found};

	*found = (struct leaf_refs){.totals = xcalloc(count, sizeof(uint64_t))};
	for (size_t i = 0; i < count; i++)
		addrmap_put(&f.wanted, objects[i], i);
	if (f.wanted.used)
		leaves_each_reference(graph, visit_wanted, &f);
	addrmap_deinit(&f.wanted);
	if (found->count)
		sort_by_object(found, count);
}

void leaf_refs_deinit(struct leaf_refs *found)
{
	free(found->items);
	free(found->totals);
	*found = (struct leaf_refs){0};
}

const struct leaf_ref *leaf_refs_of(const struct leaf_refs *found, size_t object, size_t *count)
{
	size_t low = 0, high = found->count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (found->items[middle].object < object)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < found->count && found->items[end].object == object; end++)
		;
	*count = end - low;
	return *count ? &found->items[low] : NULL;
}
