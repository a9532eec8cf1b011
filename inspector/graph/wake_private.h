/* wake_private: what wake.c, wake_sources.c and wake_text.c share. */
#ifndef ASYNCINSPECT_GRAPH_WAKE_PRIVATE_H
#define ASYNCINSPECT_GRAPH_WAKE_PRIVATE_H

#include "inspector/graph/wake.h"
#include "inspector/graph/wake_fix.h"

/* Why something can run. */
enum source_kind {
	SOURCE_RUNNING,	   /* a thread executes the task */
	SOURCE_READY_TASK, /* its loop will go on with the task */
	SOURCE_READY,	   /* a handle that is ready */
	SOURCE_CALLBACK,   /* the handle that is being called */
	SOURCE_TIMER,
	SOURCE_TIMEOUT, /* a timer that cancels the task */
	SOURCE_SIGNAL,
	SOURCE_READABLE, /* a descriptor */
	SOURCE_WRITABLE,
	SOURCE_JOB,    /* a work item of an executor */
	SOURCE_THREAD, /* a thread that is in no loop, or in a callback of one */
	SOURCE_LOOP,   /* a loop that runs */
	SOURCE_ROOT,   /* anything else that a root holds */
	SOURCE_NATIVE, /* an object that C code may hold */
};

struct source {
	enum source_kind kind;
	const struct loop *loop;     /* of a handle */
	const struct handle *handle; /* READY to WRITABLE */
	int64_t number;		     /* SIGNAL, READABLE, WRITABLE */
	size_t thread;		     /* THREAD: index */
	const struct root *root;     /* ROOT */
	uint64_t object;	     /* JOB: the work item; NATIVE */
};

struct wake_finder {
	struct asyncio *a;
	struct python *py;
	struct graph *graph;
	const struct roots *roots;
	struct wake_task *tasks; /* by index of task */
	bool *takes_part;	 /* by index of task: it is pending */
	uint32_t *loop_nodes;
	enum wake_loop_state *loop_states;
	struct addrmap task_nodes; /* node -> index of task */
	struct wake_fix *fix;
	struct source *sources;
	size_t source_count, source_capacity;
	uint64_t *by_garbage; /* by index of task: garbage whose end may wake it; 0 none */
	bool any_by_garbage;
	bool anything_runs; /* something else than the loops' own waiting */
};

/* A new source; its number is what wake_fix_mark and wake_fix_wake take. */
uint32_t wake_add_source(struct wake_finder *f, const struct source *source);

/* wake_sources.c: marks from all that can run, round after round. */
void wake_mark_direct(struct wake_finder *f);
void wake_mark_active(struct wake_finder *f);
void wake_mark_idle(struct wake_finder *f);
void wake_mark_native(struct wake_finder *f, const struct reach *reach);

/* Whether somebody may hold the object of a node that is none of the objects that are known to. */
bool wake_has_room_for_others(const struct graph *graph, uint32_t node);

/* wake_garbage.c: sets by_garbage. After wake_mark_native, which prepares for it. */
void wake_look_at_garbage(struct wake_finder *f, const struct reach *reach);

/* wake_text.c. In the arena of py. */

/* "timer in 3.2 s", "descriptor 7", "task 0x7f10"; NULL for what is no waking. */
const char *wake_source_text(struct wake_finder *f, const struct wake_result *result);
/* Why the class is what it is. */
const char *wake_grounds(struct wake_finder *f, size_t task, const struct wake_result *result);

#endif
