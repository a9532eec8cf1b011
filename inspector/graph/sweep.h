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
	unsigned thread;	  /* below PARALLEL_MOST */
	void *context;
};

/* Called for each object. */
typedef void (*sweep_fn)(struct sweeper *s, uint64_t object);

/* give: for the targets that reader gives, as in struct ref_reader, its context is the sweeper; NULL when
 * visit reads none. with_string_keys: they come too. */
struct sweep {
	sweep_fn visit;
	targets_fn give;
	bool with_string_keys;
	void *context;
};

/* size bytes at an address: as body_open, and faster. */
bool sweeper_body(struct sweeper *s, uint64_t address, size_t size, struct body *body);

/* Stops early when the user wants it. */
void sweep_run(const struct graph *graph, const struct sweep *sweep);

#endif
