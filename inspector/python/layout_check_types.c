/* What type objects say: of themselves, and of their instances. */
#include "inspector/python/layout_check_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FLAG_LONG   (UINT64_C(1) << 24) /* Include/object.h: Py_TPFLAGS_LONG_SUBCLASS and on */
#define FLAG_LIST   (UINT64_C(1) << 25)
#define FLAG_TUPLE  (UINT64_C(1) << 26)
#define FLAG_STR    (UINT64_C(1) << 28)
#define FLAG_DICT   (UINT64_C(1) << 29)
#define FLAG_TYPE   (UINT64_C(1) << 31)
#define FLAG_READY  (UINT64_C(1) << 12)
#define FLAG_HEAP   (UINT64_C(1) << 9)
#define MEMBERS_MAX 64

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *symbol, *attribute;
	enum field_id id;
} attributes[] = {
#define ATTRIBUTE(symbol, attribute, field) {symbol, attribute, FIELD_##field},
#include "inspector/python/layout_members.def"
#undef ATTRIBUTE
};

/* object and type: nothing else can be read without them. */
static bool check_type_struct(struct check *c)
{
	static const struct {
		const char *symbol, *name, *base;
		uint64_t flag;
	} known[] = {
		{"PyLong_Type", "int", "PyBaseObject_Type", FLAG_LONG},
		{"PyBool_Type", "bool", "PyLong_Type", FLAG_LONG},
		{"PyList_Type", "list", "PyBaseObject_Type", FLAG_LIST},
		{"PyTuple_Type", "tuple", "PyBaseObject_Type", FLAG_TUPLE},
		{"PyUnicode_Type", "str", "PyBaseObject_Type", FLAG_STR},
		{"PyDict_Type", "dict", "PyBaseObject_Type", FLAG_DICT},
		{"PyType_Type", "type", "PyBaseObject_Type", FLAG_TYPE},
	};
	const struct probe *p = &c->probe;
	bool has_type = true, has_name = true, has_flags = true, has_base = true;

	for (size_t i = 0; i < COUNT(known); i++) {
		uint64_t type = probe_symbol(p, known[i].symbol), value;

		has_type &=
			type && probe_pointer(p, type, FIELD_object_type, &value) && value == c->type_type;
		has_name &= probe_pointer(p, type, FIELD_type_name, &value) &&
			    probe_is_cstring(p, value, known[i].name);
		has_flags &= probe_unsigned(p, type, FIELD_type_flags, &value) &&
			     (value & (FLAG_READY | known[i].flag)) == (FLAG_READY | known[i].flag);
		has_base &= probe_pointer(p, type, FIELD_type_base, &value) &&
			    value == probe_symbol(p, known[i].base);
	}
	check_field(c, FIELD_object_type, has_type, "the types of types are no types");
	check_field(c, FIELD_type_name, has_name, "the type objects have other names there");
	check_field(c, FIELD_type_flags, has_flags, "the type objects have other flags there");
	check_field(c, FIELD_type_base, has_base, "the bases of types are not there");
	return has_type && has_name && has_flags;
}

static void check_mro(struct check *c)
{
	const struct probe *p = &c->probe;
	uint64_t type = probe_symbol(p, "PyBool_Type"), base = probe_symbol(p, "PyLong_Type"),
		 root = probe_symbol(p, "PyBaseObject_Type"), tuple, items[4];
	size_t count;
	bool has_mro, has_bases;

	has_mro = probe_pointer(p, type, FIELD_type_mro, &tuple) && probe_tuple(p, tuple, items, 4, &count) &&
		  count == 3 && items[0] == type && items[1] == base && items[2] == root;
	has_bases = probe_pointer(p, type, FIELD_type_bases, &tuple) &&
		    probe_tuple(p, tuple, items, 4, &count) && count == 1 && items[0] == base;
	check_field(c, FIELD_type_mro, has_mro, "bool's method resolution order is not there");
	check_field(c, FIELD_type_bases, has_bases, "bool's bases are not there");
	if (!has_mro && !has_bases) {
		check_field(c, FIELD_tuple_items, false, "the items of tuples are not there");
		check_field(c, FIELD_var_size, false, "the lengths of tuples are not there");
	} else {
		check_field(c, FIELD_tuple_items, true, NULL);
		check_field(c, FIELD_var_size, true, NULL);
	}
}

