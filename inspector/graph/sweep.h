/* sweep: goes over all objects of a graph by several threads, each with readers of its own.
 *
 * A thread takes one stretch of addresses after another; within one the objects come in order. Nothing may
 * depend on who takes which. Between two stretches memory of the target may go (target_ease): nothing that a
 * visitor has borrowed of it may be kept. */
#ifndef ASYNCINSPECT_GRAPH_SWEEP_H
#define ASYNCINSPECT_GRAPH_SWEEP_H

#include "inspector/graph/graph.h"
#include "inspector/python/memory.h"
#include "inspector/python/refs_targets.h"

struct sweeper {
	const struct graph *graph;
	struct python *py;	  /* a fork, for this thread */
	struct ref_reader reader; /* for sweep_fn to use; gives what it reads to give, with the sweeper */
	uint32_t node;		  /* that it is at */
	uint64_t object;	  /* its address */
	const uint8_t *bytes; /* its memory, borrowed until the end of the visit; NULL: not here as a whole */
	uint64_t room;	      /* bytes of that, to the end of its area */
	unsigned thread;      /* below PARALLEL_MOST */
	void *context;
};

/* Called for each object. */
typedef void (*sweep_fn)(struct sweeper *s);

/* give: for the targets that reader gives, as in struct ref_reader, its context is the sweeper; NULL when
 * visit reads none. with_string_keys: they come too. */
struct sweep {
	sweep_fn visit;
	targets_fn give;
	bool with_string_keys;
	void *context;
};

/* As sweeper_body, of an object whose memory is not here as a whole. */
bool sweeper_open_body(struct sweeper *s, size_t size, struct body *body);

/* size bytes from the object on: as body_open, and faster. */
static inline bool sweeper_body(struct sweeper *s, size_t size, struct body *body)
{
	if (__builtin_expect(!s->bytes || size > s->room, 0))
		return sweeper_open_body(s, size, body);
	*body = (struct body){s->object, s->bytes, size};
	return true;
}

/* As ref_reader_plan_of and ref_reader_read, of the object. */
static inline const struct ref_plan *sweeper_plan(struct sweeper *s)
{
	return s->bytes ? ref_reader_plan_at(&s->reader, s->object, s->bytes, s->room)
			: ref_reader_plan_of(&s->reader, s->object);
}

bool sweeper_read(struct sweeper *s, const struct ref_plan *plan);

/* Stops early when the user wants it. */
void sweep_run(const struct graph *graph, const struct sweep *sweep);

#endif
