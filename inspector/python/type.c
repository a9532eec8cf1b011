#include "inspector/python/type.h"

#include "inspector/python/dict.h"
#include "inspector/python/era.h"
#include "inspector/python/memory.h"
#include "inspector/python/refs_rows.h"
#include "inspector/python/str.h"
#include "inspector/python/type_members.h"

#include <stdlib.h>
#include <string.h>

/* Include/object.h. The bits that are used have meant the same since they exist. */
#define FLAG_INLINE_VALUES (UINT64_C(1) << 2)
#define FLAG_MANAGED_DICT  (UINT64_C(1) << 4)
#define FLAG_HEAPTYPE	   (UINT64_C(1) << 9)
#define FLAG_HAVE_GC	   (UINT64_C(1) << 14)
#define FLAG_INT	   (UINT64_C(1) << 24)
#define FLAG_LIST	   (UINT64_C(1) << 25)
#define FLAG_TUPLE	   (UINT64_C(1) << 26)
#define FLAG_STR	   (UINT64_C(1) << 28)
#define FLAG_DICT	   (UINT64_C(1) << 29)
#define FLAG_EXCEPTION	   (UINT64_C(1) << 30)
#define FLAG_TYPE	   (UINT64_C(1) << 31)

#define NAME_LIMIT 4096
#define BASES_MAX  256
#define MRO_MAX	   4096
/* No object is larger but a Cython class with arrays inside (uvloop.loop.Loop has 256512 bytes). */
#define BASICSIZE_MAX ((uint64_t)1 << 24)
/* Of an unknown C type so much is scanned: its object pointers come first in practice. */
#define SCAN_MAX 4096

static const struct {
	const char *name;
	enum type_kind kind;
} kind_names[] = {
#define KIND(kind, name) {name, KIND_##kind},
#include "inspector/python/kinds.def"
#undef KIND
};

static enum type_kind kind_of_name(const char *tp_name)
{
	for (size_t i = 0; i < sizeof(kind_names) / sizeof(kind_names[0]); i++)
		if (kind_names[i].name[0] == tp_name[0] && strcmp(kind_names[i].name, tp_name) == 0)
			return kind_names[i].kind;
	return KIND_UNKNOWN;
}

/* A type's type is type or a metaclass: its flags say so. */
static bool is_type_object(struct python *py, uint64_t address, struct error *err)
{
	uint64_t meta, flags;

	if (!read_pointer(py, address, FIELD_object_type, &meta, err) ||
		!read_unsigned(py, meta, FIELD_type_flags, &flags, err))
		return false;
	if (flags & FLAG_TYPE)
		return true;
	return error_at(
		err, ERROR_CORRUPT, address, "the object at 0x%llx is no type", (unsigned long long)address);
}

static const char *dotted_tail(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && dot[1] ? dot + 1 : name;
}

/* "module.qualname" of a class, as Python's own repr of it; tp_name when either cannot be read. */
static const char *class_full_name(struct python *py, const struct body *heap, const char *tp_name)
{
	uint64_t dict = body_pointer(py, heap, FIELD_type_dict), module;
	uint64_t qualname = body_pointer(py, heap, FIELD_heaptype_qualname);
	const char *qual, *mod;

	qual = pystr_arena(py, qualname, NAME_LIMIT, NULL);
	if (!qual)
		return tp_name;
	if (!pydict_get(py, dict, "__module__", &module, NULL))
		return qual;
	mod = pystr_arena(py, module, NAME_LIMIT, NULL);
	if (!mod || strcmp(mod, "builtins") == 0)
		return qual;
	return arena_printf(py->arena, "%s.%s", mod, qual);
}

/* The C part: which kind it is, and which bytes of an instance nobody can tell us about. */
static void set_kind(struct python *py, struct pytype *type, const char *tp_name)
{
	enum type_kind own = type->is_python ? KIND_UNKNOWN : kind_of_name(tp_name);
	const struct pytype *base = type->base;
	uint64_t from;

	if (own != KIND_UNKNOWN) {
		type->kind = own;
		type->is_exact = true;
		return;
	}
	type->kind = base ? base->kind : KIND_UNKNOWN;
	type->scan_from = base ? base->scan_from : 0;
	type->scan_to = base ? base->scan_to : 0;
	if (type->is_python)
		return;
	/* A C type of its own: what it adds to its base is unknown, and its kind, when the base is plain. */
	from = base ? base->basicsize : python_sizeof(py, FIELD_sizeof_object);
	if (type->kind == KIND_OBJECT)
		type->kind = KIND_UNKNOWN;
	if (type->scan_from == type->scan_to)
		type->scan_from = (uint32_t)from;
	type->scan_to = (uint32_t)(type->basicsize > type->scan_from + SCAN_MAX ? type->scan_from + SCAN_MAX
										: type->basicsize);
	if (type->scan_to < type->scan_from)
		type->scan_to = type->scan_from;
}

