#include "inspector/python/type_members.h"

#include "inspector/python/memory.h"

#include <stdlib.h>
#include <string.h>

/* Include/structmember.h, Include/descrobject.h: T_OBJECT and T_OBJECT_EX. */
#define MEMBER_OBJECT	 6
#define MEMBER_OBJECT_EX 16

#define MEMBERS_MAX 4096
#define NAME_LIMIT  1024

static bool read_member(
	struct python *py, uint64_t at, const struct pytype *type, struct type_member *member, bool *is_end)
{
	uint64_t name, kind, offset;

	*is_end = !read_pointer(py, at, FIELD_memberdef_name, &name, NULL) || !name ||
		  !read_unsigned(py, at, FIELD_memberdef_type, &kind, NULL) ||
		  !read_unsigned(py, at, FIELD_memberdef_offset, &offset, NULL);
	if (*is_end || (kind != MEMBER_OBJECT && kind != MEMBER_OBJECT_EX))
		return false;
	if (offset < python_sizeof(py, FIELD_sizeof_object) || offset % 8 || offset > type->basicsize - 8)
		return false;
	member->offset = (uint32_t)offset;
	member->name = read_cstring(py, name, NAME_LIMIT, NULL);
	if (!member->name)
		member->name = arena_printf(py->arena, "<member at +%u>", member->offset);
	return true;
}

static int by_offset(const void *a, const void *b)
{
	const struct type_member *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

void type_members_read(struct python *py, struct pytype *type, uint64_t table)
{
	size_t inherited = type->base ? type->base->member_count : 0, count = inherited, capacity = 0;
	struct type_member *found = NULL, *kept;
	bool is_end = table == 0 || type->is_exact;

	if (type->is_exact)
		inherited = count = 0;
	found = grow_array(found, &capacity, count + 1, sizeof(*found));
	if (inherited)
		memcpy(found, type->base->members, inherited * sizeof(*found));
	for (size_t i = 0; i < MEMBERS_MAX && !is_end; i++) {
		struct type_member member;

		if (!read_member(py, table + i * python_sizeof(py, FIELD_sizeof_memberdef), type, &member,
			    &is_end))
			continue;
		found = grow_array(found, &capacity, count + 1, sizeof(*found));
		found[count++] = member;
	}
	if (count) {
		qsort(found, count, sizeof(*found), by_offset);
		kept = arena_alloc(py->arena, count * sizeof(*kept));
		memcpy(kept, found, count * sizeof(*kept));
		type->members = kept;
		type->member_count = count;
	}
	free(found);
}
