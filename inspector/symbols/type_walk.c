#include "inspector/symbols/type_walk.h"

#include "inspector/base/addrmap.h"
#include "inspector/symbols/die_reader.h"
#include "inspector/symbols/type_table.h"
#include "inspector/symbols/wanted.h"

#include <dwarf.h>

struct walk {
	struct die_reader *reader;
	struct type_table *table;
	struct wanted *wanted;
	struct addrmap enums;	/* fingerprints of enums that were read */
	struct addrmap imports; /* units of the other file: 0 to be walked, 1 it was */
	const char *path;
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 32;
}

/* Where the source defines a type: the same type of another unit has the same size, line and column. (The
 * number of the source file differs from unit to unit.) Without a line every definition is its own. */
static uint64_t fingerprint(struct walk *walk, die_handle die)
{
	int64_t line = 0, column = 0, size = 0;

	if (!die_number(walk->reader, die, DW_AT_decl_line, &line))
		return die_offset(walk->reader, die);
	die_number(walk->reader, die, DW_AT_decl_column, &column);
	die_number(walk->reader, die, DW_AT_byte_size, &size);
	return mix(mix(mix(die_tag(walk->reader, die), (uint64_t)line), (uint64_t)column), (uint64_t)size);
}

/* Enums are many, mostly nameless, and asked through: the first enumerator tells them apart. */
static void look_into_enum(struct walk *walk, die_handle die)
{
	uint64_t hash;
	die_handle child;
	const char *name;

	if (!wanted_any_enum(walk->wanted) || die_child(walk->reader, die, &child, NULL) != DIE_FOUND)
		return;
	hash = fingerprint(walk, die);
	name = die_name(walk->reader, child);
	for (size_t i = 0; name && i < 256 && name[i]; i++)
		hash = mix(hash, (unsigned char)name[i]);
	die_free(walk->reader, child);
	if (addrmap_put(&walk->enums, hash & INT64_MAX, 0))
		wanted_try_enum(walk->wanted, type_at(walk->table, die_offset(walk->reader, die)));
}

static void look_at_definition(struct walk *walk, die_handle die, struct wanted_name *name)
{
	if (die_has(walk->reader, die, DW_AT_declaration))
		return;
	if (wanted_is_new(walk->wanted, name, fingerprint(walk, die)))
		wanted_try(
			walk->wanted, name, walk->table, type_at(walk->table, die_offset(walk->reader, die)));
}

/* A typedef in one unit may lead to a declaration, and in another to the struct. */
static void look_behind_typedef(struct walk *walk, die_handle die, struct wanted_name *name)
{
	const struct type *type;
	uint64_t target;
	die_handle end;

	if (!die_type(walk->reader, die, &target))
		return;
	type = type_resolved(walk->table, target);
	if (type->form == TYPE_UNKNOWN || !type->is_complete)
		return;
	end = die_at(walk->reader, type->offset);
	if (!end)
		return;
	if (wanted_is_new(walk->wanted, name, fingerprint(walk, end)))
		wanted_try(walk->wanted, name, walk->table, type);
	die_free(walk->reader, end);
}

static void look_at(struct walk *walk, die_handle die)
{
	uint16_t tag = die_tag(walk->reader, die);
	struct wanted_name *wanted;
	const char *name;
	uint64_t unit;

	switch (tag) {
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
	case DW_TAG_typedef:
		break;
	case DW_TAG_imported_unit:
		/* Those of this file are walked in any case. */
		if (die_import(walk->reader, die, &unit) && die_is_alt(unit) &&
			!addrmap_get(&walk->imports, unit, NULL))
			addrmap_put(&walk->imports, unit, 0);
		return;
	default:
		return;
	}
	if (tag == DW_TAG_enumeration_type)
		look_into_enum(walk, die);
	name = die_name(walk->reader, die);
	wanted = name ? wanted_find(walk->wanted, name) : NULL;
	if (!wanted)
		return;
	if (tag == DW_TAG_typedef)
		look_behind_typedef(walk, die, wanted);
	else
		look_at_definition(walk, die, wanted);
}

static bool walk_unit(struct walk *walk, die_handle root, struct error *err)
{
	die_handle die;
	enum die_step step = die_child(walk->reader, root, &die, err);

	for (; step == DIE_FOUND; step = die_next_sibling(walk->reader, &die, err)) {
		look_at(walk, die);
		if (!type_table_spend(walk->table, 1)) {
			die_free(walk->reader, die);
			return error_set(
				err, ERROR_LIMIT, "the types described in %s are endless", walk->path);
		}
	}
	return step == DIE_END;
}

static bool walk_units(struct walk *walk, struct error *err)
{
	die_handle root;
	enum die_step step;

	while ((step = die_next_unit(walk->reader, &root, err)) == DIE_FOUND) {
		bool is_walked = walk_unit(walk, root, err);

		die_free(walk->reader, root);
		if (!is_walked)
			return false;
	}
	return step == DIE_END;
}

/* Other programs have theirs in that file, too, with structs of the same names. A unit that is imported may
 * import others, before it and behind it. */
static bool walk_imports(struct walk *walk, struct error *err)
{
	bool is_any = true;

	while (is_any) {
		die_handle root;
		enum die_step step;

		is_any = false;
		while ((step = die_next_alt_unit(walk->reader, &root, err)) == DIE_FOUND) {
			uint64_t unit = die_offset(walk->reader, root), state;
			bool is_walked = true;

			if (addrmap_get(&walk->imports, unit, &state) && !state) {
				addrmap_put(&walk->imports, unit, 1);
				is_any = true;
				is_walked = walk_unit(walk, root, err);
			}
			die_free(walk->reader, root);
			if (!is_walked || !type_table_spend(walk->table, 1))
				return false;
		}
		if (step == DIE_FAILED)
			return false;
	}
	return true;
}

bool type_walk_run(const struct image *image, const struct image *alt, const struct type_query *queries,
	size_t count, struct type_answer *answers, struct error *err)
{
	struct walk walk = {.path = image_path(image)};
	bool is_done;

	walk.reader = die_reader_open(image, alt, err);
	if (!walk.reader)
		return false;
	walk.table = type_table_create(walk.reader);
	walk.wanted = wanted_create(queries, count);
	is_done = walk_units(&walk, err) && walk_imports(&walk, err);
	if (is_done)
		wanted_answers(walk.wanted, answers);
	addrmap_deinit(&walk.enums);
	addrmap_deinit(&walk.imports);
	wanted_destroy(walk.wanted);
	type_table_destroy(walk.table);
	die_reader_close(walk.reader);
	return is_done;
}
