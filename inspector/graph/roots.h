/* roots: where reachability starts. What is reached from a root can still be used by the program. */
#ifndef ASYNCINSPECT_GRAPH_ROOTS_H
#define ASYNCINSPECT_GRAPH_ROOTS_H

#include "inspector/asyncio/asyncio.h"
#include "inspector/graph/graph.h"
#include "inspector/python/refs.h"

enum root_kind {
	ROOT_MODULE,	  /* a module in sys.modules */
	ROOT_FRAME,	  /* a frame of a running thread */
	ROOT_LOOP,	  /* the loop that a thread runs */
	ROOT_THREAD,	  /* a member of a thread state */
	ROOT_INTERPRETER, /* a member of an interpreter state */
	ROOT_TYPE,	  /* a type that is a variable of C and no object of the heap */
};

/* One reference from a root to an object. */
struct root {
	enum root_kind kind;
	uint32_t node;	  /* the object */
	size_t thread;	  /* index in threads: FRAME, LOOP, THREAD */
	size_t frame;	  /* index in the thread's frames: FRAME */
	const char *name; /* MODULE, TYPE: its name; THREAD, INTERPRETER: the member */
	uint64_t holder;  /* what holds it: address of the module, the frame, the state; for the edge of a
			     FRAME, the generator or frame */
	struct ref ref;	  /* FRAME: which slot; TYPE: which member; otherwise unused */
};

#define NO_NODE UINT32_MAX

struct roots {
	size_t count;
	struct root *items; /* owned; modules first, __main__ before all */
	/* What executing frames hold that is no node: strings, numbers. node is NO_NODE, ref.target the
	 * object. */
	size_t leaf_count, leaf_capacity;
	struct root *leaves; /* owned */
	/* Nodes that lead on to what they do not keep alive: the sets of asyncio's own registry. */
	size_t registry_count;
	uint32_t *registries; /* owned */
};

void roots_find(const struct asyncio *a, const struct graph *graph, struct roots *roots);
void roots_deinit(struct roots *roots);

/* How a root is named in the contract: "module __main__", "thread 4242 frame main", "loop of thread 4242",
 * "thread 4242 context", "interpreter sys.modules", "type dict". In the arena of py. */
const char *root_name(const struct asyncio *a, const struct root *root);

#endif
