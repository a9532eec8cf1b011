/* graph_case: a graph of made-up objects, what roots lead to in it, and how its tests make one. Each file
 * that includes it has its own. */
#ifndef TESTS_UNIT_GRAPH_CASE_H
#define TESTS_UNIT_GRAPH_CASE_H

#include "inspector/graph/retention.h"
#include "tests/unit/fake_python.h"

static struct fake *f;
static struct asyncio *a;
static struct graph *graph;
static struct roots roots;
static struct reach reach;

static inline void teardown(void)
{
	reach_deinit(&reach);
	roots_deinit(&roots);
	graph_destroy(graph);
	graph = NULL;
	asyncio_destroy(a);
	a = NULL;
	fake_destroy(f);
	f = NULL;
}

static inline void build(void)
{
	const struct asyncio_options options = {.needs_heap = true};
	struct error err = ERROR_INIT;

	a = asyncio_collect(f->py, &options, &err);
	ck_assert_msg(a != NULL, "%s", err.text);
	graph = graph_build(f->py, a->heap, false);
	roots_find(a, graph, &roots);
	reach_compute(graph, &roots, &reach);
}

static inline uint32_t node_of(uint64_t object)
{
	uint32_t node;

	ck_assert(heap_index(graph->heap, object, &node));
	return node;
}

static inline uint64_t tracked(uint64_t object)
{
	return fake_track(f, 2, object);
}

static inline void set_refcount(uint64_t object, uint64_t count)
{
	fake_set(f, object, FIELD_object_refcnt, count);
}

/* A module of that name, the only one, whose dictionary is these pairs. */
static inline void one_module(const char *name, const uint64_t *pairs, size_t count)
{
	uint64_t module = tracked(fake_module(f, tracked(fake_dict_of(f, FAKE_UNICODE, pairs, count))));

	fake_set_modules(f, tracked(fake_dict(f, fake_str(f, name), module)));
}

static inline struct retention retention_of(uint64_t object, size_t paths_most)
{
	const struct retention_graph g = {.a = a, .graph = graph, .roots = &roots, .reach = &reach};
	struct retention r;

	retention_find(&g, &object, 1, paths_most, &r);
	return r;
}

#endif
