/* loop: an event loop, and what it is doing now. Attributes are those of Lib/asyncio/base_events.py; a loop
 * of another make (uvloop keeps its state in C) has only what the threads tell. */
#ifndef ASYNCINSPECT_ASYNCIO_LOOP_H
#define ASYNCINSPECT_ASYNCIO_LOOP_H

#include "inspector/asyncio/classes.h"

/* UNKNOWN: it runs, but it is no loop of asyncio's own, whose waiting can be seen. */
enum loop_doing { LOOP_POLLING, LOOP_IN_CALLBACK, LOOP_STOPPED, LOOP_CLOSED, LOOP_UNKNOWN };

/* An attribute that is true, false, or could not be read. */
enum truth { TRUTH_UNKNOWN, TRUTH_FALSE, TRUTH_TRUE };

struct loop {
	uint64_t address;
	const char *type_name;
	bool is_running;
	enum truth is_closed, is_stopping, is_debug;
	size_t thread;		       /* index of the thread that runs it; SIZE_MAX: none */
	int64_t ready, scheduled;      /* handles in _ready and _scheduled; -1 unknown */
	double slow_callback_duration; /* seconds; negative: unknown */
	enum loop_doing doing;
	uint64_t current_task; /* 0 none */
};

/* thread: the index of the thread that runs it, SIZE_MAX for none. */
void loop_read(struct python *py, const struct pythreads *threads, uint64_t address, size_t thread,
	uint64_t current_task, struct loop *loop);

/* "polling", "callback", "stopped", "closed"; "running" for LOOP_UNKNOWN. Static. */
const char *loop_doing_name(enum loop_doing doing);

#endif
