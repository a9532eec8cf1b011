/* primitive: the state of asyncio's own objects that tasks wait in, in words. Names of attributes are those
 * of Lib/asyncio/locks.py, queues.py, taskgroups.py, base_events.py, base_subprocess.py from 3.8 on; one that
 * a version lacks, or that cannot be read, is left out. */
#ifndef ASYNCINSPECT_ASYNCIO_PRIMITIVE_H
#define ASYNCINSPECT_ASYNCIO_PRIMITIVE_H

#include "inspector/asyncio/wait.h"

/* Facts in brackets, with commas between: "empty", "8 getters". */
struct facts_text {
	struct strbuf *out;
	bool is_open;
};

void fact_append(struct facts_text *facts, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* " (empty, 8 getters)"; nothing when there were no facts. */
void facts_close(struct facts_text *facts);

/* Appends what is known of wait->on, by the kind of the wait: the state of a queue, a lock, an event, a
 * condition, a semaphore, a barrier, a task group. */
void primitive_append_facts(struct python *py, const struct wait *wait, struct facts_text *facts);

/* The process that a subprocess's transport stands for: its pid, -1 unknown; its command line, cut when
 * it is long, NULL unknown, in the arena of py. */
int64_t primitive_process(struct python *py, uint64_t transport, const char **arguments);

#endif
