/* member_path: where "threads.head" lies in a struct.
 *
 * Dots go into nested structs and unions. Members of anonymous ones are found by their own name. A path
 * through an array means its element 0; pointers are not followed. */
#ifndef ASYNCINSPECT_SYMBOLS_MEMBER_PATH_H
#define ASYNCINSPECT_SYMBOLS_MEMBER_PATH_H

#include "inspector/symbols/type_query.h"
#include "inspector/symbols/type_table.h"

/* No struct is larger; offsets and sizes beyond it are not answered. */
#define TYPE_SIZE_MAX ((uint64_t)1 << 30)

/* QUERY_MEMBER and QUERY_STRIDE for one member path (no aliases) of a struct or union. False: no such member,
 * or its place is unknown. */
bool member_path_find(struct type_table *table, const struct type *type, enum query_kind kind,
	const char *path, size_t length, struct type_answer *answer);

#endif
