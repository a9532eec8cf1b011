/* layout_table: the layout of a build of CPython as a text, which one run of this program writes and another
 * reads: what the built-in tables are.
 *
 *   asyncinspect-layout 1
 *   python 3.12.1 030c01f0
 *   build x86_64 release                    or debug
 *   runtime 458112                          sizeof _PyRuntime
 *   type PyDict_Type 48 0 dict              a row of layout_types.def: basicsize, itemsize, tp_name
 *   type _asyncio.Task 184 0 _asyncio.Task
 *   member str_kind 32 4 2 3                id, offset, size; of a bit-field its lowest bit and width
 *   sizeof dict 48
 *   stride int_digit 4
 *   constant future_pending 0
 *   end 395                                 number of lines before this
 *
 * Lines are in the order of the .def files; what a build lacks has no line. */
#ifndef ASYNCINSPECT_PYTHON_LAYOUT_TABLE_H
#define ASYNCINSPECT_PYTHON_LAYOUT_TABLE_H

#include "inspector/base/strbuf.h"
#include "inspector/python/layout.h"

#define LAYOUT_TYPES_MAX 96

/* A row of layout_types.def. */
struct layout_type {
	const char *symbol, *module, *attribute; /* NULL: none */
	const char *instance;			 /* the struct of its instances */
};

const struct layout_type *layout_type_at(size_t i); /* NULL past the last */

/* What a type object says of its instances. */
struct type_facts {
	bool is_known;
	uint32_t basicsize, itemsize;
	char name[48]; /* tp_name */
};

struct layout_table {
	uint32_t hexversion;
	char version[24];
	bool is_debug; /* a pydebug build */
	uint64_t runtime_size;
	struct type_facts types[LAYOUT_TYPES_MAX];
	struct field fields[FIELD_COUNT]; /* source SOURCE_BUILT_IN */
};

/* Appends the text of a table. */
void layout_table_print(const struct layout_table *table, struct strbuf *out);

/* Reads the table that text, of length bytes, starts with; *used (may be NULL) is how long it was. Strict: a
 * line that is not as layout_table_print writes it, a field or a type that is not known or out of order, a
 * missing end are ERROR_CORRUPT, whose text names the line. */
bool layout_table_parse(
	const char *text, size_t length, struct layout_table *table, size_t *used, struct error *err);

#endif
