/* refs_shapes: the parts of refs.c, by the shape of objects. Private to refs. */
#ifndef ASYNCINSPECT_PYTHON_REFS_SHAPES_H
#define ASYNCINSPECT_PYTHON_REFS_SHAPES_H

#include "inspector/python/memory.h"
#include "inspector/python/refs.h"

/* Pointers at fixed places, from layout_refs.def. body is the fixed part of the object. */
void refs_by_table(struct ref_walk *walk, const struct pytype *type, const struct body *body);

/* Objects that hold more than that: containers, frames, generators, types, modules. */
void refs_by_shape(struct ref_walk *walk, uint64_t object, const struct pytype *type);

void refs_of_dict(struct ref_walk *walk, uint64_t dict, bool with_keys);
void refs_of_sequence(struct ref_walk *walk, uint64_t object, enum type_kind kind);
void refs_of_hamt_node(struct ref_walk *walk, uint64_t node, enum type_kind kind);
void refs_of_lru_cache(struct ref_walk *walk, uint64_t cache);
void refs_of_generator(struct ref_walk *walk, uint64_t generator);
void refs_of_frame_object(struct ref_walk *walk, uint64_t frame_object);
void refs_of_type(struct ref_walk *walk, uint64_t type);
void refs_of_module(struct ref_walk *walk, uint64_t module);

#endif
