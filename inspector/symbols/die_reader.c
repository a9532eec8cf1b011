#include "inspector/symbols/die_reader_inner.h"

#include "inspector/base/alloc.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

/* Units may share a table of abbreviations, which libdwarf reads again for each. */
#define ABBREV_BYTES_MAX ((uint64_t)256 << 20)

/* Of DIEs that check_below descends into. */
#define NESTING_MAX 128

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

bool die_is_alt(uint64_t offset)
{
	return offset >= ALT_OFFSET;
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
