/* die_reader: the debugging information entries (DIEs) of an ELF file, read by libdwarf.
 *
 * The only module that includes libdwarf.h, and the only one that knows its two object interfaces (20210528
 * and 0.x). libdwarf is given .debug_info, .debug_abbrev and the string sections, unpacked here; nothing
 * else of the file is read or inflated. Offsets are into .debug_info, across all units.
 *
 * The DWARF is untrusted. Siblings always lie behind each other, so that a walk ends; a walk along
 * references is bounded by the caller. */
#ifndef ASYNCINSPECT_SYMBOLS_DIE_READER_H
#define ASYNCINSPECT_SYMBOLS_DIE_READER_H

#include "inspector/base/error.h"
#include "inspector/symbols/image.h"

#include <stdbool.h>
#include <stdint.h>

struct die_reader;

/* libdwarf's own; what Dwarf_Die points to. */
struct Dwarf_Die_s;
typedef struct Dwarf_Die_s *die_handle;

enum die_step { DIE_FOUND, DIE_END, DIE_FAILED };

/* alt (NULL: none) is the file with what image has in common with others (image_altlink): handles lead into
 * it, and offsets in it are above those of image. NULL: the file has no debug information (ERROR_NOT_FOUND)
 * or it cannot be unpacked. The image may be closed after. libdwarf keeps a process-wide setting that this
 * module changes: one thread at a time. */
struct die_reader *die_reader_open(const struct image *image, const struct image *alt, struct error *err);
void die_reader_close(struct die_reader *reader); /* NULL is allowed; after every handle was freed */

/* The next unit's root; forward only. Caller frees *root by die_free. */
enum die_step die_next_unit(struct die_reader *reader, die_handle *root, struct error *err);

/* The same of the other file; after the last one DIE_END once, and then from the first one again. */
enum die_step die_next_alt_unit(struct die_reader *reader, die_handle *root, struct error *err);

/* Whether an offset is in the other file. */
bool die_is_alt(uint64_t offset);

/* Units seen so far; looking a DIE up by offset costs in proportion. */
size_t die_units(const struct die_reader *reader);

/* The first child; caller frees it. die stays the caller's. */
enum die_step die_child(struct die_reader *reader, die_handle die, die_handle *child, struct error *err);

/* Replaces *die by its next sibling. At the end, and on failure, *die is freed and NULL. */
enum die_step die_next_sibling(struct die_reader *reader, die_handle *die, struct error *err);

/* The DIE at an offset. NULL when there is none, or it is damaged. Caller frees. */
die_handle die_at(struct die_reader *reader, uint64_t offset);

void die_free(struct die_reader *reader, die_handle die); /* NULL is allowed */

uint16_t die_tag(struct die_reader *reader, die_handle die); /* DW_TAG_*; 0: unknown */
uint64_t die_offset(struct die_reader *reader, die_handle die);

/* Attributes (DW_AT_*). One that is damaged or of an unexpected form counts as absent. */

/* DW_AT_name. Borrowed until die_reader_close. NULL: none. */
const char *die_name(struct die_reader *reader, die_handle die);

/* A constant. Forms of a fixed size are read as unsigned, as compilers write them. */
bool die_number(struct die_reader *reader, die_handle die, uint16_t attribute, int64_t *value);

/* A member's place: a constant, or an expression of one DW_OP_plus_uconst or DW_OP_constu. */
bool die_location(struct die_reader *reader, die_handle die, uint64_t *value);

/* The offset of the type that DW_AT_type refers to. */
bool die_type(struct die_reader *reader, die_handle die, uint64_t *offset);

/* The offset of the unit that a DW_TAG_imported_unit refers to. */
bool die_import(struct die_reader *reader, die_handle die, uint64_t *offset);

/* Whether the attribute is there; for flags (DW_AT_declaration). */
bool die_has(struct die_reader *reader, die_handle die, uint16_t attribute);

#endif