/* Objects/typeobject.c, PyType_FromMetaclass: from 3.11 on _ht_tpname holds the copy of the spec's name that
 * tp_name points to, and type_new leaves it NULL. Before, a spec's name stays in the file that it was
 * compiled into, and that of a class is in its str on the heap. */
static bool is_class(struct python *py, const struct body *heap, uint64_t name_address)
{
	const struct mapping *mapping;
	uint64_t spec_name;

	if (!python_has(py, FIELD_heaptype_spec_name)) {
		mapping = target_find_mapping(py->target, name_address);
		return !mapping || mapping->path[0] != '/';
	}
	spec_name = body_pointer(py, heap, FIELD_heaptype_spec_name);
	return spec_name == 0 || spec_name != name_address;
}

static bool read_heap_part(struct python *py, struct pytype *type, const char *tp_name, uint64_t name_address)
{
	size_t size = python_sizeof(py, FIELD_sizeof_type);
	const enum field_id last[] = {FIELD_heaptype_qualname, FIELD_heaptype_cached_keys,
		FIELD_heaptype_spec_name, FIELD_heaptype_name};
	struct body heap;

	for (size_t i = 0; i < sizeof(last) / sizeof(last[0]); i++)
		if (python_has(py, last[i]) && python_field(py, last[i])->offset + 8 > size)
			size = python_field(py, last[i])->offset + 8;
	if (!body_open(py, type->address, size, &heap, NULL))
		return false;
	type->is_python = is_class(py, &heap, name_address);
	type->cached_keys = body_pointer(py, &heap, FIELD_heaptype_cached_keys);
	type->full_name = class_full_name(py, &heap, tp_name);
	return true;
}

static struct pytype *read_type(struct python *py, uint64_t address, struct error *err);

static __attribute__((noinline)) const struct pytype *learn_type(
	struct python *py, uint64_t address, struct error *err)
{
	struct pytype *type;

	if (addrmap_get(&py->types, address, NULL)) {
		error_at(err, ERROR_CORRUPT, address, "the object at 0x%llx is no type",
			(unsigned long long)address);
		return NULL;
	}
	/* To read a type is to read its bases, and the types of the strings that name it. */
	if (py->types_open > BASES_MAX) {
		error_at(err, ERROR_CORRUPT, address, "the bases of a type do not end");
		return NULL;
	}
	/* Until it is read it counts as no type: a base that leads back here is damage. */
	addrmap_put(&py->types, address, 0);
	py->types_open++;
	type = read_type(py, address, err);
	py->types_open--;
	addrmap_put(&py->types, address, (uint64_t)(uintptr_t)type);
	return type;
}

const struct pytype *pytype_at(struct python *py, uint64_t address, struct error *err)
{
	uint64_t known;

	return addrmap_get(&py->types, address, &known) && known ? (const struct pytype *)(uintptr_t)known
								 : learn_type(py, address, err);
}

static struct pytype *read_type(struct python *py, uint64_t address, struct error *err)
{
	struct pytype *type;
	struct body body;
	const char *tp_name;
	uint64_t name_address, base;

	if (!is_type_object(py, address, err) ||
		!body_open(py, address, python_sizeof(py, FIELD_sizeof_type), &body, err))
		return NULL;
	name_address = body_pointer(py, &body, FIELD_type_name);
	tp_name = read_cstring(py, name_address, NAME_LIMIT, err);
	if (!tp_name)
		return NULL;
	type = arena_alloc(py->arena, sizeof(*type));
	type->address = address;
	type->name = dotted_tail(tp_name);
	type->full_name = tp_name;
	type->basicsize = body_unsigned(py, &body, FIELD_type_basicsize);
	type->itemsize = body_unsigned(py, &body, FIELD_type_itemsize);
	type->flags = body_unsigned(py, &body, FIELD_type_flags);
	type->mro = body_pointer(py, &body, FIELD_type_mro);
	type->is_heap = type->flags & FLAG_HEAPTYPE;
	type->has_gc = type->flags & FLAG_HAVE_GC;
	/* The bit means nothing before 3.11. */
	type->has_managed_dict = py->era->managed_storage && type->flags & FLAG_MANAGED_DICT;
	type->has_inline_values = py->era->has_embedded_values && type->flags & FLAG_INLINE_VALUES;
	if (!type->has_managed_dict)
		type->dictoffset = body_signed(py, &body, FIELD_type_dictoffset);
	if (type->basicsize > BASICSIZE_MAX || type->itemsize > BASICSIZE_MAX ||
		type->basicsize < python_sizeof(py, FIELD_sizeof_object)) {
		error_at(err, ERROR_CORRUPT, address, "type %s has an impossible size", tp_name);
		return NULL;
	}
	base = body_pointer(py, &body, FIELD_type_base);
	if (base)
		type->base = pytype_at(py, base, NULL);
	if (type->is_heap)
		read_heap_part(py, type, tp_name, name_address);
	set_kind(py, type, tp_name);
	refs_rows_of_kind(type->kind, &type->refs_first, &type->refs_end);
	type_members_read(py, type, body_pointer(py, &body, FIELD_type_members));
	return type;
}

