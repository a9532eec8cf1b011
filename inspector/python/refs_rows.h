/* refs_rows: which rows of layout_refs.def belong to a kind. Private to type and refs. */
#ifndef ASYNCINSPECT_PYTHON_REFS_ROWS_H
#define ASYNCINSPECT_PYTHON_REFS_ROWS_H

#include "inspector/python/type.h"

/* Sets [*first, *end) of the table of references; empty when the kind has none. */
void refs_rows_of_kind(enum type_kind kind, uint16_t *first, uint16_t *end);

/* The field of row i. */
enum field_id refs_row_field(size_t i);

/* Whether objects of the kind hold more than what rows tell (refs_by_shape). */
bool refs_has_shape(enum type_kind kind);

#endif
