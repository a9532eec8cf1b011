#include "inspector/symbols/die_reader.h"

#include "inspector/base/alloc.h"
#include "inspector/symbols/die_sections.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

/* Abbreviations with a higher code, of which compilers have some hundreds, are looked at one by one. */
#define ABBREV_CODES 4096

/* Units may share a table of abbreviations, which libdwarf reads again for each. */
#define ABBREV_BYTES_MAX ((uint64_t)256 << 20)

/* Of DIEs that check_below descends into. */
#define NESTING_MAX 128

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

/* Every handle is freed here, so libdwarf's own list of what it has given out, which costs a third of the
 * time of a walk, is not kept. And every section ends with zeros, so that it need not look for the end of a
 * string each time that it meets one. */
static void change_settings(struct die_reader *reader)
{
	reader->old_tracking = dwarf_set_de_alloc_flag(0);
	reader->old_string_check = dwarf_set_stringcheck(1);
}

static void restore_settings(struct die_reader *reader)
{
	dwarf_set_stringcheck(reader->old_string_check);
	dwarf_set_de_alloc_flag(reader->old_tracking);
}

/* Turns libdwarf's error into ours and frees it. */
static bool set_error(struct die_reader *reader, Dwarf_Error error, struct error *err)
{
	error_set(err, ERROR_CORRUPT, "the debug information in %s is damaged: %s", reader->path,
		error ? dwarf_errmsg(error) : "no entry where there must be one");
	if (error)
		dwarf_dealloc_error(reader->debug, error);
	return false;
}

static void drop_error(struct die_reader *reader, Dwarf_Error error)
{
	if (error)
		dwarf_dealloc_error(reader->debug, error);
}

bool die_is_alt(uint64_t offset)
{
	return offset >= ALT_OFFSET;
}

static bool is_alt(die_handle die)
{
	return (uintptr_t)die & ALT_BIT;
}

static die_handle tagged(die_handle die)
{
	return die ? (die_handle)((uintptr_t)die | ALT_BIT) : NULL;
}

/* The reader that a handle is of; the handle becomes libdwarf's own. */
static struct die_reader *reader_of(struct die_reader *reader, die_handle *die)
{
	if (!is_alt(*die))
		return reader;
	*die = (die_handle)((uintptr_t)*die & ~ALT_BIT);
	return reader->alt;
}

struct die_reader *die_reader_open(const struct image *image, const struct image *alt, struct error *err)
{
	struct die_reader *reader = xcalloc(1, sizeof(*reader));
	Dwarf_Error error = NULL;
	int status;

	reader->path = xstrdup(image_path(image));
	change_settings(reader);
	if (!die_sections_init(&reader->sections, image, err))
		goto failed;
	if (!reader->sections.sections[DIE_INFO].bytes) {
		error_set(err, ERROR_NOT_FOUND, "%s has no debug information", reader->path);
		goto failed;
	}
	status = dwarf_object_init_b(
		&reader->sections.interface, NULL, NULL, DW_GROUPNUMBER_ANY, &reader->debug, &error);
	if (status != DW_DLV_OK) {
		reader->debug = NULL;
		set_error(reader, error, err);
		goto failed;
	}
	if (!alt || (reader->alt = die_reader_open(alt, NULL, err)))
		return reader;
failed:
	die_reader_close(reader);
	return NULL;
}

void die_reader_close(struct die_reader *reader)
{
	if (!reader)
		return;
	die_reader_close(reader->alt);
	if (reader->debug)
		die_sections_finish(reader->debug);
	die_sections_deinit(&reader->sections);
	restore_settings(reader);
	free(reader->path);
	free(reader);
}