/* .dynsym has the size of type objects. */
static void check_sizes(struct check *c)
{
	const struct field *fields = c->result->fields;
	struct symbol symbol;
	uint64_t size;

	if (c->target->find_symbol(c->target->context, "PyType_Type", &symbol) && symbol.size)
		check_field(c, FIELD_sizeof_type, symbol.size == fields[FIELD_sizeof_type].size,
			"type objects have another size");
	if (probe_unsigned(
		    &c->probe, probe_symbol(&c->probe, "PyBaseObject_Type"), FIELD_type_basicsize, &size))
		check_field(c, FIELD_sizeof_object, size == fields[FIELD_sizeof_object].size,
			"objects have another size");
}

bool type_facts_read(const struct probe *p, uint64_t type, struct type_facts *facts)
{
	uint64_t name, basicsize, itemsize;

	*facts = (struct type_facts){.is_known = false};
	if (!type || !probe_pointer(p, type, FIELD_type_name, &name) ||
		!probe_unsigned(p, type, FIELD_type_basicsize, &basicsize) ||
		!probe_unsigned(p, type, FIELD_type_itemsize, &itemsize) || basicsize > UINT16_MAX ||
		itemsize > UINT16_MAX || !probe_cstring(p, name, facts->name, sizeof(facts->name)) ||
		!facts->name[0] || strpbrk(facts->name, " \n"))
		return false;
	facts->basicsize = (uint32_t)basicsize;
	facts->itemsize = (uint32_t)itemsize;
	return facts->is_known = true;
}

static void check_type(struct check *c, size_t i)
{
	const struct layout_type *row = layout_type_at(i);
	const struct type_facts *expected = &c->table->types[i];
	struct type_facts found;
	char why[160];

	if (!c->types[i] || !expected->is_known)
		return;
	if (!type_facts_read(&c->probe, c->types[i], &found))
		snprintf(why, sizeof(why), "the type %s cannot be read", expected->name);
	else if (strcmp(found.name, expected->name) != 0)
		snprintf(why, sizeof(why), "the type %s has another name", expected->name);
	else if (found.basicsize != expected->basicsize || found.itemsize != expected->itemsize)
		snprintf(why, sizeof(why),
			"an instance of %s has %" PRIu32 " bytes (and %" PRIu32 " an item), not %" PRIu32
			" (%" PRIu32 ")",
			expected->name, found.basicsize, found.itemsize, expected->basicsize,
			expected->itemsize);
	else {
		check_show_struct(c, row->instance);
		return;
	}
	check_refuse_struct(c, row->instance, why);
}

/* Attributes that Python code reads by a table of members: the offset is in the target. */
bool check_find_member(struct check *c, uint64_t type, const char *attribute, uint64_t *offset)
{
	const struct probe *p = &c->probe;
	uint64_t table, size = p->fields[FIELD_sizeof_memberdef].size;

	if (!type || !size || !probe_pointer(p, type, FIELD_type_members, &table) || !table)
		return false;
	for (int k = 0; k < MEMBERS_MAX; k++, table += size) {
		uint64_t name;

		if (!probe_pointer(p, table, FIELD_memberdef_name, &name) || !name)
			return false;
		if (probe_is_cstring(p, name, attribute))
			return probe_unsigned(p, table, FIELD_memberdef_offset, offset);
	}
	return false;
}

static void check_attribute(struct check *c, size_t i)
{
	uint64_t offset;

	if (probe_has(&c->probe, attributes[i].id) &&
		check_find_member(
			c, probe_symbol(&c->probe, attributes[i].symbol), attributes[i].attribute, &offset))
		check_field(c, attributes[i].id, offset == c->probe.fields[attributes[i].id].offset,
			"the type's own table of members has it elsewhere");
}

