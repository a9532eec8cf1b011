/* build_id: the NT_GNU_BUILD_ID note of an ELF image, as found in a file or in the memory of a process.
 *
 * The linker puts the note near the ELF header, so that the first page, which the kernel always dumps, has
 * it. The image is untrusted: any bytes may be passed. */
#ifndef ASYNCINSPECT_COREFILES_BUILD_ID_H
#define ASYNCINSPECT_COREFILES_BUILD_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUILD_ID_MAX 64

struct build_id {
	size_t size; /* bytes; 0 when there is none. 20 in practice */
	uint8_t bytes[BUILD_ID_MAX];
};

/* Finds the note through the program headers (PT_NOTE) of the 64-bit ELF image that starts at image.
 * in_memory: notes are looked for at p_vaddr relative to the first PT_LOAD's page-aligned p_vaddr (a mapped
 * image), otherwise at p_offset (a file). False when the image is no ELF or the note is not within size
 * bytes; *id->size is 0 then. */
bool build_id_from_image(const void *image, size_t size, bool in_memory, struct build_id *id);

bool build_id_equal(const struct build_id *a, const struct build_id *b);

#define BUILD_ID_TEXT (2 * BUILD_ID_MAX + 1)

/* Lower-case hexadecimal, NUL-terminated; empty for an id of size 0. Returns text. */
const char *build_id_text(const struct build_id *id, char text[static BUILD_ID_TEXT]);

#endif
