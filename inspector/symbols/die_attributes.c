/* What a DIE says of itself: die_reader.h. */
#include "inspector/symbols/die_reader_inner.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

uint16_t die_tag(struct die_reader *reader, die_handle die)
{
	Dwarf_Error error = NULL;
	Dwarf_Half tag = 0;

	reader = reader_of(reader, &die);
	if (dwarf_tag(die, &tag, &error) == DW_DLV_OK)
		return tag;
	drop_error(reader, error);
	return 0;
}

uint64_t die_offset(struct die_reader *reader, die_handle die)
{
	uint64_t base = is_alt(die) ? ALT_OFFSET : 0;
	Dwarf_Error error = NULL;
	Dwarf_Off offset = 0;

	reader = reader_of(reader, &die);
	if (dwarf_dieoffset(die, &offset, &error) == DW_DLV_OK)
		return base + offset;
	drop_error(reader, error);
	return 0;
}

/* NULL: absent or damaged. Freed by dwarf_dealloc_attribute. */
static Dwarf_Attribute get_attribute(struct die_reader *reader, die_handle die, Dwarf_Half number)
{
	Dwarf_Attribute attribute = NULL;
	Dwarf_Error error = NULL;

	reader = reader_of(reader, &die);
	if (dwarf_attr(die, number, &attribute, &error) == DW_DLV_OK)
		return attribute;
	drop_error(reader, error);
	return NULL;
}

static Dwarf_Half form_of(struct die_reader *reader, Dwarf_Attribute attribute)
{
	Dwarf_Error error = NULL;
	Dwarf_Half form = 0;

	if (dwarf_whatform(attribute, &form, &error) == DW_DLV_OK)
		return form;
	drop_error(reader, error);
	return 0;
}

static bool is_alt_string(Dwarf_Half form)
{
	return form == DW_FORM_GNU_strp_alt || form == DW_FORM_strp_sup;
}

/* A string of the other file; its section ends with zeros. */
static const char *read_alt_string(struct die_reader *reader, Dwarf_Attribute attribute)
{
	const struct die_section *section = reader->alt ? &reader->alt->sections.sections[DIE_STR] : NULL;
	Dwarf_Error error = NULL;
	Dwarf_Off offset;

	if (dwarf_global_formref(attribute, &offset, &error) != DW_DLV_OK) {
		drop_error(reader, error);
		return NULL;
	}
	return section && section->bytes && offset < section->size ? (const char *)section->bytes + offset
								   : NULL;
}

const char *die_name(struct die_reader *reader, die_handle die)
{
	Dwarf_Attribute attribute = get_attribute(reader, die, DW_AT_name);
	Dwarf_Error error = NULL;
	char *name = NULL;

	if (!attribute)
		return NULL;
	if (is_alt_string(form_of(reader, attribute))) {
		const char *common = read_alt_string(reader, attribute);

		dwarf_dealloc_attribute(attribute);
		return common;
	}
	if (dwarf_formstring(attribute, &name, &error) != DW_DLV_OK) {
		drop_error(reader, error);
		name = NULL;
	}
	dwarf_dealloc_attribute(attribute);
	return name;
}

static bool read_number(struct die_reader *reader, Dwarf_Attribute attribute, int64_t *value)
{
	Dwarf_Half form = form_of(reader, attribute);
	Dwarf_Error error = NULL;
	Dwarf_Unsigned unsigned_value;
	Dwarf_Signed signed_value;
	int status;

	if (form == DW_FORM_sdata || form == DW_FORM_implicit_const) {
		status = dwarf_formsdata(attribute, &signed_value, &error);
		if (status == DW_DLV_OK)
			*value = signed_value;
	} else {
		status = dwarf_formudata(attribute, &unsigned_value, &error);
		if (status == DW_DLV_OK)
			*value = (int64_t)unsigned_value;
	}
	drop_error(reader, error);
	return status == DW_DLV_OK;
}

bool die_number(struct die_reader *reader, die_handle die, uint16_t number, int64_t *value)
{
	Dwarf_Attribute attribute = get_attribute(reader, die, number);
	bool is_read;

	if (!attribute)
		return false;
	is_read = read_number(reader, attribute, value);
	dwarf_dealloc_attribute(attribute);
	return is_read;
}

