#include "inspector/symbols/type_table.h"

#include "inspector/base/addrmap.h"
#include "inspector/base/alloc.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

/* DIEs, members, types and comparisons. All questions about a CPython cost about a fortieth of it. */
#define BUDGET ((size_t)20 << 20)

/* typedef to const to typedef ...: real chains have five links. */
#define CHAIN_MAX 64

struct type_table {
	struct die_reader *reader; /* borrowed */
	struct arena *arena;	   /* owned */
	struct addrmap types;	   /* offset -> struct type *, in the arena */
	size_t budget;
};

static const struct type unknown_type = {.form = TYPE_UNKNOWN, .offset = TYPE_NONE, .target = TYPE_NONE};

struct type_table *type_table_create(struct die_reader *reader)
{
	struct type_table *table = xcalloc(1, sizeof(*table));

	table->reader = reader;
	table->arena = arena_create();
	table->budget = BUDGET;
	return table;
}

void type_table_destroy(struct type_table *table)
{
	if (!table)
		return;
	addrmap_deinit(&table->types);
	arena_destroy(table->arena);
	free(table);
}

bool type_table_spend(struct type_table *table, size_t cost)
{
	table->budget = table->budget > cost ? table->budget - cost : 0;
	return table->budget;
}

static uint64_t type_of(struct type_table *table, die_handle die)
{
	uint64_t offset;

	return die_type(table->reader, die, &offset) ? offset : TYPE_NONE;
}

/* DWARF 4 counts a bit-field's place from the start of the struct. Before, it was the distance of the field's
 * highest bit from the highest bit of a storage unit of DW_AT_byte_size bytes, which lies at the member's
 * location; written for big-endian machines, and still what GCC emits for -gdwarf-3 and less. */
static void read_place(struct type_table *table, die_handle die, struct type_member *member)
{
	int64_t number, unit, bits = 0;
	uint64_t location = 0;
	bool has_location = die_location(table->reader, die, &location);

	/* No location: the start, as in a union. One that was not understood: unknown. */
	member->has_offset = has_location || !die_has(table->reader, die, DW_AT_data_member_location);
	if (location > UINT32_MAX)
		member->has_offset = false;
	member->bit = location * 8;
	if (!die_number(table->reader, die, DW_AT_bit_size, &bits))
		return;
	member->bits = bits > 0 && bits <= 64 ? (uint32_t)bits : 0;
	if (!member->bits)
		member->has_offset = false;
	if (die_number(table->reader, die, DW_AT_data_bit_offset, &number)) {
		if (number < 0 || number > (int64_t)UINT32_MAX * 8)
			member->has_offset = false;
		else
			member->bit += (uint64_t)number;
	} else if (die_number(table->reader, die, DW_AT_bit_offset, &number)) {
		if (!die_number(table->reader, die, DW_AT_byte_size, &unit) || unit <= 0 || unit > 16 ||
			number < -128 || number > 128 || (int64_t)member->bit + unit * 8 - number - bits < 0)
			member->has_offset = false;
		else
			member->bit += (uint64_t)(unit * 8 - number - bits);
	}
}

static void read_members(struct type_table *table, die_handle die, struct type *type)
{
	struct type_member *members = NULL;
	size_t capacity = 0;
	die_handle child;
	enum die_step step = die_child(table->reader, die, &child, NULL);

	for (; step == DIE_FOUND; step = die_next_sibling(table->reader, &child, NULL)) {
		struct type_member *member;

		if (!type_table_spend(table, 1)) {
			die_free(table->reader, child);
			break;
		}
		if (die_tag(table->reader, child) != DW_TAG_member)
			continue;
		members = grow_array(members, &capacity, type->count + 1, sizeof(*members));
		member = &members[type->count++];
		memset(member, 0, sizeof(*member));
		member->name = die_name(table->reader, child);
		member->type = type_of(table, child);
		read_place(table, child, member);
	}
	if (type->count) {
		struct type_member *kept = arena_alloc(table->arena, type->count * sizeof(*kept));

		memcpy(kept, members, type->count * sizeof(*kept));
		type->members = kept;
	}
	free(members);
}

static void read_enumerators(struct type_table *table, die_handle die, struct type *type)
{
	struct type_enumerator *enumerators = NULL;
	size_t capacity = 0;
	die_handle child;
	enum die_step step = die_child(table->reader, die, &child, NULL);

	for (; step == DIE_FOUND; step = die_next_sibling(table->reader, &child, NULL)) {
		struct type_enumerator one = {.name = NULL};

		if (!type_table_spend(table, 1)) {
			die_free(table->reader, child);
			break;
		}
		if (die_tag(table->reader, child) != DW_TAG_enumerator)
			continue;
		one.name = die_name(table->reader, child);
		if (!one.name || !die_number(table->reader, child, DW_AT_const_value, &one.value))
			continue;
		enumerators = grow_array(enumerators, &capacity, type->count + 1, sizeof(*enumerators));
		enumerators[type->count++] = one;
	}
	if (type->count) {
		struct type_enumerator *kept = arena_alloc(table->arena, type->count * sizeof(*kept));

		memcpy(kept, enumerators, type->count * sizeof(*kept));
		type->enumerators = kept;
	}
	free(enumerators);
}

