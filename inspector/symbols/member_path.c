#include "inspector/symbols/member_path.h"

#include <string.h>

/* Anonymous structs in anonymous unions: real code nests three. */
#define ANONYMOUS_MAX 16

/* A member that was found, and where its struct begins. */
struct place {
	const struct type_member *member;
	uint64_t bit; /* of the member, in bits from the start of the outermost type */
};

/* type: an aggregate that begins at bit. */
static bool find_member(struct type_table *table, const struct type *type, const char *name, size_t length,
	uint64_t bit, size_t depth, struct place *place)
{
	size_t i;

	if (depth == ANONYMOUS_MAX || !type_table_spend(table, 1 + type->count))
		return false;
	for (i = 0; i < type->count; i++) {
		const struct type_member *member = &type->members[i];
		const struct type *inner;

		if (member->name) {
			if (strncmp(member->name, name, length) || member->name[length])
				continue;
			place->member = member;
			place->bit = bit + member->bit;
			return member->has_offset;
		}
		inner = type_resolved(table, member->type);
		if (inner->form == TYPE_AGGREGATE && member->has_offset &&
			find_member(table, inner, name, length, bit + member->bit, depth + 1, place))
			return true;
	}
	return false;
}

/* The bytes from the one with the lowest bit on; 1, 2, 4 or 8 of them, which reach over the field. They are
 * moved down where they would end behind the struct: it may be the last thing in a mapping. */
static bool place_bits(const struct place *place, uint64_t struct_size, struct type_answer *answer)
{
	uint64_t offset = place->bit / 8, bit = place->bit % 8, end = place->bit + place->member->bits;
	uint64_t size = 1;

	while (size < 8 && size * 8 < bit + place->member->bits)
		size *= 2;
	if (offset + size > struct_size && size <= struct_size)
		offset = struct_size - size;
	if (offset * 8 + size * 8 < end) {
		/* A field of 58 bits or more that begins within a byte: the unit that it was declared in. */
		offset = place->bit / 64 * 8;
		if (offset * 8 + size * 8 < end)
			return false;
	}
	answer->offset = (uint32_t)offset;
	answer->size = (uint32_t)size;
	answer->bit = (uint8_t)(place->bit - offset * 8);
	answer->bits = (uint8_t)place->member->bits;
	return true;
}

static bool answer_place(struct type_table *table, const struct type *outer, enum query_kind kind,
	const struct place *place, struct type_answer *answer)
{
	const struct type *type = type_resolved(table, place->member->type);
	struct type_answer found = {.is_found = true};
	uint64_t size = 0;

	if (kind == QUERY_STRIDE) {
		if (!type_stride(table, type, &size) || size > TYPE_SIZE_MAX)
			return false;
		found.size = (uint32_t)size;
	} else if (place->member->bits) {
		if (!place_bits(place, outer->size, &found))
			return false;
	} else {
		if (!type_size(table, type, &size) || size > TYPE_SIZE_MAX)
			return false;
		found.offset = (uint32_t)(place->bit / 8);
		found.size = (uint32_t)size;
	}
	/* Damage: readers make sure of a struct, and then take its members. */
	if (kind != QUERY_STRIDE && (uint64_t)found.offset + found.size > outer->size)
		return false;
	*answer = found;
	return true;
}

bool member_path_find(struct type_table *table, const struct type *type, enum query_kind kind,
	const char *path, size_t length, struct type_answer *answer)
{
	const struct type *outer = type;
	const char *end = path + length;
	struct place place = {.bit = 0};

	for (;;) {
		const char *dot = memchr(path, '.', (size_t)(end - path));
		size_t part = (size_t)((dot ? dot : end) - path);

		if (type->form != TYPE_AGGREGATE || !type->is_complete || !part)
			return false;
		if (!find_member(table, type, path, part, place.bit, 0, &place) ||
			place.bit > TYPE_SIZE_MAX * 8)
			return false;
		if (!dot)
			return answer_place(table, outer, kind, &place, answer);
		if (place.member->bits)
			return false;
		path = dot + 1;
		type = type_resolved(table, place.member->type);
		for (size_t depth = 0; type->form == TYPE_ARRAY && depth < ANONYMOUS_MAX; depth++)
			type = type_resolved(table, type->target);
	}
}