/* DW_OP_plus_uconst N, or DW_OP_constu N followed by DW_OP_plus. */
static bool read_expression(const uint8_t *bytes, size_t size, uint64_t *value)
{
	uint64_t result = 0;
	unsigned shift = 0;
	size_t i = 1;

	if (size < 2 || (bytes[0] != DW_OP_plus_uconst && bytes[0] != DW_OP_constu))
		return false;
	for (; i < size && shift < 63; i++, shift += 7) {
		result |= (uint64_t)(bytes[i] & 0x7f) << shift;
		if (!(bytes[i] & 0x80))
			break;
	}
	if (i >= size || bytes[i] & 0x80)
		return false;
	*value = result;
	i++;
	return bytes[0] == DW_OP_plus_uconst ? i == size : i + 1 == size && bytes[i] == DW_OP_plus;
}

static bool read_block(struct die_reader *reader, Dwarf_Attribute attribute, uint64_t *value)
{
	Dwarf_Error error = NULL;
	Dwarf_Block *block = NULL;
	Dwarf_Unsigned length = 0;
	Dwarf_Ptr bytes = NULL;
	bool is_read;

	if (form_of(reader, attribute) == DW_FORM_exprloc) {
		if (dwarf_formexprloc(attribute, &length, &bytes, &error) == DW_DLV_OK)
			return read_expression(bytes, length, value);
	} else if (dwarf_formblock(attribute, &block, &error) == DW_DLV_OK) {
		is_read = read_expression(block->bl_data, block->bl_len, value);
		dwarf_dealloc(reader->debug, block, DW_DLA_BLOCK);
		return is_read;
	}
	drop_error(reader, error);
	return false;
}

bool die_location(struct die_reader *reader, die_handle die, uint64_t *value)
{
	Dwarf_Attribute attribute = get_attribute(reader, die, DW_AT_data_member_location);
	int64_t number;
	bool is_read;

	if (!attribute)
		return false;
	is_read = read_number(reader, attribute, &number);
	if (is_read)
		*value = (uint64_t)number;
	else
		is_read = read_block(reader, attribute, value);
	dwarf_dealloc_attribute(attribute);
	return is_read;
}

/* libdwarf 20210528 does not read these: the bytes are ours. */
static bool read_sup(
	struct die_reader *reader, die_handle die, Dwarf_Attribute attribute, size_t size, Dwarf_Off *offset)
{
	const struct die_section *info = &reader->sections.sections[DIE_INFO];
	Dwarf_Error error = NULL;
	Dwarf_Off at;

	*offset = 0;
	if (dwarf_attr_offset(die, attribute, &at, &error) != DW_DLV_OK) {
		drop_error(reader, error);
		return false;
	}
	if (at > info->size || info->size - at < size)
		return false;
	memcpy(offset, info->bytes + at, size);
	return true;
}

static bool read_reference(struct die_reader *reader, die_handle die, uint16_t number, uint64_t *offset)
{
	Dwarf_Attribute attribute = get_attribute(reader, die, number);
	uint64_t base = is_alt(die) ? ALT_OFFSET : 0;
	Dwarf_Error error = NULL;
	Dwarf_Off found = 0;
	bool is_read = false;

	if (!attribute)
		return false;
	switch (form_of(reader, attribute)) {
	case DW_FORM_ref_sup4:
	case DW_FORM_ref_sup8:
		is_read = !base && read_sup(reader, die, attribute,
					   form_of(reader, attribute) == DW_FORM_ref_sup4 ? 4 : 8, &found);
		base = ALT_OFFSET;
		break;
	case DW_FORM_GNU_ref_alt:
		base = ALT_OFFSET;
		/* fall through */
	/* Other references lead into .debug_types. */
	case DW_FORM_ref1:
	case DW_FORM_ref2:
	case DW_FORM_ref4:
	case DW_FORM_ref8:
	case DW_FORM_ref_udata:
	case DW_FORM_ref_addr:
		is_read = dwarf_global_formref(attribute, &found, &error) == DW_DLV_OK;
		drop_error(reader, error);
		break;
	default:
		break;
	}
	is_read = is_read && found < ALT_OFFSET;
	if (is_read)
		*offset = base + found;
	dwarf_dealloc_attribute(attribute);
	return is_read;
}

bool die_type(struct die_reader *reader, die_handle die, uint64_t *offset)
{
	return read_reference(reader, die, DW_AT_type, offset);
}

bool die_import(struct die_reader *reader, die_handle die, uint64_t *offset)
{
	return read_reference(reader, die, DW_AT_import, offset);
}

bool die_has(struct die_reader *reader, die_handle die, uint16_t number)
{
	Dwarf_Error error = NULL;
	Dwarf_Bool has = 0;

	reader = reader_of(reader, &die);
	if (dwarf_hasattr(die, number, &has, &error) == DW_DLV_OK)
		return has;
	drop_error(reader, error);
	return false;
}
