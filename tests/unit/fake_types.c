#include "tests/unit/fake_python.h"

#include <check.h>
#include <string.h>

#define HEAP_TYPE_SIZE 928 /* sizeof(PyHeapTypeObject) of 3.13, the largest */

#define INLINE_VALUES (UINT64_C(1) << 2)
#define MANAGED_DICT  (UINT64_C(1) << 4)
#define HEAPTYPE      (UINT64_C(1) << 9)
#define GC	      (UINT64_C(1) << 14)
#define INT	      (UINT64_C(1) << 24)
#define LIST	      (UINT64_C(1) << 25)
#define TUPLE	      (UINT64_C(1) << 26)
#define BYTES	      (UINT64_C(1) << 27)
#define STR	      (UINT64_C(1) << 28)
#define DICT	      (UINT64_C(1) << 29)
#define EXCEPTION     (UINT64_C(1) << 30)
#define TYPE	      (UINT64_C(1) << 31)
#define SUBCLASS_BITS (INT | LIST | TUPLE | BYTES | STR | DICT | EXCEPTION | TYPE)

/* What their __basicsize__ is, or is at most, in the three versions. */
static const struct builtin {
	const char *name;
	uint32_t basicsize, itemsize;
	uint64_t flags;
	int64_t dictoffset;
} builtins[] = {
	{"object", 16, 0, 0, 0},
	{"type", 928, 40, TYPE | GC, 264},
	{"NoneType", 16, 0, 0, 0},
	{"ellipsis", 16, 0, 0, 0},
	{"NotImplementedType", 16, 0, 0, 0},
	{"int", 24, 4, INT, 0},
	{"bool", 24, 4, INT, 0},
	{"float", 24, 0, 0, 0},
	{"complex", 32, 0, 0, 0},
	{"str", 64, 0, STR, 0},
	{"bytes", 33, 1, BYTES, 0},
	{"bytearray", 56, 0, 0, 0},
	{"list", 40, 0, LIST | GC, 0},
	{"tuple", 24, 8, TUPLE | GC, 0},
	{"dict", 48, 0, DICT | GC, 0},
	{"collections.OrderedDict", 112, 0, DICT | GC, 96},
	{"collections.defaultdict", 56, 0, DICT | GC, 0},
	{"set", 200, 0, GC, 0},
	{"frozenset", 200, 0, GC, 0},
	{"collections.deque", 216, 0, GC, 0},
	{"cell", 24, 0, GC, 0},
	{"function", 136, 0, GC, 88},
	{"method", 48, 0, GC, 0},
	{"builtin_function_or_method", 56, 0, GC, 0},
	{"module", 56, 0, GC, 16},
	{"weakref", 64, 0, GC, 0},
	{"functools.partial", 64, 0, GC, 40},
	{"functools._lru_cache_wrapper", 152, 0, GC, 136},
	{"BaseException", 72, 0, EXCEPTION | GC, 16},
	{"traceback", 40, 0, GC, 0},
	{"frame", 72, 8, GC, 0},
	{"code", 184, 2, 0, 0},
	{"generator", 144, 8, GC, 0},
	{"coroutine", 144, 8, GC, 0},
	{"async_generator", 144, 8, GC, 0},
	{"_asyncio.Future", 104, 0, GC, 0},
	{"_asyncio.Task", 144, 0, GC, 0},
	{"ContextVar", 64, 0, GC, 0},
	{"Context", 48, 0, GC, 0},
	{"hamt", 40, 0, GC, 0},
	{"hamt_bitmap_node", 24, 8, GC, 0},
	{"hamt_array_node", 280, 0, GC, 0},
	{"hamt_collision_node", 32, 8, GC, 0},
	{"types.SimpleNamespace", 24, 0, GC, 16},
};

static const struct builtin other = {NULL, 48, 0, GC, 0};

static uint64_t mro_of(struct fake *f, uint64_t type, uint64_t base)
{
	uint64_t items[8] = {type}, mro = base ? fake_get(f, base, FIELD_type_mro) : 0;
	size_t count = 1;

	if (mro)
		for (uint64_t i = 0; i < fake_get(f, mro, FIELD_var_size) && count < 8; i++)
			items[count++] = fake_read(f, mro + 24 + 8 * i);
	else if (base) /* object itself, whose tuple of bases needs the type tuple first */
		items[count++] = base;
	return fake_tuple_of(f, items, count);
}

