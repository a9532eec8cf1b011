/* retention: who holds an object, from where, and whether anybody does.
 *
 * Asked for many objects at once: names of edges are looked up together (edge_names.h), and who refers to
 * objects that are no nodes of the graph (strings, numbers) is found in one walk for all of them. */
#ifndef ASYNCINSPECT_GRAPH_RETENTION_H
#define ASYNCINSPECT_GRAPH_RETENTION_H

#include "inspector/graph/edge_names.h"
#include "inspector/graph/reach.h"

/* One reference: from --ref--> to. */
struct step {
	uint64_t
		from; /* an object; a frame, a thread or interpreter state for the first step of some paths */
	const char *from_type; /* its type's full name; "frame", "thread state", "interpreter state" */
	struct ref ref;
	uint64_t to;
};

/* A way from a root to the object. */
struct path {
	const struct root *root; /* NULL: held from native code, which holds the first step's object */
	const char *root_name;	 /* root_name(), or "native code" */
	size_t count;
	struct step *steps; /* from the root's object on; the last leads to the object asked about */
	const char *text;   /* as Python: "app.container._pending['user:42']" */
};

struct native_place;

struct retention {
	uint64_t object;
	bool is_known;	   /* false: there is no object, nothing below is known */
	bool is_garbage;   /* nothing reaches it, and every reference to what leads to it is accounted for */
	bool has_refcount; /* false: it cannot be read, or the object is immortal */
	int64_t refcount;  /* ob_refcnt */
	int64_t native_references; /* references that were not found in any object: from C code, a stack, a
				      register */
	/* Where such references may be: native_refs.h; in the arena. */
	size_t native_place_count;
	struct native_place *native_places;
	size_t native_place_total; /* places that were found; native_place_count, or more */
	size_t referrer_count;
	struct step
		*referrers; /* every direct reference, in address order of the holders, then those of roots */
	uint64_t referrers_left_out; /* more of them, of an object that is no node and has very many */
	size_t path_count;
	struct path *paths;  /* shortest first, each by another last holder, at most as many as asked for */
	size_t holder_count; /* holders that a root reaches: path_count or more */
};

struct retention_graph {
	const struct asyncio *a;
	const struct graph *graph;
	const struct roots *roots;
	const struct reach *reach;
};

/* Fills out[i] for objects[i]. Results live in the arena of py. */
void retention_find(const struct retention_graph *g, const uint64_t *objects, size_t count, size_t paths_most,
	struct retention *out);

#endif
