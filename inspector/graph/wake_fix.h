/* wake_fix: which suspended tasks can be woken by what can run: a fix point over the graph.
 *
 * What can run marks what it reaches. A suspended task is no way: its coroutines' frames are executed by
 * nobody until it is woken, and neither is code that would be called when it ends. A task is woken when the
 * future that it waits for is marked, and from then on all it has is a way like any other; so it goes on
 * until nothing changes. (The garbage collector of Go finds leaked goroutines so.)
 *
 * Knows numbers only: nodes and edges of a graph, tasks and loops by index. Who they are, and where marking
 * starts, is wake.h's business; so it can be tried on graphs made by hand. Linear in nodes and edges: each is
 * looked at once, a task's own twice. */
#ifndef ASYNCINSPECT_GRAPH_WAKE_FIX_H
#define ASYNCINSPECT_GRAPH_WAKE_FIX_H

#include "inspector/graph/graph.h"

#define NO_NODE	  UINT32_MAX
#define NO_SOURCE UINT32_MAX

/* Rounds, each of which goes on where the one before ended. */
enum wake_round {
	ROUND_DIRECT, /* neither through loops nor through modules and types: so each source has its own */
	ROUND_ACTIVE, /* through loops that run as well: what the program has in hand */
	ROUND_IDLE,   /* through everything */
	ROUND_NATIVE, /* from what C code may hold */
};

struct wake_edge {
	uint32_t from, to;
};

enum wake_loop_state { WAKE_LOOP_RUNS, WAKE_LOOP_IDLE, WAKE_LOOP_CLOSED };

/* What is to be known of a task that is suspended. Others take no part: they are objects as all. */
struct wake_task {
	uint32_t node;	     /* NO_NODE: the graph does not have it; it is never woken */
	uint32_t waits_for;  /* node; NO_NODE: unknown */
	size_t awaited_task; /* index of the task that waits_for is; SIZE_MAX: it is none. Only its end wakes
			      */
	size_t loop;	     /* index; SIZE_MAX: unknown, taken for one that runs */
};

struct wake_fix; /* opaque */

/* The arrays are borrowed until wake_fix_destroy, like the graph, of which only out_*, count, statics are
 * used. */
struct wake_fix *wake_fix_create(const struct graph *graph, const struct wake_task *tasks, size_t task_count,
	const uint32_t *loop_nodes, const enum wake_loop_state *loop_states, size_t loop_count);
void wake_fix_destroy(struct wake_fix *fix);

/* Before the first round. node is passed only when the task can run: its frames, its dictionary. */
void wake_fix_block(struct wake_fix *fix, size_t task, uint32_t node);
/* While the task cannot run, to is a way from the blocked node from all the same. */
void wake_fix_keep(struct wake_fix *fix, uint32_t from, uint32_t to);
/* A way that the graph does not have (a weak reference). */
void wake_fix_link(struct wake_fix *fix, uint32_t from, uint32_t to);
/* Who reaches node wakes the task, as if it were its future (its own cancel()). */
void wake_fix_grip(struct wake_fix *fix, uint32_t node, size_t task);
/* When first can run, second is woken too: it would cancel it. */
void wake_fix_follow(struct wake_fix *fix, size_t first, size_t second);
/* Ends the preparations. */
void wake_fix_prepare(struct wake_fix *fix);

/* Marks a node on account of a source, a number of the caller's. Nothing when it is marked. */
void wake_fix_mark(struct wake_fix *fix, uint32_t node, uint32_t source);
/* Wakes a task, if its loop allows. */
void wake_fix_wake(struct wake_fix *fix, size_t task, uint32_t source);
/* Goes on until nothing changes. */
void wake_fix_run(struct wake_fix *fix);
/* The next round, or the same once more. */
void wake_fix_round(struct wake_fix *fix, enum wake_round round);

bool wake_fix_is_marked(const struct wake_fix *fix, uint32_t node);

/* What became of a task. */
struct wake_result {
	bool is_woken;
	bool waits_for_loop; /* it would be, but its loop cannot run */
	enum wake_round round;
	uint32_t source; /* the caller's; NO_SOURCE when another task is the reason */
	size_t by_task;	 /* that task; SIZE_MAX */
};

struct wake_result wake_fix_result(const struct wake_fix *fix, size_t task);

#endif