static const struct pytype *known_type(const struct python *py, uint64_t address)
{
	uint64_t known;

	return addrmap_get(&py->types, address, &known) ? (const struct pytype *)(uintptr_t)known : NULL;
}

/* A copy in the arena of py; base: what py knows of its base. */
static const struct pytype *copy_type(
	struct python *py, const struct pytype *other, const struct pytype *base)
{
	struct pytype *type = arena_alloc(py->arena, sizeof(*type));
	struct type_member *members;

	*type = *other;
	type->base = base;
	type->name = arena_strdup(py->arena, other->name);
	type->full_name = arena_strdup(py->arena, other->full_name);
	if (other->member_count) {
		members = arena_alloc(py->arena, other->member_count * sizeof(*members));
		for (size_t i = 0; i < other->member_count; i++) {
			members[i] = other->members[i];
			members[i].name = arena_strdup(py->arena, other->members[i].name);
		}
		type->members = members;
	}
	addrmap_put(&py->types, type->address, (uint64_t)(uintptr_t)type);
	return type;
}

/* Bases come first. A chain of them ends, for a type is read when its base is, but it may be long. */
const struct pytype *pytype_adopt(struct python *py, const struct pytype *other)
{
	const struct pytype **chain = NULL, *type = NULL;
	size_t count = 0, capacity = 0;

	for (; other && !(type = known_type(py, other->address)); other = other->base) {
		chain = grow_array(chain, &capacity, count + 1, sizeof(*chain));
		chain[count++] = other;
	}
	while (count > 0)
		type = copy_type(py, chain[--count], type);
	free(chain);
	return type;
}

const struct pytype *pytype_of(struct python *py, uint64_t object, struct error *err)
{
	const struct field *field = python_field(py, FIELD_object_type);
	uint64_t type;

	if (field->offset == NO_OFFSET) {
		error_no_field(py, FIELD_object_type, err);
		return NULL;
	}
	if (!target_read(py->target, object + field->offset, &type, sizeof(type), err))
		return NULL;
	return pytype_at(py, type, err);
}

bool pytype_is_subtype(struct python *py, const struct pytype *type, uint64_t ancestor)
{
	uint64_t items, count, entry;

	if (!type || !ancestor)
		return false;
	if (type->address == ancestor)
		return true;
	if (!read_unsigned(py, type->mro, FIELD_var_size, &count, NULL) || count > MRO_MAX)
		return false;
	items = type->mro + python_field(py, FIELD_tuple_items)->offset;
	for (uint64_t i = 0; i < count; i++) {
		if (!read_word(py, items + 8 * i, &entry, NULL))
			return false;
		if (entry == ancestor)
			return true;
	}
	return false;
}

bool pytype_has_base(struct python *py, const struct pytype *type, const char *full_name)
{
	uint64_t items, count, entry;

	if (!type)
		return false;
	if (strcmp(type->full_name, full_name) == 0)
		return true;
	if (!read_unsigned(py, type->mro, FIELD_var_size, &count, NULL) || count > MRO_MAX)
		return false;
	items = type->mro + python_field(py, FIELD_tuple_items)->offset;
	for (uint64_t i = 0; i < count; i++) {
		const struct pytype *base =
			read_word(py, items + 8 * i, &entry, NULL) ? pytype_at(py, entry, NULL) : NULL;

		if (base && strcmp(base->full_name, full_name) == 0)
			return true;
	}
	return false;
}

bool pytype_is_str(const struct pytype *type)
{
	return type && type->flags & FLAG_STR;
}

bool pytype_is_tuple(const struct pytype *type)
{
	return type && type->flags & FLAG_TUPLE;
}

bool pytype_is_list(const struct pytype *type)
{
	return type && type->flags & FLAG_LIST;
}

bool pytype_is_dict(const struct pytype *type)
{
	return type && type->flags & FLAG_DICT;
}

bool pytype_is_int(const struct pytype *type)
{
	return type && type->flags & FLAG_INT;
}

bool pytype_is_exception(const struct pytype *type)
{
	return type && type->flags & FLAG_EXCEPTION;
}

bool pytype_is_type(const struct pytype *type)
{
	return type && type->flags & FLAG_TYPE;
}
