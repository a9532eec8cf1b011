/* type_cache: the answers of type_query kept from run to run, one small file for each build-id and set of
 * questions, under $XDG_CACHE_HOME/asyncinspect (or ~/.cache/asyncinspect).
 *
 * A cache file is never trusted: it counts only when it is a regular file of this user that nobody else can
 * write, its magic, version, build-id, fingerprint of the questions, count and CRC-32 are right, and each
 * answer is in bounds. Anything else is as good as no file, and is replaced. Files are written beside and
 * renamed, so that two runs at a time do no harm. */
#ifndef ASYNCINSPECT_SYMBOLS_TYPE_CACHE_H
#define ASYNCINSPECT_SYMBOLS_TYPE_CACHE_H

#include "corefiles/build_id.h"
#include "inspector/symbols/type_query.h"

/* A 64-bit fingerprint of the questions: any change of a name, an order or a kind changes it. */
uint64_t type_cache_fingerprint(const struct type_query *queries, size_t count);

/* False: nothing usable. answers is undefined then. */
bool type_cache_load(
	const struct build_id *id, uint64_t fingerprint, struct type_answer *answers, size_t count);

/* Returns whether it was stored; nobody needs to care. */
bool type_cache_store(
	const struct build_id *id, uint64_t fingerprint, const struct type_answer *answers, size_t count);

#endif
