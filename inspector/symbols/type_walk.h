/* type_walk: one pass over the top-level DIEs of a file, which answers questions about its types. */
#ifndef ASYNCINSPECT_SYMBOLS_TYPE_WALK_H
#define ASYNCINSPECT_SYMBOLS_TYPE_WALK_H

#include "inspector/symbols/image.h"
#include "inspector/symbols/type_query.h"

/* type_query_run for an ELF file that holds debug information. */
bool type_walk_run(const struct image *image, const struct type_query *queries, size_t count,
	struct type_answer *answers, struct error *err);

#endif
