#include "inspector/graph/census.h"

#include "inspector/base/parallel.h"
#include "inspector/graph/leaves.h"
#include "inspector/graph/sweep.h"
#include "inspector/python/size.h"
#include "inspector/python/type.h"

#include <stdlib.h>
#include <string.h>

/* Of one thread. */
struct counter {
	struct census census;
	size_t capacity;
	struct addrmap rows; /* address of a type -> index */
};

/* Names live as long as the struct python of the thread: the answer has those of the graph's own. */
struct counters {
	const struct graph *graph;
	struct counter each[PARALLEL_MOST];
};

static void count_typed(struct counter *c, const struct pytype *type, uint64_t bytes)
{
	struct census *census = &c->census;
	uint64_t index;

	if (!addrmap_get(&c->rows, type->address, &index)) {
		index = census->row_count;
		addrmap_put(&c->rows, type->address, index);
		census->rows =
			grow_array(census->rows, &c->capacity, census->row_count + 1, sizeof(*census->rows));
		census->rows[census->row_count++] = (struct census_row){.address = type->address};
	}
	census->rows[index].count++;
	census->rows[index].bytes += bytes;
}

static void count_node(struct sweeper *s)
{
	struct counter *c = &((struct counters *)s->context)->each[s->thread];
	const struct ref_plan *plan = sweeper_plan(s);
	struct body body;

	if (!plan)
		c->census.unreadable++;
	else
		count_typed(c, ref_plan_type(plan),
			sweeper_body(s, pyobject_head_size(s->py, ref_plan_type(plan)), &body)
				? pyobject_size_here(s->py, &body, ref_plan_type(plan))
				: 0);
}

static bool count_leaf(void *context, uint64_t object)
{
	struct counters *c = context;
	const struct pytype *type = pytype_of(c->graph->py, object, NULL);

	if (type)
		count_typed(&c->each[0], type, pyobject_size(c->graph->py, object));
	else
		c->each[0].census.unreadable++;
	return true;
}

/* All rows of all threads, by name. */
static void join(struct counters *c, struct census *census)
{
	size_t capacity = 0;

	for (size_t i = 0; i < PARALLEL_MOST; i++) {
		struct census *part = &c->each[i].census;

		census->unreadable += part->unreadable;
		for (size_t k = 0; k < part->row_count; k++) {
			const struct pytype *type = pytype_at(c->graph->py, part->rows[k].address, NULL);

			part->rows[k].type = type ? type->full_name : "?";
			census->count += part->rows[k].count;
			census->bytes += part->rows[k].bytes;
			census->rows = grow_array(
				census->rows, &capacity, census->row_count + 1, sizeof(*census->rows));
			census->rows[census->row_count++] = part->rows[k];
		}
		free(part->rows);
		addrmap_deinit(&c->each[i].rows);
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct census_row *)a)->type, ((const struct census_row *)b)->type);
}

static void merge_names(struct census *census)
{
	size_t kept = 0;

	if (census->row_count)
		qsort(census->rows, census->row_count, sizeof(*census->rows), by_name);
	for (size_t i = 0; i < census->row_count; i++) {
		if (kept && by_name(&census->rows[kept - 1], &census->rows[i]) == 0) {
			census->rows[kept - 1].count += census->rows[i].count;
			census->rows[kept - 1].bytes += census->rows[i].bytes;
		} else {
			census->rows[kept++] = census->rows[i];
		}
	}
	census->row_count = kept;
}

void census_take(const struct graph *graph, struct census *census)
{
	struct counters *c = xcalloc(1, sizeof(*c));

	c->graph = graph;
	*census = (struct census){0};
	sweep_run(graph, &(struct sweep){.visit = count_node, .context = c});
	leaves_each(graph, count_leaf, c);
	join(c, census);
	merge_names(census);
	free(c);
}

void census_deinit(struct census *census)
{
	free(census->rows);
	*census = (struct census){0};
}
