/* await_graph: who waits for whom, across tasks, loops and threads, and where that goes in circles.
 *
 * Nodes are the tasks, by their index in asyncio, and after them the threads. An edge leads from what waits
 * to what it waits for, and says on what grounds. Linear in tasks, threads and edges; no recursion.
 *
 * An edge is no prophecy. A task that waits with a timeout leaves its wait by itself (wait.wakes_by, the
 * timers), which is not looked at here; nor is a wait for what is no task: a socket, an event. A task whose
 * future is done waits for nothing any more and has no edges. An edge can lead to a task that is done: one of
 * the children of a gather() that has others.
 *
 * asyncio's own awaited_by (3.14 and later) is a source among others. It is set by gather(), wait() and the
 * like on the way in, and by a TaskGroup for tasks that its body has not come to wait for: what it alone says
 * has an edge of its own kind, AWAIT_LISTED, of which no cycle is made. */
#ifndef ASYNCINSPECT_GRAPH_AWAIT_GRAPH_H
#define ASYNCINSPECT_GRAPH_AWAIT_GRAPH_H

#include "inspector/asyncio/threadsafe.h"

enum await_via {
	AWAIT_TASK,	  /* task -> task: wait.tasks: itself, gather, wait, a TaskGroup, shield, ... */
	AWAIT_THREADSAFE, /* task or thread -> task of another loop: run_coroutine_threadsafe; or -> the
			     thread of the loop that has yet to make that task */
	AWAIT_JOB,	  /* task or thread -> thread that executes a job of an executor for it */
	AWAIT_JOIN,	  /* thread -> thread: Thread.join */
	AWAIT_HOLDER,	  /* task -> task that holds the lock or semaphore: inferred (holder.h) */
	AWAIT_LOOP,	  /* task -> thread that has to run its loop, and that itself waits in a blocking call
			     which has an edge here: no task of that loop can run meanwhile */
	AWAIT_LISTED,	  /* task -> task: awaited_by alone says so */
};

struct await_edge {
	size_t from, to; /* nodes */
	enum await_via via;
	bool is_any; /* any one of several of from's edges would end its wait: wait(FIRST_COMPLETED), a
			semaphore with several holders. Otherwise from needs to */
	uint64_t on; /* the lock, the concurrent.futures.Future, the threading.Thread; 0 none */
};

/* A strongly connected component: every node in it waits, in the end, for itself. */
struct await_cycle {
	size_t count;
	size_t *nodes; /* ascending */
	size_t ring_count;
	size_t *ring;	 /* numbers of edges: a shortest circle from nodes[0]; each edge ends where the next
			     begins, the last at nodes[0] */
	unsigned vias;	 /* kinds of the ring's edges: bits 1 << AWAIT_x */
	bool has_choice; /* an edge of the ring is_any: somebody outside may end the wait */
};

struct await_graph {
	const struct asyncio *a; /* borrowed */
	struct threadsafe threadsafe;
	size_t task_count, count; /* nodes: tasks first, then threads */
	size_t edge_count;
	struct await_edge *edges; /* by from; of one node in the order in which it waits */
	size_t *first;	       /* count + 1: the edges of n are edges[first[n]] .. edges[first[n + 1] - 1] */
	size_t *in_first, *in; /* the same for edges that lead to n: in[] has numbers of edges, in order */
	size_t cycle_count;
	struct await_cycle *cycles; /* by their first node */
	size_t *cycle_of;	    /* by node: index in cycles; NO_INDEX */
};

/* Never fails. a is borrowed. */
struct await_graph *await_graph_build(const struct asyncio *a);
void await_graph_destroy(struct await_graph *graph); /* NULL is allowed */

/* The thread of a node; NO_INDEX: it is a task. */
size_t await_graph_thread(const struct await_graph *graph, size_t node);

/* From a task to the task that it waits for, in this loop or another: neither a lock nor a thread between
 * them, and not known by awaited_by alone. */
bool await_edge_is_wait(const struct await_graph *graph, const struct await_edge *edge);

/* "await", "run_coroutine_threadsafe", "executor", "join", "holder", "loop", "awaited_by". Static. */
const char *await_via_name(enum await_via via);

#endif
