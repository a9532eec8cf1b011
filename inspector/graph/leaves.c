#include "inspector/graph/leaves.h"

#include "inspector/base/big.h"
#include "inspector/graph/sweep.h"

#include <stdlib.h>
#include <string.h>

/* Words of bits between two looks at how much is here: 2 MiB of addresses. */
#define STRETCH_WORDS 4096

/* Two threads can meet the same leaf. */
static void take_leaves(void *context, const uint64_t *targets, size_t count)
{
	struct sweeper *s = context;
	uint64_t *bits = s->context;

	for (size_t i = 0; i < count; i++) {
		uint32_t position = leaf_position(s->graph, &s->reader.areas, targets[i]);

		if (position != NO_POSITION && !bit_load(bits, position))
			__atomic_fetch_or(
				&bits[position / 64], UINT64_C(1) << (position % 64), __ATOMIC_RELAXED);
	}
}

static void read_targets(struct sweeper *s)
{
	sweeper_read(s, sweeper_plan(s));
}

void leaf_set_find(const struct graph *graph, struct leaf_set *set)
{
	set->word_count = heap_positions(graph->heap) / 64;
	set->bits = big_alloc(set->word_count, sizeof(*set->bits));
	if (graph->leaves) {
		memcpy(set->bits, graph->leaves, set->word_count * sizeof(*set->bits));
		return;
	}
	sweep_run(graph, &(struct sweep){.visit = read_targets,
				 .give = take_leaves,
				 .with_string_keys = true,
				 .context = set->bits});
}

void leaf_set_add(struct leaf_set *set, const struct graph *graph, uint64_t object)
{
	uint32_t position = heap_position(graph->heap, object);

	if (position != NO_POSITION && !bit_is_set(graph->heap->bits, position))
		set->bits[position / 64] |= UINT64_C(1) << (position % 64);
}

void leaf_set_deinit(struct leaf_set *set)
{
	big_free(set->bits, set->word_count, sizeof(*set->bits));
	*set = (struct leaf_set){0};
}

void leaves_each(const struct graph *graph, leaf_once_fn visit, void *context)
{
	struct leaf_set set = {graph->leaves, graph->heap->word_count};

	if (!set.bits)
		leaf_set_find(graph, &set);
	for (size_t word = 0; word < set.word_count; word++) {
		if (word % STRETCH_WORDS == 0)
			target_ease(graph->py->target);
		for (uint64_t left = set.bits[word]; left; left &= left - 1) {
			uint32_t position = (uint32_t)(word * 64 + (unsigned)__builtin_ctzll(left));

			if (!visit(context, heap_position_address(graph->heap, position))) {
				goto out;
			}
		}
	}
out:
	if (set.bits != graph->leaves)
		leaf_set_deinit(&set);
}

struct finder {
	const struct graph *graph;
	struct leaf_refs *found;
	struct addrmap wanted; /* address -> index */
	uint64_t *bits;	       /* by position: it is wanted */
	uint64_t *holders;     /* by node: it refers to one of them */
	uint32_t node;	       /* whose references are named */
};

static void take_holders(void *context, const uint64_t *targets, size_t count)
{
	struct sweeper *s = context;
	struct finder *f = s->context;

	for (size_t i = 0; i < count; i++) {
		uint32_t position = leaf_position(s->graph, &s->reader.areas, targets[i]);

		if (position != NO_POSITION && bit_is_set(f->bits, position))
			__atomic_fetch_or(
				&f->holders[s->node / 64], UINT64_C(1) << (s->node % 64), __ATOMIC_RELAXED);
	}
}

static bool visit_wanted(void *context, const struct ref *ref)
{
	struct finder *f = context;
	struct leaf_refs *found = f->found;
	uint64_t index;

	if (heap_contains(f->graph->heap, ref->target) || !addrmap_get(&f->wanted, ref->target, &index) ||
		found->totals[index]++ >= LEAF_REFS_MAX)
		return true;
	found->items = grow_array(found->items, &found->capacity, found->count + 1, sizeof(*found->items));
	found->items[found->count++] = (struct leaf_ref){(size_t)index, f->node, *ref};
	return true;
}

static bool is_known(void *context, uint64_t address)
{
	return heap_contains(((struct finder *)context)->graph->heap, address);
}

static void name_holders(struct finder *f)
{
	const struct progress *progress = f->graph->py->progress;

	for (uint32_t word = 0; word <= f->graph->count / 64 && !progress_is_interrupted(progress); word++) {
		for (uint64_t left = f->holders[word]; left; left &= left - 1) {
			struct ref_walk walk = {.py = f->graph->py,
				.visit = visit_wanted,
				.is_known = is_known,
				.context = f,
				.with_string_keys = true};

			f->node = word * 64 + (uint32_t)__builtin_ctzll(left);
			refs_of_object(&walk, heap_address(f->graph->heap, f->node), NULL);
		}
		target_ease(f->graph->py->target);
	}
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
	size_t words = heap_positions(graph->heap) / 64;
	struct finder f = {.graph = graph, .found = found};

	*found = (struct leaf_refs){.totals = xcalloc(count, sizeof(uint64_t))};
	f.bits = count ? big_alloc(words, sizeof(*f.bits)) : NULL;
	for (size_t i = 0; i < count; i++) {
		uint32_t position = heap_position(graph->heap, objects[i]);

		addrmap_put(&f.wanted, objects[i], i);
		if (position != NO_POSITION)
			f.bits[position / 64] |= UINT64_C(1) << (position % 64);
	}
	if (count) {
		f.holders = xcalloc((size_t)graph->count / 64 + 1, sizeof(*f.holders));
		sweep_run(graph, &(struct sweep){.visit = read_targets,
					 .give = take_holders,
					 .with_string_keys = true,
					 .context = &f});
		name_holders(&f);
		free(f.holders);
		big_free(f.bits, words, sizeof(*f.bits));
	}
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