static void fill_type(struct fake *f, uint64_t type, const struct builtin *b, uint64_t name, uint64_t base)
{
	fake_set(f, type, FIELD_object_refcnt, 1);
	fake_set(f, type, FIELD_type_name, name);
	fake_set(f, type, FIELD_type_basicsize, b->basicsize);
	fake_set(f, type, FIELD_type_itemsize, b->itemsize);
	fake_set(f, type, FIELD_type_flags, b->flags);
	fake_set(f, type, FIELD_type_dictoffset, (uint64_t)b->dictoffset);
	fake_set(f, type, FIELD_type_base, base);
}

static const struct builtin *builtin_named(const char *name)
{
	for (size_t i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++)
		if (strcmp(builtins[i].name, name) == 0)
			return &builtins[i];
	return &other;
}

static void fit_future(struct fake *f, struct builtin *b, enum field_id size)
{
	b->basicsize = (uint32_t)python_sizeof(f->py, size);
	if (f->version == FAKE_313)
		b->flags |= MANAGED_DICT;
	else
		b->dictoffset = 104;
}

uint64_t fake_type(struct fake *f, const char *tp_name)
{
	struct builtin b = *builtin_named(tp_name);
	uint64_t type, base, limit = f->limit;

	for (size_t i = 0; i < f->type_count; i++)
		if (strcmp(f->types[i].name, tp_name) == 0)
			return f->types[i].address;
	ck_assert_uint_lt(f->type_count, sizeof(f->types) / sizeof(f->types[0]));
	f->limit = 0; /* is meant for what the test places */
	if (strcmp(tp_name, "_asyncio.Task") == 0)
		fit_future(f, &b, FIELD_sizeof_task);
	if (strcmp(tp_name, "_asyncio.Future") == 0)
		fit_future(f, &b, FIELD_sizeof_future);
	type = fake_place(f, python_sizeof(f->py, FIELD_sizeof_type));
	f->types[f->type_count].name = tp_name;
	f->types[f->type_count++].address = type;
	base = strcmp(tp_name, "object") == 0 ? 0
					      : fake_type(f, strcmp(tp_name, "bool") == 0 ? "int" : "object");
	fill_type(f, type, &b, fake_cstring(f, tp_name), base);
	fake_set(f, type, FIELD_object_type, fake_type(f, "type"));
	fake_set(f, type, FIELD_type_mro, mro_of(f, type, base));
	f->limit = limit;
	return type;
}

uint64_t fake_spec_type(struct fake *f, const char *tp_name, uint64_t base, size_t basicsize)
{
	struct builtin b = {tp_name, (uint32_t)basicsize, 0, HEAPTYPE | GC, 0};
	uint64_t type = fake_object(f, fake_type(f, "type"), HEAP_TYPE_SIZE), name = fake_cstring(f, tp_name);
	const char *dot = strrchr(tp_name, '.');

	b.flags |= fake_get(f, base, FIELD_type_flags) & SUBCLASS_BITS;
	fill_type(f, type, &b, name, base);
	fake_set(f, type, FIELD_heaptype_spec_name, name);
	fake_set(f, type, FIELD_heaptype_name, fake_str(f, dot ? dot + 1 : tp_name));
	fake_set(f, type, FIELD_heaptype_qualname, fake_str(f, dot ? dot + 1 : tp_name));
	fake_set(f, type, FIELD_type_dict, fake_dict_of(f, FAKE_UNICODE, NULL, 0));
	fake_set(f, type, FIELD_type_mro, mro_of(f, type, base));
	return type;
}

static void add_slots(struct fake *f, uint64_t type, const struct fake_class *class, size_t first)
{
	size_t size = python_sizeof(f->py, FIELD_sizeof_memberdef);
	uint64_t table = fake_place(f, 9 * size);

	fake_set(f, type, FIELD_type_members, table);
	for (size_t i = 0; i < 8 && class->slots[i]; i++) {
		fake_set(f, table + i * size, FIELD_memberdef_name, fake_cstring(f, class->slots[i]));
		fake_set(f, table + i * size, FIELD_memberdef_type, 16); /* T_OBJECT_EX */
		fake_set(f, table + i * size, FIELD_memberdef_offset, first + 8 * i);
	}
}

