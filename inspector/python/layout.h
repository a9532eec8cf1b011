/* layout: where each member lies in the structs of the CPython under inspection, and who said so.
 *
 * A field that is not there has the offset NO_OFFSET, which is no offset: the resolver sets every field to
 * it first. Fields are named FIELD_x, by layout_fields.def. */
#ifndef ASYNCINSPECT_PYTHON_LAYOUT_H
#define ASYNCINSPECT_PYTHON_LAYOUT_H

#include "inspector/base/error.h"
#include "inspector/symbols/module.h"

#define NO_OFFSET UINT32_MAX

enum field_id {
#define GROUP(name)
#define MEMBER(id, type, member, need) FIELD_##id,
#define SIZEOF(id, type, need)	       FIELD_sizeof_##id,
#define STRIDE(id, type, member, need) FIELD_stride_##id,
#define CONSTANT(id, enumerator, need) FIELD_##id,
#include "inspector/python/layout_fields.def"
#include "inspector/python/layout_refs.def"
#undef GROUP
#undef MEMBER
#undef SIZEOF
#undef STRIDE
#undef CONSTANT
	FIELD_COUNT
};

enum field_source {
	SOURCE_NONE,
	SOURCE_DWARF,
};

struct field {
	uint32_t offset;   /* bytes; NO_OFFSET: absent. A size or a constant that is known has offset 0 */
	uint32_t size;	   /* bytes of the member; the answer for a sizeof or stride */
	int64_t value;	   /* constants */
	uint8_t bit, bits; /* bit-field: lowest bit in the size bytes at offset, and width; bits 0: none */
	uint8_t source;	   /* enum field_source */
};

struct layout {
	struct field fields[FIELD_COUNT];
};

/* Fills the layout from the debug information of python, and of asyncio for its group (NULL: not loaded, the
 * group is looked for in python then, where _asyncio may be built in). Fails with ERROR_NO_FIELD naming the
 * field and the struct when a required one is missing, or as type_query_run does. */
bool layout_resolve(struct layout *layout, struct module *python, struct module *asyncio, bool use_cache,
	struct error *err);

static inline bool layout_has(const struct layout *layout, enum field_id id)
{
	return layout->fields[id].offset != NO_OFFSET;
}

/* How a field is written in layout_fields.def: for `asyncinspect layout`, messages and tests. */
struct field_description {
	const char *id;	    /* "task_coroutine"; a size is "sizeof PyObject" by type */
	const char *kind;   /* "member", "sizeof", "stride", "constant" */
	const char *type;   /* with aliases; NULL for a constant */
	const char *member; /* with aliases; NULL for a sizeof */
	bool is_required;
};

const struct field_description *layout_describe(enum field_id id);

/* "dwarf", or "none". Static. */
const char *field_source_name(enum field_source source);

#endif
