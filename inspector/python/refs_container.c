#include "inspector/python/refs_shapes.h"

#include "inspector/python/dict.h"
#include "inspector/python/sequence.h"

/* Objects/dictobject.c, dict_traverse: the keys count when they can be something else than strings. Values
 * that lie inside of an instance are that instance's (3.13: PyObject_VisitManagedDict). */
void refs_of_dict(struct ref_walk *walk, uint64_t dict, bool with_keys)
{
	struct dict_iter iter;
	struct dict_entry entry;
	uint64_t values, embedded = 0;

	if (!dict_open(walk->py, dict, &iter, NULL)) {
		walk->is_partial = true;
		return;
	}
	if (iter.values && python_has(walk->py, FIELD_values_embedded) &&
		read_pointer(walk->py, dict, FIELD_dict_values, &values, NULL) &&
		read_unsigned(walk->py, values, FIELD_values_embedded, &embedded, NULL) && embedded)
		return;
	while (dict_next(&iter, &entry)) {
		if (!ref_give(walk,
			    &(struct ref){.target = entry.value, .kind = EDGE_VALUE, .object = entry.key}))
			return;
		/* The names of a split table belong to the class. */
		if ((with_keys || iter.is_general || walk->with_string_keys) && !iter.values &&
			!ref_give(walk,
				&(struct ref){.target = entry.key, .kind = EDGE_KEY, .object = entry.key}))
			return;
	}
}

void refs_of_sequence(struct ref_walk *walk, uint64_t object, enum type_kind kind)
{
	bool is_set = kind == KIND_SET || kind == KIND_FROZENSET;
	struct sequence_iter iter;
	uint64_t item;

	if (!sequence_open(walk->py, object, kind, &iter, NULL)) {
		walk->is_partial = true;
		return;
	}
	while (sequence_next(&iter, &item))
		if (!ref_give(walk, &(struct ref){.target = item,
					    .kind = is_set ? EDGE_MEMBER : EDGE_INDEX,
					    .object = item,
					    .number = iter.index}))
			return;
	walk->is_partial |= iter.is_cut;
}

static bool give_pairs(struct ref_walk *walk, uint64_t array, uint64_t count)
{
	const uint8_t *words;

	if (!count)
		return true;
	words = count < UINT64_C(1) << 32 ? target_bytes(walk->py->target, array, count * 8, NULL) : NULL;
	if (!words)
		return false;
	for (uint64_t i = 0; i + 1 < count; i += 2) {
		uint64_t key = load_unsigned(words + 8 * i, 8), value = load_unsigned(words + 8 * i + 8, 8);

		/* Python/hamt.c: without a key, the value is a node below. */
		if (!key)
			ref_give(walk, &(struct ref){.target = value, .kind = EDGE_NAME, .text = "<node>"});
		else {
			ref_give(walk, &(struct ref){.target = value, .kind = EDGE_VARIABLE, .object = key});
			ref_give(walk, &(struct ref){.target = key, .kind = EDGE_KEY, .object = key});
		}
	}
	return true;
}

void refs_of_hamt_node(struct ref_walk *walk, uint64_t node, enum type_kind kind)
{
	enum field_id array = kind == KIND_HAMTBITMAP  ? FIELD_hamt_bitmap_array
			      : kind == KIND_HAMTARRAY ? FIELD_hamt_array_array
						       : FIELD_hamt_collision_array;
	const struct field *field = python_field(walk->py, array);
	uint64_t count;

	if (field->offset == NO_OFFSET) {
		walk->is_partial = true;
		return;
	}
	if (kind != KIND_HAMTARRAY) {
		if (!read_unsigned(walk->py, node, FIELD_var_size, &count, NULL) ||
			!give_pairs(walk, node + field->offset, count))
			walk->is_partial = true;
		return;
	}
	for (count = 0; count < field->size / 8; count++) {
		uint64_t child;

		if (!read_word(walk->py, node + field->offset + 8 * count, &child, NULL)) {
			walk->is_partial = true;
			return;
		}
		ref_give(walk, &(struct ref){.target = child, .kind = EDGE_NAME, .text = "<node>"});
	}
}

/* Modules/_functoolsmodule.c: a bounded cache keeps a ring of links that are no objects of the collector. */
void refs_of_lru_cache(struct ref_walk *walk, uint64_t cache)
{
	struct python *py = walk->py;
	uint64_t root, at, value, met = 0;

	if (!python_has(py, FIELD_lru_root) || !python_has(py, FIELD_lru_elem_next) ||
		!python_has(py, FIELD_lru_elem_result) || !python_has(py, FIELD_lru_elem_key))
		return;
	root = cache + python_field(py, FIELD_lru_root)->offset;
	if (!read_pointer(py, root, FIELD_lru_elem_next, &at, NULL))
		return;
	/* A ring that leads back elsewhere: one link that was passed is kept in mind, a later one after each
	 * doubling of the way (Brent). */
	for (uint64_t i = 0; at && at != root; i++) {
		if (at == met) {
			walk->is_partial = true;
			return;
		}
		if ((i & (i + 1)) == 0)
			met = at;
		if (read_pointer(py, at, FIELD_lru_elem_key, &value, NULL))
			ref_give(walk,
				&(struct ref){
					.target = value, .kind = EDGE_NAME, .text = "<cached arguments>"});
		if (read_pointer(py, at, FIELD_lru_elem_result, &value, NULL))
			ref_give(walk,
				&(struct ref){.target = value, .kind = EDGE_NAME, .text = "<cached result>"});
		if (walk->is_stopped)
			return;
		if (!read_pointer(py, at, FIELD_lru_elem_next, &at, NULL)) {
			walk->is_partial = true;
			return;
		}
	}
}
