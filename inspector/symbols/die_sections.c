#include "inspector/symbols/die_sections.h"

#include <dwarf.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

static const char *const section_names[DIE_SECTIONS] = {
	[DIE_INFO] = ".debug_info",
	[DIE_ABBREV] = ".debug_abbrev",
	[DIE_STR] = ".debug_str",
	[DIE_LINE_STR] = ".debug_line_str",
	[DIE_STR_OFFSETS] = ".debug_str_offsets",
	[DIE_ADDR] = ".debug_addr", /* small; libdwarf asks for it when clang wrote DWARF 5 */
};

/* libdwarf, like ELF, keeps index 0 for no section. */
static const struct die_section *section_at(const struct die_sections *all, uint64_t index)
{
	return index && index <= DIE_SECTIONS ? &all->sections[index - 1] : NULL;
}

static Dwarf_Unsigned section_count(void *object)
{
	return DIE_SECTIONS + 1;
}

static Dwarf_Small offset_bytes(void *object)
{
	return 8;
}

/* The bytes stay ours: libdwarf frees only what it unpacked itself. */
static int load_section_at(const struct die_sections *all, uint64_t index, Dwarf_Small **bytes)
{
	const struct die_section *section = section_at(all, index);

	if (!section || !section->bytes)
		return DW_DLV_NO_ENTRY;
	*bytes = section->bytes;
	return DW_DLV_OK;
}

#ifdef DW_LIBDWARF_VERSION

static int section_info(void *object, Dwarf_Unsigned index, Dwarf_Obj_Access_Section_a *out, int *error)
{
	const struct die_section *section = section_at(object, index);

	memset(out, 0, sizeof(*out));
	out->as_name = section ? section->name : "";
	out->as_type = section ? SHT_PROGBITS : SHT_NULL;
	out->as_size = section ? section->size : 0;
	return DW_DLV_OK;
}

static int load_section(void *object, Dwarf_Unsigned index, Dwarf_Small **bytes, int *error)
{
	return load_section_at(object, index, bytes);
}

static Dwarf_Small byte_order(void *object)
{
	return DW_END_little;
}

static Dwarf_Unsigned file_size(void *object)
{
	return ((const struct die_sections *)object)->file_size;
}

static const Dwarf_Obj_Access_Methods_a methods = {
	.om_get_section_info = section_info,
	.om_get_byte_order = byte_order,
	.om_get_length_size = offset_bytes,
	.om_get_pointer_size = offset_bytes,
	.om_get_filesize = file_size,
	.om_get_section_count = section_count,
	.om_load_section = load_section,
};

static void set_interface(struct die_sections *sections)
{
	sections->interface.ai_object = sections;
	sections->interface.ai_methods = &methods;
}

void die_sections_finish(Dwarf_Debug debug)
{
	dwarf_object_finish(debug);
}

#else

static int section_info(void *object, Dwarf_Half index, Dwarf_Obj_Access_Section *out, int *error)
{
	const struct die_section *section = section_at(object, index);

	memset(out, 0, sizeof(*out));
	out->name = section ? section->name : "";
	out->type = section ? SHT_PROGBITS : SHT_NULL;
	out->size = section ? section->size : 0;
	return DW_DLV_OK;
}

static int load_section(void *object, Dwarf_Half index, Dwarf_Small **bytes, int *error)
{
	return load_section_at(object, index, bytes);
}

static Dwarf_Endianness byte_order(void *object)
{
	return DW_OBJECT_LSB;
}

static const Dwarf_Obj_Access_Methods methods = {
	.get_section_info = section_info,
	.get_byte_order = byte_order,
	.get_length_size = offset_bytes,
	.get_pointer_size = offset_bytes,
	.get_section_count = section_count,
	.load_section = load_section,
};

static void set_interface(struct die_sections *sections)
{
	sections->interface.object = sections;
	sections->interface.methods = &methods;
}

void die_sections_finish(Dwarf_Debug debug)
{
	dwarf_object_finish(debug, NULL);
}

#endif

bool die_sections_init(struct die_sections *sections, const struct image *image, struct error *err)
{
	memset(sections, 0, sizeof(*sections));
	sections->file_size = 1;
	for (size_t i = 0; i < DIE_SECTIONS; i++) {
		struct die_section *section = &sections->sections[i];

		section->name = section_names[i];
		if (!image_read_section(image, section->name, &section->bytes, &section->size, err)) {
			die_sections_deinit(sections);
			return false;
		}
		sections->file_size += section->size;
	}
	set_interface(sections);
	return true;
}

void die_sections_deinit(struct die_sections *sections)
{
	for (size_t i = 0; i < DIE_SECTIONS; i++) {
		free(sections->sections[i].bytes);
		sections->sections[i].bytes = NULL;
	}
}
