#include "inspector/python/refs_rows.h"
#include "inspector/python/refs_shapes.h"

struct reference {
	enum type_kind kind;
	enum field_id field;
	const char *edge;
};

/* In the order of kinds within the file: rows of a kind stand together. */
static const struct reference references[] = {
#define GROUP(name)
#define REFERENCE(kind, id, type, member, edge) {KIND_##kind, FIELD_ref_##id, edge},
#include "inspector/python/layout_refs.def"
#undef REFERENCE
#undef GROUP
};

#define REFERENCE_COUNT (sizeof(references) / sizeof(references[0]))

/* Asked once for each type of the target, so that an object costs its own rows only. */
void refs_rows_of_kind(enum type_kind kind, uint16_t *first, uint16_t *end)
{
	*first = *end = 0;
	for (size_t i = 0; i < REFERENCE_COUNT && !(*end && references[i].kind != kind); i++) {
		if (references[i].kind != kind)
			continue;
		if (!*end)
			*first = (uint16_t)i;
		*end = (uint16_t)(i + 1);
	}
}

enum field_id refs_row_field(size_t i)
{
	return references[i].field;
}

void refs_by_table(struct ref_walk *walk, const struct pytype *type, const struct body *body)
{
	for (size_t i = type->refs_first; i < type->refs_end; i++) {
		if (!python_has(walk->py, references[i].field))
			continue;
		if (!ref_give(walk, &(struct ref){.target = body_pointer(walk->py, body, references[i].field),
					    .kind = EDGE_NAME,
					    .text = references[i].edge}))
			return;
	}
}
