/* die_sections: the sections that libdwarf is given, through its object interface, which differs between
 * libdwarf 20210528 and 0.x. Private to die_reader. */
#ifndef ASYNCINSPECT_SYMBOLS_DIE_SECTIONS_H
#define ASYNCINSPECT_SYMBOLS_DIE_SECTIONS_H

#include "inspector/base/error.h"
#include "inspector/symbols/image.h"

#include <libdwarf.h>

enum { DIE_INFO, DIE_ABBREV, DIE_STR, DIE_LINE_STR, DIE_STR_OFFSETS, DIE_ADDR, DIE_SECTIONS };

struct die_section {
	const char *name; /* static */
	uint8_t *bytes;	  /* owned; NULL: not in the file */
	size_t size;
};

struct die_sections {
	struct die_section sections[DIE_SECTIONS];
	uint64_t file_size; /* more than all sections together: some releases compare */
/* libdwarf got a version macro when it renamed these. */
#ifdef DW_LIBDWARF_VERSION
	Dwarf_Obj_Access_Interface_a interface;
#else
	Dwarf_Obj_Access_Interface interface;
#endif
};

/* Reads the sections of image and prepares the interface for dwarf_object_init_b, which keeps its address.
 * On failure nothing is left to free. */
bool die_sections_init(struct die_sections *sections, const struct image *image, struct error *err);
void die_sections_deinit(struct die_sections *sections);

/* dwarf_object_finish of either release. */
void die_sections_finish(Dwarf_Debug debug);

#endif
