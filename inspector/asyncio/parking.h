/* parking: in which of asyncio's own functions a chain ends. Its primitives wait in methods of their own,
 * whose self is the primitive; which ones is one table for all versions. */
#ifndef ASYNCINSPECT_ASYNCIO_PARKING_H
#define ASYNCINSPECT_ASYNCIO_PARKING_H

#include "inspector/asyncio/chain.h"
#include "inspector/asyncio/wait.h"

struct parking {
	enum wait_kind kind; /* WAIT_FUTURE: asyncio's functions tell nothing */
	const char
		*operation; /* what the program called, as its reader would say it: "StreamReader.readline",
			       "to_thread"; NULL: it called nothing of asyncio's */
	size_t first; /* the first link of asyncio's functions at the end of the chain; chain->count: none */
	const struct link *at; /* the one that tells the kind; NULL none */
	uint64_t on;	       /* what it waits for, by its variable; 0 none */
};

void parking_find(struct python *py, const struct chain *chain, struct parking *parking);

#endif
