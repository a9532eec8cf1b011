/* image: an ELF file opened with libelf: its segments, its sections and their bytes, its build-id.
 *
 * Addresses are the file's own; nothing here knows of a target or of DWARF. The file is untrusted and may
 * change while it is read: bytes are read, never mapped, and every size is checked against the file's. */
#ifndef ASYNCINSPECT_SYMBOLS_IMAGE_H
#define ASYNCINSPECT_SYMBOLS_IMAGE_H

#include "corefiles/build_id.h"
#include "inspector/base/error.h"

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image;

/* Takes ownership of fd, also on failure. path is for messages, copied. NULL when it is no 64-bit
 * little-endian ELF file. */
struct image *image_open(int fd, const char *path, struct error *err);
void image_close(struct image *image); /* NULL is allowed */

const char *image_path(const struct image *image);
const struct build_id *image_build_id(const struct image *image); /* size 0 when there is none */

/* True for ET_EXEC: the file's addresses are those of the process. */
bool image_is_fixed(const struct image *image);

/* The address that the file gives to the byte at file_offset, through its PT_LOAD segments; file_offset may
 * lie before a segment on the same page. False when no segment holds it. */
bool image_address_of(const struct image *image, uint64_t file_offset, uint64_t *address);

/* A section by name; NULL when there is none. Borrowed until image_close. */
Elf_Scn *image_section(const struct image *image, const char *name);

/* Address (0 when it is not loaded) and size of a section. False when there is none. */
bool image_section_place(const struct image *image, const char *name, uint64_t *address, uint64_t *size);

/* Whether it has debug information (.debug_info with bytes in the file, compressed or not). */
bool image_has_debug_info(const struct image *image);

/* Symbols of the first section of this type (SHT_SYMTAB, SHT_DYNSYM): called for each with its name, which is
 * borrowed until image_close. False when there is no such section or it is damaged. */
typedef void (*image_symbol_fn)(void *context, const Elf64_Sym *symbol, const char *name);
bool image_symbols(const struct image *image, uint32_t type, image_symbol_fn each, void *context);

/* .gnu_debuglink: the name of the separate debug file (caller frees) and its CRC-32. False: there is none,
 * or the name is not a plain file name. */
bool image_debuglink(const struct image *image, char **name, uint32_t *crc);

/* The file with what several files have in common, as `dwz -m` splits it off: its path (caller frees), which
 * is relative to this file's folder unless it begins with a slash, and its build-id. From .gnu_debugaltlink,
 * or from .debug_sup of DWARF 5. False: there is none. */
bool image_altlink(const struct image *image, char **path, struct build_id *id);

/* Whether it is the file with this id that others have in common, by its build-id or, from DWARF 5 on, by the
 * checksum in its .debug_sup. */
bool image_is_common(const struct image *image, const struct build_id *id);

/* Closes the file: what was read, the names of symbols among it, stays; nothing more can be read. A process
 * may have hundreds of modules, and this one only so many descriptors. */
void image_finish_reading(struct image *image);

/* The bytes of a debug section, unpacked. name is the uncompressed one (".debug_info"); .zdebug_* is found
 * too. Caller frees bytes, which are followed by some zeros that size does not count. *bytes is NULL when
 * there is no such section. */
bool image_read_section(
	const struct image *image, const char *name, uint8_t **bytes, size_t *size, struct error *err);

#endif
