/* selector: the file descriptors that a loop watches, and what it will call for each.
 *
 * Lib/selectors.py: _BaseSelectorImpl keeps {fd: SelectorKey(fileobj, fd, events, data)} in _fd_to_key;
 * Lib/asyncio/selector_events.py puts the pair (reader, writer) of handles into data. */
#ifndef ASYNCINSPECT_ASYNCIO_SELECTOR_H
#define ASYNCINSPECT_ASYNCIO_SELECTOR_H

#include "inspector/asyncio/handle.h"

struct descriptor {
	int64_t fd;
	bool wants_read, wants_write;
	bool has_reader, has_writer;
	struct handle reader, writer;
	bool is_self_pipe; /* by which threads and signals wake the loop itself */
};

struct descriptors {
	size_t count;
	struct descriptor *items; /* by fd; in the arena of py */
	bool is_known;		  /* false: the loop has no selector of this make */
};

void descriptors_read(
	struct python *py, struct asyncio_classes *classes, uint64_t loop, struct descriptors *descriptors);

#endif
