/* watch: the descriptors that the loops' selectors watch, by the objects on whose behalf. */
#ifndef ASYNCINSPECT_ASYNCIO_WATCH_H
#define ASYNCINSPECT_ASYNCIO_WATCH_H

#include "inspector/asyncio/loop.h"

/* One direction of a descriptor. */
struct watch {
	uint64_t object; /* what the callback is bound to, or one of its first arguments: a transport, the
			    future and the socket of loop.sock_recv(), ... */
	uint64_t loop;
	int64_t fd;
	bool is_writer; /* waits until it can be written; false: read */
};

struct watches {
	size_t count;
	struct watch *items; /* owned; by object */
};

void watches_add_loop(struct python *py, const struct loop *loop, struct watches *watches);

/* Call after the last watches_add_loop. */
void watches_sort(struct watches *watches);
void watches_deinit(struct watches *watches);

/* The first watch on behalf of an object; NULL: none. */
const struct watch *watches_find(const struct watches *watches, uint64_t object);

/* The same in one direction. */
const struct watch *watches_find_direction(const struct watches *watches, uint64_t object, bool is_writer);

#endif