static uint64_t names_as_keys(struct fake *f, const char *const *names)
{
	uint64_t pairs[16] = {0};
	size_t count = 0;

	for (; count < 8 && names[count]; count++)
		pairs[2 * count] = fake_str(f, names[count]);
	return fake_keys(f, FAKE_SPLIT, pairs, 2 * count);
}

static uint64_t class_dict(struct fake *f, const struct fake_class *class)
{
	if (!class->module)
		return fake_dict_of(f, FAKE_UNICODE, NULL, 0);
	return fake_dict(f, fake_str(f, "__module__"), fake_str(f, class->module));
}

uint64_t fake_class(struct fake *f, const struct fake_class *class)
{
	uint64_t base = class->base ? class->base : fake_type(f, "object");
	struct builtin b = {
		class->name, (uint32_t) class->basicsize, 0, class->flags | HEAPTYPE | GC, class->dictoffset};
	uint64_t type =
		fake_object(f, class->metatype ? class->metatype : fake_type(f, "type"), HEAP_TYPE_SIZE);
	uint32_t base_size = (uint32_t)fake_get(f, base, FIELD_type_basicsize);
	size_t slots = 0;

	while (slots < 8 && class->slots[slots])
		slots++;
	if (!b.basicsize)
		b.basicsize = base_size + (uint32_t)(8 * slots);
	b.itemsize = (uint32_t)fake_get(f, base, FIELD_type_itemsize);
	b.flags |= fake_get(f, base, FIELD_type_flags) & (SUBCLASS_BITS | MANAGED_DICT);
	if (!b.dictoffset)
		b.dictoffset = (int64_t)fake_get(f, base, FIELD_type_dictoffset);
	if (class->has_dict) {
		b.flags |= MANAGED_DICT | (f->version == FAKE_313 ? INLINE_VALUES : 0);
		b.dictoffset = f->version == FAKE_311 ? -48 : -1;
	}
	fill_type(f, type, &b, fake_cstring(f, class->name), base);
	fake_set(f, type, FIELD_heaptype_name, fake_str(f, class->name));
	fake_set(f, type, FIELD_heaptype_qualname,
		fake_str(f, class->qualname ? class->qualname : class->name));
	fake_set(f, type, FIELD_type_dict, class_dict(f, class));
	fake_set(f, type, FIELD_type_mro, mro_of(f, type, base));
	if (class->has_dict)
		fake_set(f, type, FIELD_heaptype_cached_keys, names_as_keys(f, class->attributes));
	if (slots)
		add_slots(f, type, class, base_size);
	return type;
}

uint64_t fake_instance_of(struct fake *f, uint64_t class, const uint64_t *values, size_t count)
{
	size_t size = fake_get(f, class, FIELD_type_basicsize);
	bool is_embedded = f->version == FAKE_313;
	uint64_t object, array;

	object = fake_object(f, class, size + (is_embedded ? 8 + 8 * count : 0));
	array = is_embedded ? object + size : fake_place(f, 16 + 8 * count) + 16;
	if (is_embedded) {
		fake_set(f, array, FIELD_values_capacity, count);
		fake_set(f, array, FIELD_values_embedded, 1);
		fake_set(f, array, FIELD_values_valid, 1);
	} else if (f->version == FAKE_311) {
		fake_word(f, object - 32, array);
	} else {
		fake_word(f, object - 24, array - 1);
	}
	for (size_t i = 0; i < count; i++)
		fake_word(f, array + python_field(f->py, FIELD_values_array)->offset + 8 * i, values[i]);
	return object;
}

uint64_t fake_instance_with_dict(struct fake *f, uint64_t class, uint64_t dict)
{
	size_t size = fake_get(f, class, FIELD_type_basicsize);
	uint64_t object = fake_object(f, class, size + (f->version == FAKE_313 ? 8 : 0));

	fake_word(f, object - 24, dict);
	return object;
}
