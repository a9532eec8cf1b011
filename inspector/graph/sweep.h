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

/* Where memory is waited for, it is waited for by several objects together: what a list or a dictionary has
 * elsewhere is fetched some objects before the visit, and targets are given some objects after it. */
#define SWEEP_COMING 16 /* a power of two */
#define SWEEP_READ   128
#define SWEEP_WAIT   256 /* targets: when there are so many they are given */

struct sweeper {
	const struct graph *graph;
	struct python *py;	  /* a fork, for this thread */
	struct ref_reader reader; /* for sweep_fn to use; gives what it reads to give, with the sweeper */
	uint32_t node;		  /* that it is at: of a visit, or of what is given */
	uint64_t object;	  /* its address; of a visit */
	const uint8_t *bytes; /* its memory, borrowed until the end of the visit; NULL: not here as a whole */
	uint64_t room;	      /* bytes of that, to the end of its area */
	const struct ref_plan *plan; /* NULL: it was not looked for */
	unsigned thread;	     /* below PARALLEL_MOST */
	void *context;

	const struct sweep *sweep;
	struct sweep_coming {
		uint64_t object, room;
		const uint8_t *bytes;
		const struct ref_plan *plan;
		uint32_t node;
	} coming[SWEEP_COMING]; /* the i-th at i % SWEEP_COMING */
	uint32_t first, end;	/* of those that come */
	struct sweep_read {
		uint32_t node, end; /* how many targets wait after its own */
	} read[SWEEP_READ];
	uint32_t read_count;
};

/* Called for each object. */
typedef void (*sweep_fn)(struct sweeper *s);

/* give: for the targets that reader gives, as in struct ref_reader, its context is the sweeper, and node is
 * whose they are; NULL when visit reads none. with_string_keys: they come too. come: called for each object
 * some time before its visit, and fetch with targets before any of them is given, of whatever objects: to
 * have the processor fetch what will be needed; NULL: nothing. */
struct sweep {
	sweep_fn visit;
	targets_fn give;
	bool with_string_keys;
	void *context;
	sweep_fn come;
	targets_fn fetch;
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

/* As ref_reader_plan_of and ref_reader_read, of the object; its targets may be given after the visit. */
static inline const struct ref_plan *sweeper_plan(struct sweeper *s)
{
	if (s->plan)
		return s->plan;
	return s->bytes ? ref_reader_plan_at(&s->reader, s->object, s->bytes, s->room)
			: ref_reader_plan_of(&s->reader, s->object);
}

bool sweeper_read(struct sweeper *s, const struct ref_plan *plan);

/* Stops early when the user wants it. */
void sweep_run(const struct graph *graph, const struct sweep *sweep);

#endif
