/* creation: where a coroutine or a task was created, when the target recorded it. */
#ifndef ASYNCINSPECT_ASYNCIO_CREATION_H
#define ASYNCINSPECT_ASYNCIO_CREATION_H

#include "inspector/python/python.h"

#include <stddef.h>

enum creation_source {
	CREATION_NONE,	 /* not recorded */
	CREATION_ORIGIN, /* cr_origin: asyncio's debug mode, sys.set_coroutine_origin_tracking_depth() */
	CREATION_DEBUG,	 /* _source_traceback of a task: asyncio's debug mode */
};

struct creation_frame {
	const char *file, *qualname; /* qualname: the function's name, as it was recorded */
	uint32_t line;
};

struct creation {
	enum creation_source source;
	size_t count;
	struct creation_frame *frames; /* nearest caller first; in the arena of py */
};

/* Of a coroutine, from its cr_origin: a tuple of (filename, lineno, name) tuples (Objects/genobject.c,
 * compute_cr_origin). origin may be 0 or None. */
void creation_of_coroutine(struct python *py, uint64_t origin, struct creation *creation);

/* Of a task of either implementation, from its _source_traceback: a list of traceback.FrameSummary
 * (Lib/asyncio/format_helpers.py, extract_stack). 0 or None: not recorded. */
void creation_of_task(struct python *py, uint64_t source_traceback, struct creation *creation);

/* "origin", "debug"; NULL for CREATION_NONE. Static. */
const char *creation_source_name(enum creation_source source);

#endif