/* Of the table of members itself: the attributes of type are the same in every version. */
static void check_member_table(struct check *c)
{
	const struct probe *p = &c->probe;
	uint64_t table = 0, name = 0, offset = 0, type = 0, size = p->fields[FIELD_sizeof_memberdef].size;
	bool is_first, is_second;

	is_first = probe_pointer(p, c->type_type, FIELD_type_members, &table) &&
		   probe_pointer(p, table, FIELD_memberdef_name, &name) &&
		   probe_is_cstring(p, name, "__basicsize__") &&
		   probe_unsigned(p, table, FIELD_memberdef_offset, &offset) && offset &&
		   offset == p->fields[FIELD_type_basicsize].offset;
	is_second = is_first && probe_pointer(p, table + size, FIELD_memberdef_name, &name) &&
		    probe_is_cstring(p, name, "__itemsize__");
	check_field(c, FIELD_type_members, is_first, "the members of type are not there");
	check_field(c, FIELD_memberdef_name, is_first, "the members of type have other names there");
	check_field(c, FIELD_memberdef_offset, is_first, "the members of type have other offsets there");
	check_field(c, FIELD_sizeof_memberdef, is_second, "the members of type have another size");
	/* Include/structmember.h: T_PYSSIZET is 19. */
	check_field(c, FIELD_memberdef_type,
		probe_unsigned(p, table, FIELD_memberdef_type, &type) && type == 19,
		"the members of type have other types there");
}

/* A str is its bytes, and one that is not ASCII has some more words before them. */
static void check_str(struct check *c)
{
	const struct field *f = c->result->fields;
	uint64_t size;
	bool fits;

	if (!probe_unsigned(&c->probe, c->str_type, FIELD_type_basicsize, &size))
		return;
	fits = f[FIELD_sizeof_str_compact].size + 8 == size &&
	       f[FIELD_str_data].offset == f[FIELD_sizeof_str_compact].size;
	check_field(c, FIELD_sizeof_str_compact, fits, "it does not fit into a str");
	check_field(c, FIELD_str_data, fits, "it does not fit into a str");
	check_field(c, FIELD_sizeof_str_ascii,
		f[FIELD_sizeof_str_ascii].size < f[FIELD_sizeof_str_compact].size,
		"it does not fit into a str");
}

/* 3.11: a generator ends with its frame, whose locals follow (Objects/genobject.c: tp_basicsize). */
static void check_generator(struct check *c)
{
	const struct field *f = c->result->fields;
	uint64_t size;
	bool fits;

	if (!probe_has(&c->probe, FIELD_gen_frame) || !probe_has(&c->probe, FIELD_frame_localsplus) ||
		!probe_unsigned(
			&c->probe, probe_symbol(&c->probe, "PyGen_Type"), FIELD_type_basicsize, &size))
		return;
	fits = f[FIELD_gen_frame].offset + f[FIELD_frame_localsplus].offset == size;
	check_field(c, FIELD_gen_frame, fits, "a generator with its frame has another size");
}

/* Code ends with its instructions. */
static void check_code(struct check *c)
{
	const struct field *f = c->result->fields;
	uint64_t size;

	if (probe_has(&c->probe, FIELD_code_bytecode) &&
		probe_unsigned(&c->probe, c->code_type, FIELD_type_basicsize, &size))
		check_field(c, FIELD_code_bytecode, f[FIELD_code_bytecode].offset == size,
			"the instructions of code objects are elsewhere");
}

/* Types that no symbol leads to are attributes of modules. */
void check_find_type(struct check *c, size_t i)
{
	const struct layout_type *row = layout_type_at(i);
	uint64_t module, dict;

	if (c->types[i] || !row->module || !c->modules ||
		!probe_dict_get(&c->probe, c->modules, row->module, &module) ||
		!probe_pointer(&c->probe, module, FIELD_module_dict, &dict) ||
		!probe_dict_get(&c->probe, dict, row->attribute, &c->types[i]))
		return;
	if (!check_is_object(c, c->types[i]))
		c->types[i] = 0;
}

