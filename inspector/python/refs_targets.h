/* refs_targets: what objects refer to, without the names: the same references as refs.h gives, in the same
 * order, for those who go through all objects of a heap.
 *
 * What every instance of a type has at the same places is worked out once (a plan); lists, tuples, dicts,
 * sets and instances of classes are read by it alone, everything else by refs_of_object. A reader is for one
 * thread and needs a struct python of its own (python_fork). */
#ifndef ASYNCINSPECT_PYTHON_REFS_TARGETS_H
#define ASYNCINSPECT_PYTHON_REFS_TARGETS_H

#include "inspector/python/heap_inner.h"
#include "inspector/python/refs.h"

struct ref_plan;

#define TARGETS_BATCH 1024
#define PLANS_RECENT  1024

/* Is given the targets of an object in pieces; none is 0. */
typedef void (*targets_fn)(void *context, const uint64_t *targets, size_t count);

struct ref_reader {
	struct python *py; /* borrowed */
	targets_fn give;
	object_known_fn is_known; /* as in struct ref_walk */
	void *context;		  /* of both */
	bool with_string_keys;	  /* as in struct ref_walk */
	bool is_partial;	  /* a part of the object that was read last could not be read */

	struct area_cache areas;
	struct addrmap plans; /* type -> struct ref_plan *, NULL for what is no type */
	struct {
		uint64_t type;
		const struct ref_plan *plan;
	} recent[PLANS_RECENT];
	uint64_t waiting[TARGETS_BATCH]; /* targets that were not given yet */
	size_t count;
};

void ref_reader_init(struct ref_reader *reader, struct python *py, const struct heap *heap);
void ref_reader_deinit(struct ref_reader *reader);

/* What is known of the type of an object: NULL when it cannot be read. */
const struct ref_plan *ref_reader_plan_of(struct ref_reader *reader, uint64_t object);

/* Gives every target of object, which has this plan. False when there is none. */
bool ref_reader_read(struct ref_reader *reader, uint64_t object, const struct ref_plan *plan);
const struct pytype *ref_plan_type(const struct ref_plan *plan);

/* Whether objects of the type have memory that is scanned for what is_known knows. */
bool ref_plan_scans(const struct ref_plan *plan);

#endif
