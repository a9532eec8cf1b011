/* typed: the objects of one type, by the type's name. */
#ifndef ASYNCINSPECT_GRAPH_TYPED_H
#define ASYNCINSPECT_GRAPH_TYPED_H

#include "inspector/asyncio/asyncio.h"
#include "inspector/graph/graph.h"

struct typed {
	const char *name; /* the type's full name */
	uint64_t total;	  /* objects of it */
	size_t count, capacity;
	uint64_t *objects; /* owned; the first of them, in order of address, at most as many as asked for */
};

/* The name is a full name as it is printed ("asyncio.locks.Lock", "list"), what a module calls the type
 * ("asyncio.Lock"), or the end of a full name behind a dot, if that is the end of one name only. Objects of
 * subclasses are not among them; those of several types that share a full name are. ERROR_NOT_FOUND: there is
 * no such type, or the end fits several: the error names some. A type without objects is no error. */
bool typed_find(const struct asyncio *a, const struct graph *graph, const char *name, size_t most,
	struct typed *found, struct error *err);
void typed_deinit(struct typed *found);

#endif