static bool find_in_module(struct check *c, const char *module, const char *name, uint64_t *value)
{
	uint64_t object, dict;

	return c->modules && probe_dict_get(&c->probe, c->modules, module, &object) &&
	       probe_pointer(&c->probe, object, FIELD_module_dict, &dict) &&
	       probe_dict_get(&c->probe, dict, name, value);
}

/* What a class statement makes, by a class that every Python has. */
static void check_class(struct check *c)
{
	const struct probe *p = &c->probe;
	uint64_t class, dict, text, method, keys, kind;

	if (!find_in_module(c, "codecs", "Codec", &class))
		return;
	check_field(c, FIELD_type_dict,
		probe_pointer(p, class, FIELD_type_dict, &dict) && probe_dict_get(p, dict, "encode", &method),
		"the dictionary of a class is not there");
	check_field(c, FIELD_heaptype_name,
		probe_pointer(p, class, FIELD_heaptype_name, &text) && probe_is_text(p, text, "Codec"),
		"the name of a class is not there");
	check_field(c, FIELD_heaptype_qualname,
		probe_pointer(p, class, FIELD_heaptype_qualname, &text) && probe_is_text(p, text, "Codec"),
		"the qualified name of a class is not there");
	check_field(c, FIELD_heaptype_cached_keys,
		probe_pointer(p, class, FIELD_heaptype_cached_keys, &keys) && keys && keys % 8 == 0 &&
			(!probe_has(p, FIELD_keys_kind) ||
				(probe_unsigned(p, keys, FIELD_keys_kind, &kind) && kind == 2)),
		"the keys of a class are not there");
}

static void check_slots(struct check *c)
{
	const struct probe *p = &c->probe;
	uint64_t class, tuple, items[2];
	size_t count;

	if (probe_has(p, FIELD_heaptype_slots) && find_in_module(c, "weakref", "KeyedRef", &class))
		check_field(c, FIELD_heaptype_slots,
			probe_pointer(p, class, FIELD_heaptype_slots, &tuple) &&
				probe_tuple(p, tuple, items, 2, &count) && count == 1 &&
				probe_is_text(p, items[0], "key"),
			"the slots of a class are not there");
}

/* What PyType_FromSpec makes: it keeps its module and a copy of its name. */
static void check_spec_type(struct check *c)
{
	const struct probe *p = &c->probe;
	uint64_t type, module, name, flags;

	if (!find_in_module(c, "_functools", "partial", &type) ||
		!probe_unsigned(p, type, FIELD_type_flags, &flags) || !(flags & FLAG_HEAP))
		return;
	if (probe_has(p, FIELD_heaptype_module) && probe_dict_get(p, c->modules, "_functools", &module))
		check_field(c, FIELD_heaptype_module,
			probe_pointer(p, type, FIELD_heaptype_module, &name) && name == module,
			"the module of a type is not there");
	if (probe_has(p, FIELD_heaptype_spec_name))
		check_field(c, FIELD_heaptype_spec_name,
			probe_pointer(p, type, FIELD_heaptype_spec_name, &name) &&
				probe_is_cstring(p, name, "functools.partial"),
			"the name of a type is not there");
}

/* tp_cache follows tp_mro in every version, so that it is right when the type objects are as large as they
 * should be. */
static void check_last_of_type(struct check *c)
{
	const struct field *f = c->result->fields;

	if (c->is_shown[FIELD_sizeof_type] && c->is_shown[FIELD_type_mro])
		check_field(c, FIELD_type_cache, f[FIELD_type_cache].offset == f[FIELD_type_mro].offset + 8,
			"it does not follow tp_mro");
}

bool check_types(struct check *c)
{
	if (!check_type_struct(c))
		return false;
	check_mro(c);
	check_sizes(c);
	check_member_table(c);
	for (size_t i = 0; i < COUNT(attributes); i++)
		check_attribute(c, i);
	return true;
}

void check_instances(struct check *c)
{
	for (size_t i = 0; layout_type_at(i); i++) {
		check_find_type(c, i);
		check_type(c, i);
	}
	check_class(c);
	check_slots(c);
	check_spec_type(c);
	check_last_of_type(c);
	check_str(c);
	check_generator(c);
	check_code(c);
}
