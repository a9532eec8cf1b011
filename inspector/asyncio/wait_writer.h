/* wait_writer: what the two files that put waits into words share. Private to wait_text.c and
 * wait_text_outside.c. */
#ifndef ASYNCINSPECT_ASYNCIO_WAIT_WRITER_H
#define ASYNCINSPECT_ASYNCIO_WAIT_WRITER_H

#include "inspector/asyncio/asyncio.h"
#include "inspector/asyncio/naming.h"
#include "inspector/asyncio/primitive.h"
#include "inspector/asyncio/threadsafe.h"
#include "inspector/asyncio/waker.h"

struct writer {
	struct asyncio *a;
	struct python *py;
	struct naming naming;
	struct wakers wakers;
	struct endpoint_table *endpoints;
	struct threadsafe threadsafe;
	struct addrmap named; /* hash of type and name -> the object that alone is called so, or SEVERAL */
	struct addrmap told;  /* primitive -> what it tells of itself, in the arena of py */
	struct strbuf out;
};

/* An attribute of an instance; 0 when it has none of that name, or None. object may be 0. */
uint64_t writer_attribute(struct writer *w, uint64_t object, const char *name);

/* "Lock" of "asyncio.locks.Lock", "app.py" of "/srv/app.py". Borrowed from the argument. */
const char *writer_last_part(const char *dotted);
const char *writer_base_name(const char *path);

/* "Lock 'self.lock'", "Lock 'self.lock' at 0x7f10" when another has the same name, or "Lock at 0x7f10" when
 * nobody calls it by one. */
void writer_append_object(struct writer *w, const char *type_name, const char *name, uint64_t address);

/* "task 'worker-1'". */
void writer_append_task(struct writer *w, uint64_t address);

/* wait_text_outside.c: what is not asyncio's own ------------------------------------------------------- */

/* Sets the connection of a wait for a socket, a stream or a pipe. */
void writer_find_connection(struct writer *w, struct task *task);

/* Append what is waited for, by kind: WAIT_SOCKET, WAIT_SUBPROCESS, WAIT_THREAD, WAIT_SERVER. */
void writer_append_socket(struct writer *w, const struct wait *wait, struct facts_text *facts);
void writer_append_process(struct writer *w, const struct wait *wait, struct facts_text *facts);
void writer_append_thread(struct writer *w, const struct wait *wait, struct facts_text *facts);
void writer_append_server(struct writer *w, const struct wait *wait, struct facts_text *facts);

#endif
