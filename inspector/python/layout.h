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

/* In order of trust. */
enum field_source {
	SOURCE_NONE,
	SOURCE_DWARF,	 /* the debug information of the very build */
	SOURCE_TARGET,	 /* tables in the target's memory: layout_target.h */
	SOURCE_BUILT_IN, /* a table of this program for a build like it: layout_builtin.h */
	SOURCE_COUNT
};

#define ALL_SOURCES (1U << SOURCE_DWARF | 1U << SOURCE_TARGET | 1U << SOURCE_BUILT_IN)

struct field {
	uint32_t offset;   /* bytes; NO_OFFSET: absent. A size or a constant that is known has offset 0 */
	uint32_t size;	   /* bytes of the member; the answer for a sizeof or stride */
	int64_t value;	   /* constants */
	uint8_t bit, bits; /* bit-field: lowest bit in the size bytes at offset, and width; bits 0: none */
	uint8_t source;	   /* enum field_source */
};

/* What the resolver has to say besides the fields. */
struct layout_note {
	bool is_warning; /* the user must know it to trust the answer: goes to standard error, too */
	char *text;	 /* owned; a clause without a newline */
};

struct layout {
	struct field fields[FIELD_COUNT];
	struct layout_note *notes; /* owned */
	size_t note_count, note_capacity;
};

struct layout_request {
	const struct target *target;
	struct module *python;	/* defines _PyRuntime */
	struct module *asyncio; /* the _asyncio extension; NULL: not loaded, or built into python */
	uint64_t runtime;	/* address of _PyRuntime */
	uint64_t runtime_size;	/* bytes, as its symbol says; 0 unknown */
	uint32_t hexversion;
	unsigned sources; /* bits 1 << SOURCE_x: which may be used; 0: all */
	bool use_cache;
};

/* Fills the layout, each field from the first source that has it: the debug information of python, and of
 * asyncio for its group; the target's own tables; a built-in table that was checked against the target. Where
 * the first two differ, a warning is noted. Fails with ERROR_NO_FIELD naming the field and the struct when a
 * required one is in no source, or as type_query_run does. The layout needs layout_deinit in any case. */
bool layout_resolve(struct layout *layout, const struct layout_request *request, struct error *err);
void layout_deinit(struct layout *layout);

/* The first field that is required and absent, for a target that has _asyncio or not; FIELD_COUNT: none. */
enum field_id layout_missing(const struct layout *layout, bool has_asyncio);

/* Sets every field to absent. */
void layout_clear(struct layout *layout);

/* Takes ownership of text. */
void layout_note(struct layout *layout, bool is_warning, char *text);

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

/* "dwarf", "debug-offsets", "built-in" or "none". Static. */
const char *field_source_name(enum field_source source);

#endif
