/* facts: what the target says of its own build and settings. */
#ifndef ASYNCINSPECT_FINDINGS_FACTS_H
#define ASYNCINSPECT_FINDINGS_FACTS_H

#include "inspector/python/interp.h"

struct facts {
	int origin_tracking_depth; /* the deepest of all threads; -1 unknown */
	int tracemalloc;	   /* 0 off, 1 on, -1 unknown */
	int debug_build;	   /* a build with Py_DEBUG: 0 no, 1 yes, -1 unknown */
	/* What the filters do with a RuntimeWarning of any module: "default", "ignore", "error", ...; NULL
	 * unknown. */
	const char *runtime_warning_filter;
	/* The folder of the main program, from __main__.__file__; NULL: it has none, or a relative one. */
	const char *main_folder;
};

void facts_read(struct python *py, const struct pythreads *threads, struct facts *facts);

#endif
