#include "inspector/graph/typed.h"

#include "inspector/graph/leaves.h"
#include "inspector/python/type.h"

#include <stdlib.h>
#include <string.h>

/* Names that an error lists. */
#define NAMES_LISTED 5

/* Between so many memory of the target may go. */
#define OBJECTS_AT_ONCE 4096

struct search {
	struct python *py;
	const struct graph *graph;
	struct addrmap wanted; /* address of a type */
	bool has_leaves;       /* objects of it may be no nodes */
	size_t most;
	struct typed *found;
};

static void want(struct search *s, const struct pytype *type)
{
	addrmap_put(&s->wanted, type->address, 0);
	s->has_leaves |= !type->has_gc;
	s->found->name = type->full_name;
}

static bool ends_with(const char *full_name, const char *name)
{
	size_t all = strlen(full_name), own = strlen(name);

	return all > own && full_name[all - own - 1] == '.' && strcmp(full_name + all - own, name) == 0;
}

/* All types that were read so far, which are those of all objects. */
static const struct pytype *next_type(const struct python *py, size_t *at)
{
	while (*at < py->types.size) {
		size_t i = (*at)++;

		if (py->types.slots[i].key && py->types.slots[i].value)
			return (const struct pytype *)(uintptr_t)py->types.slots[i].value;
	}
	return NULL;
}

static bool want_by_full_name(struct search *s, const char *name)
{
	const struct pytype *type;

	for (size_t at = 0; (type = next_type(s->py, &at)) != NULL;)
		if (strcmp(type->full_name, name) == 0)
			want(s, type);
	return s->wanted.used > 0;
}

/* "asyncio.Lock": what the module asyncio calls Lock. */
static bool want_by_module(struct search *s, const struct pythreads *threads, const char *name)
{
	const char *dot = strrchr(name, '.');
	char *module_name;

	if (!dot || dot == name)
		return false;
	module_name = xstrndup(name, (size_t)(dot - name));
	for (size_t i = 0; i < threads->interp_count; i++) {
		uint64_t module, value;
		const struct pytype *type;

		if (!pyinterp_module(s->py, &threads->interps[i], module_name, &module) ||
			!pymodule_get(s->py, module, dot + 1, &value, NULL))
			continue;
		type = pytype_of(s->py, value, NULL);
		type = type && pytype_is_type(type) ? pytype_at(s->py, value, NULL) : NULL;
		if (type)
			want(s, type);
	}
	free(module_name);
	return s->wanted.used > 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool want_by_end(struct search *s, const char *name, struct error *err)
{
	const struct pytype *type;
	const char **names = NULL;
	size_t count = 0, capacity = 0, kept = 0;
	struct strbuf list = STRBUF_INIT;

	for (size_t at = 0; (type = next_type(s->py, &at)) != NULL;) {
		if (!ends_with(type->full_name, name))
			continue;
		names = grow_array(names, &capacity, count + 1, sizeof(*names));
		names[count++] = type->full_name;
	}
	if (count)
		qsort(names, count, sizeof(*names), by_text);
	for (size_t i = 0; i < count; i++)
		if (!kept || strcmp(names[kept - 1], names[i]) != 0)
			names[kept++] = names[i];
	if (kept == 1) {
		want_by_full_name(s, names[0]);
	} else if (!kept) {
		error_set(err, ERROR_NOT_FOUND, "there is no object of a type '%s'", name);
		error_advise(err, "The command heap lists the types.");
	} else {
		for (size_t i = 0; i < kept && i < NAMES_LISTED; i++)
			strbuf_printf(&list, "%s%s", i ? ", " : "", names[i]);
		if (kept > NAMES_LISTED)
			strbuf_append(&list, ", ...");
		error_set(err, ERROR_NOT_FOUND, "'%s' is the end of %zu names of types", name, kept);
		error_advise(err, "Give one of them: %s.", strbuf_text(&list));
	}
	strbuf_deinit(&list);
	free(names);
	return kept == 1;
}

static void keep(struct search *s, uint64_t object)
{
	struct typed *found = s->found;

	if (found->total++ >= s->most)
		return;
	found->objects =
		grow_array(found->objects, &found->capacity, found->count + 1, sizeof(*found->objects));
	found->objects[found->count++] = object;
}

static bool look_at(void *context, uint64_t object)
{
	struct search *s = context;
	const struct pytype *type = pytype_of(s->py, object, NULL);

	if (type && addrmap_get(&s->wanted, type->address, NULL))
		keep(s, object);
	return true;
}

static int by_address(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

bool typed_find(const struct asyncio *a, const struct graph *graph, const char *name, size_t most,
	struct typed *found, struct error *err)
{
	struct search s = {.py = a->py, .graph = graph, .most = most, .found = found};
	uint32_t cursor = 0;
	uint64_t object;
	bool ok;

	*found = (struct typed){0};
	ok = want_by_full_name(&s, name) || want_by_module(&s, &a->threads, name) ||
	     want_by_end(&s, name, err);
	for (size_t i = 0; ok && heap_next(graph->heap, &cursor, &object); i++) {
		if (i % OBJECTS_AT_ONCE == 0)
			target_ease(graph->py->target);
		look_at(&s, object);
	}
	if (ok && s.has_leaves)
		leaves_each(graph, look_at, &s);
	if (found->count)
		qsort(found->objects, found->count, sizeof(*found->objects), by_address);
	addrmap_deinit(&s.wanted);
	return ok;
}

void typed_deinit(struct typed *found)
{
	free(found->objects);
	*found = (struct typed){0};
}
