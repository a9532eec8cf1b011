/* type_walk: one pass over the top-level DIEs of a file, which answers questions about its types. */
#ifndef ASYNCINSPECT_SYMBOLS_TYPE_WALK_H
#define ASYNCINSPECT_SYMBOLS_TYPE_WALK_H

#include "inspector/symbols/image.h"
#include "inspector/symbols/type_query.h"

/* type_query_run for an ELF file that holds debug information, and the one that it has in common with others
 * (NULL: none), of which only what it imports counts. */
bool type_walk_run(const struct image *image, const struct image *alt, const struct type_query *queries,
	size_t count, struct type_answer *answers, struct error *err);

#endif
