#include "inspector/python/refs_shapes.h"

#include "inspector/python/refs_rows.h"

/* Of the state of a C module so much is scanned. */
#define MODULE_STATE_MAX 65536

void refs_by_shape(struct ref_walk *walk, uint64_t object, const struct pytype *type)
{
	switch (type->kind) {
	case KIND_DICT:
	case KIND_DEFAULTDICT:
		refs_of_dict(walk, object, false);
		break;
	case KIND_ODICT:
		refs_of_dict(walk, object, true);
		break;
	case KIND_LIST:
	case KIND_TUPLE:
	case KIND_SET:
	case KIND_FROZENSET:
	case KIND_DEQUE:
		refs_of_sequence(walk, object, type->kind);
		break;
	case KIND_HAMTBITMAP:
	case KIND_HAMTARRAY:
	case KIND_HAMTCOLLISION:
		refs_of_hamt_node(walk, object, type->kind);
		break;
	case KIND_LRUCACHE:
		refs_of_lru_cache(walk, object);
		break;
	case KIND_GENERATOR:
	case KIND_COROUTINE:
	case KIND_ASYNCGEN:
		refs_of_generator(walk, object);
		break;
	case KIND_FRAME:
		refs_of_frame_object(walk, object);
		break;
	case KIND_TYPE:
		refs_of_type(walk, object);
		break;
	case KIND_MODULE:
		refs_of_module(walk, object);
		break;
	default:
		break;
	}
}

/* Each kind of the switch above. */
bool refs_has_shape(enum type_kind kind)
{
	switch (kind) {
	case KIND_DICT:
	case KIND_DEFAULTDICT:
	case KIND_ODICT:
	case KIND_LIST:
	case KIND_TUPLE:
	case KIND_SET:
	case KIND_FROZENSET:
	case KIND_DEQUE:
	case KIND_HAMTBITMAP:
	case KIND_HAMTARRAY:
	case KIND_HAMTCOLLISION:
	case KIND_LRUCACHE:
	case KIND_GENERATOR:
	case KIND_COROUTINE:
	case KIND_ASYNCGEN:
	case KIND_FRAME:
	case KIND_TYPE:
	case KIND_MODULE:
		return true;
	default:
		return false;
	}
}

/* Objects/typeobject.c, type_traverse: of allocated types only; static ones are immortal and hold nothing
 * that a program made. tp_dict is the instance dictionary of a type. */
void refs_of_type(struct ref_walk *walk, uint64_t address)
{
	static const struct {
		enum field_id field;
		const char *edge;
	} members[] = {
		{FIELD_type_cache, "<method cache>"},
		{FIELD_type_mro, ".__mro__"},
		{FIELD_type_bases, ".__bases__"},
		{FIELD_type_base, ".__base__"},
		{FIELD_heaptype_module, "<module>"},
		{FIELD_type_subclasses, "<subclasses>"},
	};
	const struct pytype *type = pytype_at(walk->py, address, NULL);
	uint64_t value;

	if (!type) {
		walk->is_partial = true;
		return;
	}
	for (size_t i = 0; type->is_heap && i < sizeof(members) / sizeof(members[0]); i++)
		if (python_has(walk->py, members[i].field) &&
			read_pointer(walk->py, address, members[i].field, &value, NULL))
			ref_give(walk,
				&(struct ref){.target = value, .kind = EDGE_NAME, .text = members[i].edge});
}

/* From 3.15 on a module knows the size of its state; before, its definition does. */
static bool module_state_size(struct python *py, uint64_t module, uint64_t *size)
{
	uint64_t def;

	if (python_has(py, FIELD_module_state_size))
		return read_unsigned(py, module, FIELD_module_state_size, size, NULL);
	return python_has(py, FIELD_module_def) && python_has(py, FIELD_moduledef_size) &&
	       read_pointer(py, module, FIELD_module_def, &def, NULL) && def &&
	       read_unsigned(py, def, FIELD_moduledef_size, size, NULL);
}

/* The state of a C module is a struct that only its own code knows: it is scanned, as an unknown type is. */
void refs_of_module(struct ref_walk *walk, uint64_t module)
{
	uint64_t state, size;
	const uint8_t *bytes;

	if (!walk->is_known || !module_state_size(walk->py, module, &size) || size > MODULE_STATE_MAX ||
		!read_pointer(walk->py, module, FIELD_module_state, &state, NULL) || !state)
		return;
	bytes = target_bytes(walk->py->target, state, size, NULL);
	for (uint64_t at = 0; bytes && at + 8 <= size; at += 8) {
		uint64_t word = load_unsigned(bytes + at, 8);

		if (word && word % 8 == 0 && walk->is_known(walk->context, word) &&
			!ref_give(walk, &(struct ref){.target = word, .kind = EDGE_SCAN, .number = at}))
			return;
	}
}