static bool read_leb(const uint8_t **at, const uint8_t *end, uint64_t *value)
{
	unsigned shift = 0;

	for (*value = 0; *at < end && shift < 64; shift += 7) {
		uint8_t byte = *(*at)++;

		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

/* One abbreviation. False: the table is damaged. */
static bool read_abbrev(const uint8_t **at, const uint8_t *end, bool *has_children, bool *has_sibling)
{
	uint64_t tag, attribute, form, constant;

	if (!read_leb(at, end, &tag) || *at == end)
		return false;
	*has_children = *(*at)++;
	*has_sibling = false;
	do {
		if (!read_leb(at, end, &attribute) || !read_leb(at, end, &form))
			return false;
		if (form == DW_FORM_implicit_const && !read_leb(at, end, &constant))
			return false;
		*has_sibling |= attribute == DW_AT_sibling;
	} while (attribute || form);
	return true;
}

/* Reads the unit's abbreviations. When in doubt nothing can be skipped. False: too much was read. */
static bool read_abbrevs(struct die_reader *reader, uint64_t offset)
{
	const struct die_section *section = &reader->sections.sections[DIE_ABBREV];
	const uint8_t *at = section->bytes, *start, *end;
	bool has_children, has_sibling;
	uint64_t code;

	memset(reader->unskippable, 0, sizeof(reader->unskippable));
	reader->uses_siblings = false;
	if (!at || offset >= section->size)
		return true;
	end = at + section->size;
	at += offset;
	start = at;
	while (read_leb(&at, end, &code) && code) {
		if (!read_abbrev(&at, end, &has_children, &has_sibling)) {
			memset(reader->unskippable, 0xff, sizeof(reader->unskippable));
			reader->uses_siblings = true;
			break;
		}
		reader->uses_siblings |= has_sibling;
		if (has_children && !has_sibling && code < ABBREV_CODES)
			reader->unskippable[code / 64] |= UINT64_C(1) << code % 64;
	}
	reader->abbrev_bytes += (uint64_t)(at - start);
	return reader->abbrev_bytes <= ABBREV_BYTES_MAX;
}

static bool is_skippable(const struct die_reader *reader, die_handle die)
{
	int code = reader->uses_siblings ? dwarf_die_abbrev_code(die) : 0;

	return !reader->uses_siblings ||
	       (code >= 0 && code < ABBREV_CODES && !(reader->unskippable[code / 64] >> code % 64 & 1));
}

enum die_step die_next_unit(struct die_reader *reader, die_handle *root, struct error *err)
{
	Dwarf_Unsigned header_length, type_offset, next = 0;
	Dwarf_Half version, address_size, length_size, extension_size, unit_type;
	Dwarf_Off abbrev_offset;
	Dwarf_Sig8 signature;
	Dwarf_Error error = NULL;
	int status;

	status = dwarf_next_cu_header_d(reader->debug, 1, &header_length, &version, &abbrev_offset,
		&address_size, &length_size, &extension_size, &signature, &type_offset, &next, &unit_type,
		&error);
	if (status == DW_DLV_NO_ENTRY)
		return DIE_END;
	/* libdwarf starts over after the last unit; a unit that does not advance would never end. */
	if (status == DW_DLV_OK && next > reader->unit_end) {
		reader->unit_end = next;
		reader->units++;
		if (!read_abbrevs(reader, abbrev_offset)) {
			error_set(err, ERROR_LIMIT, "the debug information in %s has endless abbreviations",
				reader->path);
			return DIE_FAILED;
		}
		*root = NULL;
		status = dwarf_siblingof_b(reader->debug, NULL, 1, root, &error);
		if (status == DW_DLV_OK)
			return DIE_FOUND;
	}
	set_error(reader, error, err);
	return DIE_FAILED;
}

enum die_step die_next_alt_unit(struct die_reader *reader, die_handle *root, struct error *err)
{
	enum die_step step;

	if (!reader->alt)
		return DIE_END;
	step = die_next_unit(reader->alt, root, err);
	if (step == DIE_FOUND)
		*root = tagged(*root);
	else
		reader->alt->unit_end = 0;
	return step;
}

size_t die_units(const struct die_reader *reader)
{
	return reader->units + (reader->alt ? reader->alt->units : 0);
}

enum die_step die_child(struct die_reader *reader, die_handle die, die_handle *child, struct error *err)
{
	bool is_of_alt = is_alt(die);
	Dwarf_Error error = NULL;
	int status;

	reader = reader_of(reader, &die);
	status = dwarf_child(die, child, &error);
	if (status == DW_DLV_OK) {
		*child = is_of_alt ? tagged(*child) : *child;
		return DIE_FOUND;
	}
	*child = NULL;
	if (status == DW_DLV_NO_ENTRY)
		return DIE_END;
	set_error(reader, error, err);
	return DIE_FAILED;
}

static bool circle_error(struct die_reader *reader, struct error *err)
{
	return error_set(err, ERROR_CORRUPT, "the debug information in %s is damaged: entries form a circle",
		reader->path);
}

static enum die_step next_sibling(
	struct die_reader *reader, die_handle *die, size_t depth, struct error *err);

/* To find the sibling of a DIE with children and without DW_AT_sibling, libdwarf walks all that is below it,
 * along their DW_AT_sibling, and one that points to its own DIE keeps it there for ever. So that walk is made
 * here first. Compilers write it either for all but the last child or not at all: this is rare. */
static bool check_below(struct die_reader *reader, die_handle die, size_t depth, struct error *err)
{
	Dwarf_Half has_children = 0;
	die_handle child;
	enum die_step step;

	if (is_skippable(reader, die) || dwarf_die_abbrev_children_flag(die, &has_children) != DW_DLV_OK ||
		!has_children || die_has(reader, die, DW_AT_sibling))
		return true;
	if (depth == NESTING_MAX)
		return circle_error(reader, err);
	step = die_child(reader, die, &child, err);
	while (step == DIE_FOUND)
		step = next_sibling(reader, &child, depth + 1, err);
	return step == DIE_END;
}

static enum die_step next_sibling(struct die_reader *reader, die_handle *die, size_t depth, struct error *err)
{
	Dwarf_Error error = NULL;
	die_handle next = NULL;
	uint64_t before = die_offset(reader, *die);
	bool is_safe = check_below(reader, *die, depth, err);
	int status = is_safe ? dwarf_siblingof_b(reader->debug, *die, 1, &next, &error) : DW_DLV_ERROR;

	dwarf_dealloc_die(*die);
	*die = NULL;
	if (!is_safe)
		return DIE_FAILED;
	if (status == DW_DLV_NO_ENTRY)
		return DIE_END;
	if (status != DW_DLV_OK) {
		set_error(reader, error, err);
		return DIE_FAILED;
	}
	if (die_offset(reader, next) <= before) {
		dwarf_dealloc_die(next);
		circle_error(reader, err);
		return DIE_FAILED;
	}
	*die = next;
	return DIE_FOUND;
}

enum die_step die_next_sibling(struct die_reader *reader, die_handle *die, struct error *err)
{
	bool is_of_alt = is_alt(*die);
	enum die_step step = next_sibling(reader_of(reader, die), die, 0, err);

	if (is_of_alt)
		*die = tagged(*die);
	return step;
}

die_handle die_at(struct die_reader *reader, uint64_t offset)
{
	Dwarf_Error error = NULL;
	die_handle die = NULL;

	if (die_is_alt(offset))
		return reader->alt ? tagged(die_at(reader->alt, offset - ALT_OFFSET)) : NULL;
	if (offset >= reader->sections.sections[DIE_INFO].size)
		return NULL;
	if (dwarf_offdie_b(reader->debug, offset, 1, &die, &error) != DW_DLV_OK) {
		drop_error(reader, error);
		return NULL;
	}
	return die;
}

void die_free(struct die_reader *reader, die_handle die)
{
	reader_of(reader, &die);
	if (die)
		dwarf_dealloc_die(die);
}

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