/* The elements of one dimension; 0 when the file does not tell. */
static uint64_t dimension(struct type_table *table, die_handle subrange)
{
	int64_t number, lower = 0;

	if (die_number(table->reader, subrange, DW_AT_count, &number))
		return number > 0 ? (uint64_t)number : 0;
	if (!die_number(table->reader, subrange, DW_AT_upper_bound, &number))
		return 0;
	die_number(table->reader, subrange, DW_AT_lower_bound, &lower);
	/* "No elements" is an upper bound of -1, in whatever width. */
	if (number < lower || number > (int64_t)UINT32_MAX - 1 || lower < INT32_MIN || lower > INT32_MAX)
		return 0;
	return (uint64_t)(number - lower) + 1;
}

static void read_dimensions(struct type_table *table, die_handle die, struct type *type)
{
	die_handle child;
	enum die_step step = die_child(table->reader, die, &child, NULL);
	bool is_first = true;

	type->row = 1;
	for (; step == DIE_FOUND; step = die_next_sibling(table->reader, &child, NULL)) {
		uint64_t count;

		if (!type_table_spend(table, 1)) {
			die_free(table->reader, child);
			break;
		}
		if (die_tag(table->reader, child) != DW_TAG_subrange_type)
			continue;
		count = dimension(table, child);
		if (is_first)
			type->rows = count;
		else if (__builtin_mul_overflow(type->row, count, &type->row) || type->row > UINT32_MAX)
			type->row = 0;
		is_first = false;
	}
}

static void read_type(struct type_table *table, die_handle die, struct type *type)
{
	int64_t size;

	type->is_complete = !die_has(table->reader, die, DW_AT_declaration);
	if (die_number(table->reader, die, DW_AT_byte_size, &size) && size >= 0)
		type->size = (uint64_t)size;
	switch (die_tag(table->reader, die)) {
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
		type->form = TYPE_AGGREGATE;
		read_members(table, die, type);
		break;
	case DW_TAG_enumeration_type:
		type->form = TYPE_ENUM;
		read_enumerators(table, die, type);
		break;
	case DW_TAG_typedef:
	case DW_TAG_const_type:
	case DW_TAG_volatile_type:
	case DW_TAG_restrict_type:
	case DW_TAG_atomic_type:
		type->form = TYPE_ALIAS;
		type->target = type_of(table, die);
		break;
	case DW_TAG_array_type:
		type->form = TYPE_ARRAY;
		type->target = type_of(table, die);
		read_dimensions(table, die, type);
		break;
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type:
		type->form = TYPE_SCALAR;
		if (!type->size)
			type->size = 8;
		break;
	case DW_TAG_base_type:
		type->form = TYPE_SCALAR;
		break;
	default:
		break;
	}
}

const struct type *type_at(struct type_table *table, uint64_t offset)
{
	struct type *type;
	die_handle die;
	uint64_t known;

	if (offset == TYPE_NONE)
		return &unknown_type;
	if (addrmap_get(&table->types, offset, &known))
		return (const struct type *)(uintptr_t)known;
	/* libdwarf looks for the unit of an offset in a list. */
	if (!type_table_spend(table, 1 + die_units(table->reader) / 16))
		return &unknown_type;
	type = arena_alloc(table->arena, sizeof(*type));
	type->offset = offset;
	type->target = TYPE_NONE;
	addrmap_put(&table->types, offset, (uintptr_t)type);
	die = die_at(table->reader, offset);
	if (die) {
		read_type(table, die, type);
		die_free(table->reader, die);
	}
	return type;
}

const struct type *type_resolved(struct type_table *table, uint64_t offset)
{
	const struct type *type = type_at(table, offset);

	for (size_t links = 0; type->form == TYPE_ALIAS; links++) {
		if (links == CHAIN_MAX)
			return &unknown_type;
		type = type_at(table, type->target);
	}
	return type;
}

bool type_stride(struct type_table *table, const struct type *array, uint64_t *size)
{
	const struct type *element;
	uint64_t total = array->row;

	if (array->form != TYPE_ARRAY)
		return false;
	/* Arrays of arrays, where an inner one has a name of its own. */
	element = type_resolved(table, array->target);
	for (size_t links = 0; element->form == TYPE_ARRAY; links++) {
		if (links == CHAIN_MAX || __builtin_mul_overflow(total, element->rows, &total) ||
			__builtin_mul_overflow(total, element->row, &total))
			return false;
		element = type_resolved(table, element->target);
	}
	if (element->form == TYPE_UNKNOWN || !element->is_complete)
		return false;
	return !__builtin_mul_overflow(total, element->size, size);
}

bool type_size(struct type_table *table, const struct type *type, uint64_t *size)
{
	if (type->form == TYPE_ALIAS)
		type = type_resolved(table, type->target);
	if (type->form == TYPE_ARRAY)
		return type_stride(table, type, size) && !__builtin_mul_overflow(*size, type->rows, size);
	if (type->form == TYPE_UNKNOWN || !type->is_complete)
		return false;
	*size = type->size;
	return true;
}
