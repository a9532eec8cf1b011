#include "inspector/graph/census.h"

#include "inspector/graph/leaves.h"
#include "inspector/python/size.h"
#include "inspector/python/type.h"

#include <stdlib.h>
#include <string.h>

/* Between so many memory of the target may go. */
#define OBJECTS_AT_ONCE 4096

struct counter {
	struct python *py;
	struct census *census;
	size_t capacity;
	struct addrmap rows; /* address of a type -> index */
};

static bool count_object(void *context, uint64_t object)
{
	struct counter *c = context;
	struct census *census = c->census;
	const struct pytype *type = pytype_of(c->py, object, NULL);
	uint64_t index, bytes;

	if (!type) {
		census->unreadable++;
		return true;
	}
	if (!addrmap_get(&c->rows, type->address, &index)) {
		index = census->row_count;
		addrmap_put(&c->rows, type->address, index);
		census->rows =
			grow_array(census->rows, &c->capacity, census->row_count + 1, sizeof(*census->rows));
		census->rows[census->row_count++] = (struct census_row){.type = type->full_name};
	}
	bytes = pyobject_size(c->py, object);
	census->rows[index].count++;
	census->rows[index].bytes += bytes;
	census->count++;
	census->bytes += bytes;
	return true;
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
	struct counter c = {.py = graph->py, .census = census};
	uint32_t cursor = 0;
	uint64_t object;

	*census = (struct census){0};
	while (heap_next(graph->heap, &cursor, &object)) {
		if (c.census->count % OBJECTS_AT_ONCE == 0)
			target_ease(graph->py->target);
		count_object(&c, object);
	}
	leaves_each(graph, count_object, &c);
	merge_names(census);
	addrmap_deinit(&c.rows);
}

void census_deinit(struct census *census)
{
	free(census->rows);
	*census = (struct census){0};
}
