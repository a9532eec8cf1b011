/* Types that are no heap objects: variables of C. They live for ever, and so does what they hold: the
 * dictionary with their methods, their bases, weak references to their subclasses. */
#include "inspector/graph/roots_private.h"
#include "inspector/python/dict.h"
#include "inspector/python/memory.h"
#include "inspector/python/str.h"

#define STATIC_TYPES_MAX 4096

static void add_held(struct root_finder *f, uint64_t object, const char *edge)
{
	struct ref ref = {.target = object, .kind = EDGE_NAME, .text = edge};

	roots_add(f, object, &ref);
}

static void add_field(struct root_finder *f, uint64_t base, enum field_id field, const char *edge)
{
	uint64_t object;

	if (python_has(f->py, field) && read_pointer(f->py, base, field, &object, NULL))
		add_held(f, object, edge);
}

static void add_type(struct root_finder *f, const struct pytype *type)
{
	f->current = (struct root){.kind = ROOT_TYPE, .name = type->full_name, .holder = type->address};
	add_field(f, type->address, FIELD_type_dict, ".__dict__");
	add_field(f, type->address, FIELD_type_mro, ".__mro__");
	add_field(f, type->address, FIELD_type_bases, ".__bases__");
	add_field(f, type->address, FIELD_type_cache, "<method cache>");
	/* From 3.12 on a number for the builtin ones, which is the address of no object. */
	add_field(f, type->address, FIELD_type_subclasses, "<subclasses>");
}

/* Include/internal/pycore_interp.h, struct types_state: from 3.12 on each interpreter has dictionaries of its
 * own for static types. */
static void add_states(struct root_finder *f, uint64_t interp, enum field_id array)
{
	size_t stride = python_sizeof(f->py, FIELD_sizeof_static_type);

	if (!python_has(f->py, array) || !stride)
		return;
	for (size_t i = 0; i < python_field(f->py, array)->size / stride && i < STATIC_TYPES_MAX; i++) {
		uint64_t state = interp + python_field(f->py, array)->offset + i * stride, address;
		const struct pytype *type;

		if (!read_pointer(f->py, state, FIELD_static_type_type, &address, NULL) || !address)
			continue;
		type = pytype_at(f->py, address, NULL);
		if (!type)
			continue;
		f->current = (struct root){.kind = ROOT_TYPE, .name = type->full_name, .holder = address};
		add_field(f, state, FIELD_static_type_dict, ".__dict__");
		add_field(f, state, FIELD_static_type_subclasses, "<subclasses>");
	}
}

/* What modules have as globals may be types that no object is of. */
static void read_types_of_module(struct python *py, uint64_t module)
{
	struct dict_iter iter;
	struct dict_entry entry;
	uint64_t dict;

	if (!read_pointer(py, module, FIELD_module_dict, &dict, NULL) || !dict_open(py, dict, &iter, NULL))
		return;
	while (dict_next(&iter, &entry)) {
		const struct pytype *type = pytype_of(py, entry.value, NULL);

		if (type && pytype_is_type(type))
			pytype_at(py, entry.value, NULL);
	}
}

void roots_add_types(struct root_finder *f)
{
	struct dict_iter iter;
	struct dict_entry entry;

	for (size_t i = 0; i < f->a->threads.interp_count; i++) {
		const struct pyinterp *interp = &f->a->threads.interps[i];

		add_states(f, interp->address, FIELD_interp_static_types);
		add_states(f, interp->address, FIELD_interp_extension_types);
		if (!dict_open(f->py, interp->modules, &iter, NULL))
			continue;
		while (dict_next(&iter, &entry)) {
			const struct pytype *type = pytype_of(f->py, entry.value, NULL);

			if (type && type->kind == KIND_MODULE)
				read_types_of_module(f->py, entry.value);
		}
	}
	/* All that were read: those of the objects, their bases, and those above. */
	for (size_t i = 0; i < f->py->types.size; i++) {
		const struct pytype *type = (const struct pytype *)(uintptr_t)f->py->types.slots[i].value;

		if (f->py->types.slots[i].key && type && !type->is_heap)
			add_type(f, type);
	}
}
