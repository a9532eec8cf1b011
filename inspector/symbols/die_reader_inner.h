/* die_reader_inner: what die_reader.c, which goes from DIE to DIE, and die_attributes.c, which reads what one
 * says, share. For these two alone. */
#ifndef ASYNCINSPECT_SYMBOLS_DIE_READER_INNER_H
#define ASYNCINSPECT_SYMBOLS_DIE_READER_INNER_H

#include "inspector/symbols/die_reader.h"
#include "inspector/symbols/die_sections.h"

/* Abbreviations with a higher code, of which compilers have some hundreds, are looked at one by one. */
#define ABBREV_CODES 4096

/* Offsets in the other file begin here; handles of it have the lowest bit, which is free in a pointer. */
#define ALT_OFFSET (UINT64_C(1) << 62)
#define ALT_BIT	   ((uintptr_t)1)

struct die_reader {
	struct die_reader *alt; /* owned; NULL: none */
	Dwarf_Debug debug;
	struct die_sections sections;
	char *path;	   /* owned; for messages */
	uint64_t unit_end; /* where the next unit must start at or after */
	size_t units;
	/* Of the unit's abbreviations, by code: has children and no DW_AT_sibling. */
	uint64_t unskippable[ABBREV_CODES / 64];
	bool uses_siblings;    /* some abbreviation has DW_AT_sibling */
	uint64_t abbrev_bytes; /* read so far */
	int old_tracking, old_string_check;
};

static inline void drop_error(struct die_reader *reader, Dwarf_Error error)
{
	if (error)
		dwarf_dealloc_error(reader->debug, error);
}

static inline bool is_alt(die_handle die)
{
	return (uintptr_t)die & ALT_BIT;
}

static inline die_handle tagged(die_handle die)
{
	return die ? (die_handle)((uintptr_t)die | ALT_BIT) : NULL;
}

/* The reader that a handle is of; the handle becomes libdwarf's own. */
static inline struct die_reader *reader_of(struct die_reader *reader, die_handle *die)
{
	if (!is_alt(*die))
		return reader;
	*die = (die_handle)((uintptr_t)*die & ~ALT_BIT);
	return reader->alt;
}

#endif
