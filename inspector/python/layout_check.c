#include "inspector/python/layout_check_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Names and marks ------------------------------------------------------------------------------------ */

static const struct {
	const char *prefix, *name;
} constant_owners[] = {
#define TIED(name, other)
#define CONSTANTS(prefix, name) {prefix, name},
#define PIECEMEAL(name)
#include "inspector/python/layout_structs.def"
#undef CONSTANTS
};

static const struct {
	const char *name, *other;
} ties[] = {
#undef TIED
#define TIED(name, other) {name, other},
#define CONSTANTS(prefix, name)
#include "inspector/python/layout_structs.def"
#undef TIED
#undef PIECEMEAL
};

static const char *const piecemeal[] = {
#define TIED(name, other)
#define PIECEMEAL(name) name,
#include "inspector/python/layout_structs.def"
#undef TIED
#undef CONSTANTS
#undef PIECEMEAL
};

static const struct {
	const char *symbol, *attribute;
	enum field_id id;
} attributes[] = {
#define ATTRIBUTE(symbol, attribute, field) {symbol, attribute, FIELD_##field},
#include "inspector/python/layout_members.def"
#undef ATTRIBUTE
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The length of the first name of the struct that a field is in; *name is where it starts. */
static size_t struct_of(enum field_id id, const char **name)
{
	const struct field_description *d = layout_describe(id);

	if (d->type) {
		*name = d->type;
		return strcspn(d->type, "|");
	}
	*name = "";
	for (size_t i = 0; i < COUNT(constant_owners); i++)
		if (strncmp(d->id, constant_owners[i].prefix, strlen(constant_owners[i].prefix)) == 0)
			*name = constant_owners[i].name;
	return strlen(*name);
}

bool check_is_of(enum field_id id, const char *name)
{
	const char *own;
	size_t length = struct_of(id, &own);

	return strlen(name) == length && memcmp(name, own, length) == 0;
}

static bool is_hypothesis(const struct check *c, enum field_id id)
{
	return c->result->fields[id].source == SOURCE_BUILT_IN;
}

static void add_refusal(struct check *c, char *what, const char *why, size_t fields)
{
	struct check_result *r = c->result;

	r->refusals =
		grow_array(r->refusals, &r->refusal_capacity, r->refusal_count + 1, sizeof(*r->refusals));
	r->refusals[r->refusal_count++] = (struct check_refusal){what, xstrdup(why), fields};
	r->refused += fields;
}

static char *field_name(enum field_id id)
{
	const struct field_description *d = layout_describe(id);
	const char *name;
	size_t length = struct_of(id, &name);

	if (!d->type)
		return xstrdup(d->member);
	return d->member ? xasprintf("%.*s.%s", (int)length, name, d->member)
			 : xasprintf("sizeof %.*s", (int)length, name);
}

bool check_field(struct check *c, enum field_id id, bool holds, const char *why)
{
	if (!probe_has(&c->probe, id))
		return holds;
	c->is_contradicted[id] |= !holds;
	if (holds) {
		c->is_shown[id] = true;
	} else if (is_hypothesis(c, id) && !c->is_refused[id]) {
		c->is_refused[id] = true;
		add_refusal(c, field_name(id), why, 1);
	}
	return holds;
}

void check_weak_field(struct check *c, enum field_id id, bool holds, const char *why)
{
	if (!holds)
		check_field(c, id, false, why);
}

bool check_moving_field(struct check *c, enum field_id id, bool holds, const char *why)
{
	size_t before = c->result->refused;

	check_field(c, id, holds, why);
	c->result->may_have_run |= c->result->refused != before;
	return holds;
}

void check_refuse_struct(struct check *c, const char *name, const char *why)
{
	size_t count = 0;

	for (int id = 0; id < FIELD_COUNT; id++) {
		if (!check_is_of(id, name) || !is_hypothesis(c, id) || c->is_refused[id])
			continue;
		c->is_refused[id] = true;
		count++;
	}
	if (count)
		add_refusal(c, xstrdup(name), why, count);
}

void check_show_struct(struct check *c, const char *name)
{
	for (int id = 0; id < FIELD_COUNT; id++)
		if (check_is_of(id, name))
			c->is_shown[id] = true;
}

bool check_is_object(const struct check *c, uint64_t address)
{
	return probe_type_of(&c->probe, address) != 0;
}

bool check_is_object_or_null(const struct check *c, uint64_t address)
{
	return !address || check_is_object(c, address);
}

/* Types ------------------------------------------------------------------------------------------------ */

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

static bool read_facts(const struct probe *p, uint64_t type, struct type_facts *facts)
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
	if (!read_facts(&c->probe, c->types[i], &found))
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
static void check_attribute(struct check *c, size_t i)
{
	const struct probe *p = &c->probe;
	uint64_t type = probe_symbol(p, attributes[i].symbol), table,
		 size = p->fields[FIELD_sizeof_memberdef].size;

	if (!type || !size || !probe_has(p, attributes[i].id) ||
		!probe_pointer(p, type, FIELD_type_members, &table) || !table)
		return;
	for (int k = 0; k < MEMBERS_MAX; k++, table += size) {
		uint64_t name, offset;

		if (!probe_pointer(p, table, FIELD_memberdef_name, &name) || !name)
			return;
		if (!probe_is_cstring(p, name, attributes[i].attribute))
			continue;
		if (probe_unsigned(p, table, FIELD_memberdef_offset, &offset))
			check_field(c, attributes[i].id, offset == p->fields[attributes[i].id].offset,
				"the type's own table of members has it elsewhere");
		return;
	}
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
static void find_imported_type(struct check *c, size_t i)
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

static bool is_member(const struct check *c, enum field_id id)
{
	return probe_has(&c->probe, id) && strcmp(layout_describe(id)->kind, "member") == 0;
}

/* Two rows for one member must agree, two members of a struct must not lie on each other (bit-fields may). */
static bool contradicts(const struct check *c, enum field_id a, enum field_id b)
{
	const struct field *f = &c->result->fields[a], *g = &c->result->fields[b];
	const struct field_description *d = layout_describe(a), *e = layout_describe(b);

	if (strcmp(d->type, e->type) != 0)
		return false;
	if (strcmp(d->member, e->member) == 0)
		return f->offset != g->offset;
	return !f->bits && !g->bits && f->offset < g->offset + g->size && g->offset < f->offset + f->size;
}

static void check_contradictions(struct check *c)
{
	for (int a = 0; a < FIELD_COUNT; a++) {
		for (int b = a + 1; is_member(c, a) && b < FIELD_COUNT; b++) {
			if (!is_member(c, b) || !contradicts(c, a, b))
				continue;
			check_field(c, a, false, "the table contradicts itself");
			check_field(c, b, false, "the table contradicts itself");
		}
	}
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

/* What better sources say of a struct must be what the table says. */
static void check_known_fields(struct check *c, const struct field *known)
{
	for (int id = 0; id < FIELD_COUNT; id++) {
		const struct field *mine = &c->table->fields[id];
		char name[64], why[160];
		const char *start;
		size_t length = struct_of(id, &start);

		if (known[id].offset == NO_OFFSET || mine->offset == NO_OFFSET || length >= sizeof(name))
			continue;
		if (known[id].offset == mine->offset && known[id].bit == mine->bit &&
			known[id].bits == mine->bits && known[id].value == mine->value &&
			(known[id].size == mine->size || (known[id].size > 8 && mine->size > 8))) {
			c->is_shown[id] = true;
			continue;
		}
		snprintf(name, sizeof(name), "%.*s", (int)length, start);
		snprintf(why, sizeof(why), "%s is elsewhere in this build",
			layout_describe(id)->member ? layout_describe(id)->member : "its end");
		c->is_contradicted[id] = true;
		for (size_t i = 0; i < COUNT(piecemeal); i++)
			if (strcmp(piecemeal[i], name) == 0)
				name[0] = '\0';
		if (name[0])
			check_refuse_struct(c, name, why);
	}
}

/* The end -------------------------------------------------------------------------------------------- */

static bool holds_as_a_whole(const struct check *c, const char *name)
{
	bool is_there = false;

	for (int id = 0; id < FIELD_COUNT; id++) {
		if (!probe_has(&c->probe, id) || !check_is_of(id, name))
			continue;
		if (c->is_refused[id] || !c->is_shown[id])
			return false;
		is_there = true;
	}
	return is_there;
}

/* A struct of another version shifts as a whole from some place on: what is between two fields that are
 * right, with nothing wrong between them, is right. */
static bool is_enclosed(const struct check *c, enum field_id id, const char *name)
{
	const struct field *f = c->result->fields;
	uint32_t below = 0, above = NO_OFFSET;
	bool has_below = false;

	for (int other = 0; other < FIELD_COUNT; other++) {
		if (!c->is_shown[other] || c->is_contradicted[other] || !check_is_of(other, name) ||
			strcmp(layout_describe(other)->kind, "member") != 0)
			continue;
		if (f[other].offset <= f[id].offset && f[other].offset >= below) {
			below = f[other].offset;
			has_below = true;
		}
		if (f[other].offset >= f[id].offset && f[other].offset < above)
			above = f[other].offset;
	}
	if (!has_below || above == NO_OFFSET)
		return false;
	for (int other = 0; other < FIELD_COUNT; other++)
		if (c->is_contradicted[other] && check_is_of(other, name) && f[other].offset >= below &&
			f[other].offset <= above)
			return false;
	return true;
}

static void show_enclosed(struct check *c)
{
	bool is_enclosed_too[FIELD_COUNT] = {false};

	for (size_t i = 0; i < COUNT(piecemeal); i++)
		for (int id = 0; id < FIELD_COUNT; id++)
			if (probe_has(&c->probe, id) && !c->is_shown[id] && check_is_of(id, piecemeal[i]))
				is_enclosed_too[id] = is_enclosed(c, id, piecemeal[i]);
	for (int id = 0; id < FIELD_COUNT; id++)
		c->is_shown[id] |= is_enclosed_too[id];
}

static void follow_ties(struct check *c)
{
	for (size_t round = 0; round < 2; round++) /* a tie to a tie */
		for (size_t i = 0; i < COUNT(ties); i++)
			if (holds_as_a_whole(c, ties[i].other))
				check_show_struct(c, ties[i].name);
}

static bool is_same_build(const struct check *c)
{
	return c->hexversion == c->table->hexversion && c->target->runtime_size &&
	       c->target->runtime_size == c->table->runtime_size;
}

static void refuse_what_is_not_shown(struct check *c)
{
	for (int id = 0; id < FIELD_COUNT; id++) {
		const char *start;
		char name[64];
		size_t length = struct_of(id, &start);

		if (!is_hypothesis(c, id) || c->is_shown[id] || c->is_refused[id])
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)length, start);
		check_field(c, id, false, "nothing in this process shows where it is");
	}
}

static void drop_refused(struct check *c)
{
	for (int id = 0; id < FIELD_COUNT; id++)
		if (c->is_refused[id])
			c->result->fields[id] = (struct field){.offset = NO_OFFSET};
}

static void check_start(struct check *c, const struct check_target *target)
{
	c->target = target;
	c->hexversion = target->hexversion;
	c->probe = (struct probe){target->target, NULL, target->find_symbol, target->context};
	c->type_type = probe_symbol(&c->probe, "PyType_Type");
	c->dict_type = probe_symbol(&c->probe, "PyDict_Type");
	c->tuple_type = probe_symbol(&c->probe, "PyTuple_Type");
	c->str_type = probe_symbol(&c->probe, "PyUnicode_Type");
	c->list_type = probe_symbol(&c->probe, "PyList_Type");
	c->code_type = probe_symbol(&c->probe, "PyCode_Type");
	c->module_type = probe_symbol(&c->probe, "PyModule_Type");
	for (size_t i = 0; layout_type_at(i); i++)
		if (layout_type_at(i)->symbol)
			c->types[i] = probe_symbol(&c->probe, layout_type_at(i)->symbol);
}

static void check_all(struct check *c, const struct field *known)
{
	if (!check_type_struct(c)) {
		for (int id = 0; id < FIELD_COUNT; id++)
			check_field(c, id, false, "the type objects are not of this layout");
		return;
	}
	check_mro(c);
	check_sizes(c);
	check_member_table(c);
	for (size_t i = 0; i < COUNT(attributes); i++)
		check_attribute(c, i);
	check_known_fields(c, known);
	check_interpreter(c);
	for (size_t i = 0; layout_type_at(i); i++) {
		find_imported_type(c, i);
		check_type(c, i);
	}
	check_class(c);
	check_slots(c);
	check_spec_type(c);
	check_last_of_type(c);
	check_str(c);
	check_generator(c);
	check_code(c);
	check_threads(c);
	check_asyncio(c);
	check_collector(c);
	check_contradictions(c);
	show_enclosed(c);
	follow_ties(c);
	if (!is_same_build(c))
		refuse_what_is_not_shown(c);
}

void layout_check(const struct field *fields, const struct layout_table *table,
	const struct check_target *target, struct check_result *result)
{
	struct check *c = xcalloc(1, sizeof(*c));

	*result = (struct check_result){.refused = 0};
	for (int id = 0; id < FIELD_COUNT; id++)
		result->fields[id] = fields[id].offset != NO_OFFSET ? fields[id] : table->fields[id];
	check_start(c, target);
	c->probe.fields = result->fields;
	c->table = table;
	c->result = result;
	check_all(c, fields);
	drop_refused(c);
	free(c);
}

void check_result_deinit(struct check_result *result)
{
	for (size_t i = 0; i < result->refusal_count; i++) {
		free(result->refusals[i].what);
		free(result->refusals[i].why);
	}
	free(result->refusals);
	*result = (struct check_result){.refused = 0};
}

void layout_read_facts(
	const struct field *fields, const struct check_target *target, struct layout_table *table)
{
	struct check_result *result = xcalloc(1, sizeof(*result));
	struct check *c = xcalloc(1, sizeof(*c));

	memcpy(result->fields, fields, sizeof(result->fields));
	check_start(c, target);
	c->probe.fields = result->fields;
	c->result = result;
	check_interpreter(c);
	for (size_t i = 0; layout_type_at(i); i++) {
		find_imported_type(c, i);
		read_facts(&c->probe, c->types[i], &table->types[i]);
	}
	table->hexversion = c->hexversion;
	check_result_deinit(result);
	free(result);
	free(c);
}
