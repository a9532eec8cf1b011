/* type_query: offsets, sizes and constants of C types, asked by name, answered in one pass over the DWARF of
 * a file, and kept in a cache by build-id.
 *
 * The question is a table. Names and members may have aliases, separated by '|', in order of preference:
 * types and members were renamed from version to version. A type is found under its tag (struct, union, enum)
 * or under a typedef that leads to it. One that is defined inside a struct is reached by a path through its
 * member; by its name only where the compiler puts it outside, as GCC does for C and clang does not. */
#ifndef ASYNCINSPECT_SYMBOLS_TYPE_QUERY_H
#define ASYNCINSPECT_SYMBOLS_TYPE_QUERY_H

#include "inspector/base/error.h"
#include "inspector/symbols/module.h"

enum query_kind {
	QUERY_MEMBER,	  /* type, member: where a member lies */
	QUERY_SIZEOF,	  /* type: its size in bytes */
	QUERY_STRIDE,	  /* type, member: the size in bytes of one element of an array member */
	QUERY_ENUMERATOR, /* member: an enumerator's name, in any enum of the file; type is NULL or the enum's
			     name */
};

struct type_query {
	enum query_kind kind;
	const char *type;   /* "PyInterpreterState|_is" */
	const char *member; /* "threads.head|tstate_head"; dots go into nested structs and unions, members of
			     * anonymous ones are found by their own name; NULL for QUERY_SIZEOF */
};

struct type_answer {
	bool is_found;
	uint8_t bit;  /* bit-field: its lowest bit, counted from the lowest bit of the byte at offset (0 to 7,
		       * or more  when the storage unit cannot be moved); 0 otherwise */
	uint8_t bits; /* bit-field: its width; 0 otherwise */
	uint32_t offset; /* MEMBER: bytes from the start of the type */
	uint32_t size;	 /* MEMBER: bytes of the member (of the bytes that hold a bit-field); SIZEOF, STRIDE:
			    the answer */
	int64_t value;	 /* ENUMERATOR */
};

/* Answers count questions about the module from its debug information, in one pass over the compilation
 * units. answers[i].is_found is false where the file has no such type or member: that is no error. Of several
 * definitions of a type the one that answers the most of the questions is used. When use_cache, the answers
 * of an earlier run for the same build-id and the same questions are taken instead, or stored after (failing
 * to store is no error). False when the module has no debug information (ERROR_NOT_FOUND, with advice) or it
 * is damaged. */
bool type_query_run(struct module *m, const struct type_query *queries, size_t count, bool use_cache,
	struct type_answer *answers, struct error *err);

#endif
