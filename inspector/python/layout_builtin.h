/* layout_builtin: the tables of layouts that this program brings along, from inspector/python/layouts/, and
 * the one of them that fits a target. */
#ifndef ASYNCINSPECT_PYTHON_LAYOUT_BUILTIN_H
#define ASYNCINSPECT_PYTHON_LAYOUT_BUILTIN_H

#include "inspector/python/layout_check.h"

/* The texts of all tables, one after the other. Static. */
const char *layout_builtin_texts(size_t *length);

/* Completes the layout by the fields marked in wanted (FIELD_COUNT of them): of the tables of the same minor
 * version the one is used of which the most holds for the target (layout_check.h), the one of the same kind
 * of build and the nearest micro version among equals. Notes which, and what of it was refused.
 * ERROR_NOT_FOUND: there is no table for this version. ERROR_MISMATCH: none of them fits as a whole, with a
 * reason; what holds is used all the same. */
bool layout_use_builtin(
	struct layout *layout, const struct layout_request *request, const bool *wanted, struct error *err);

/* The same with given texts: for tests. */
bool layout_use_tables(struct layout *layout, const struct check_target *target, bool is_debug, bool is_live,
	const bool *wanted, const char *texts, size_t length, struct error *err);

/* The layout of the python of a request as the text of a table. Caller frees. ERROR_UNSUPPORTED: the layout
 * is not from debug information. */
char *layout_export(const struct layout *layout, const struct layout_request *request, struct error *err);

#endif
