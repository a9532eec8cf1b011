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

#include <string.h>

struct ref_plan {
	const struct pytype *type;
	enum ref_shape {
		SHAPE_PLAIN,
		SHAPE_LIST,
		SHAPE_TUPLE,
		SHAPE_SET,
		SHAPE_DICT,
		SHAPE_OTHER /* for refs_of_object */
	} shape;
	bool with_keys;	  /* SHAPE_DICT: the keys count in any case */
	bool has_storage; /* inline values, or a dictionary before the object */
	bool is_scanned;  /* objects have memory that is scanned for what is_known knows */
	bool is_usual; /* a builtin container, or an instance of what is of no kind of its own; not scanned */
	int32_t table_offset; /* of a pointer to a table that is read; 0: none */
	uint32_t offset_count;
	uint32_t *offsets; /* of pointers in the object; in the arena of py */
};

#define TARGETS_BATCH 1024
#define PLANS_RECENT  1024
#define SHARED_RECENT 256

/* An instance's storage starts so far before it at most. */
#define STORAGE_BEFORE 32

/* Is given the targets of an object in pieces; none is 0. */
typedef void (*targets_fn)(void *context, const uint64_t *targets, size_t count);

struct ref_reader {
	struct python *py; /* borrowed */
	targets_fn give;
	object_known_fn is_known; /* as in struct ref_walk */
	void *context;		  /* of both */
	bool with_string_keys;	  /* as in struct ref_walk */
	bool is_partial;	  /* a part of the object that was read last could not be read */

	uint32_t type_offset; /* of ob_type */
	struct area_cache areas;
	struct addrmap plans; /* type -> struct ref_plan *, NULL for what is no type */
	struct {
		uint64_t type;
		const struct ref_plan *plan;
	} recent[PLANS_RECENT];
	/* Keys objects that instances share, and how many keys they have; no keys object is at address 0. */
	struct {
		uint64_t keys, count;
	} shared[SHARED_RECENT];
	uint64_t waiting[TARGETS_BATCH]; /* targets that were not given yet */
	size_t count;
};

void ref_reader_init(struct ref_reader *reader, struct python *py, const struct heap *heap);
void ref_reader_deinit(struct ref_reader *reader);

/* What is known of the type of an object: NULL when it cannot be read. */
const struct ref_plan *ref_reader_plan_of(struct ref_reader *reader, uint64_t object);

/* What is known of the type at an address: NULL for what is no type. */
const struct ref_plan *ref_reader_find_plan(struct ref_reader *reader, uint64_t type);

/* Gives every target of object, which has this plan. False when there is none. */
bool ref_reader_read(struct ref_reader *reader, uint64_t object, const struct ref_plan *plan);

/* The same for who knows where the object is: bytes is its memory, borrowed, of which room bytes are there.
 */
bool ref_reader_read_at(struct ref_reader *reader, uint64_t object, const struct ref_plan *plan,
	const uint8_t *bytes, uint64_t room);

/* As ref_reader_read_at, but what is given may wait for ref_reader_flush, together with what other objects
 * give. */
bool ref_reader_gather_at(struct ref_reader *reader, uint64_t object, const struct ref_plan *plan,
	const uint8_t *bytes, uint64_t room);
void ref_reader_flush(struct ref_reader *reader);

/* Has the processor fetch what will be read besides the object itself: a list's items, a dictionary's keys,
 * an instance's values. There are before bytes in front of it. */
static inline void ref_reader_fetch(struct ref_reader *reader, const struct ref_plan *plan,
	const uint8_t *bytes, uint64_t before, uint64_t room)
{
	const struct area *area;
	uint64_t table;

	if (!plan->table_offset || room < plan->type->basicsize || before < STORAGE_BEFORE)
		return;
	memcpy(&table, bytes + plan->table_offset, 8);
	area = area_of(&reader->areas, table);
	if (!area)
		return;
	__builtin_prefetch(area->bytes + (table - area->start));
	__builtin_prefetch(area->bytes + (table - area->start) + 64);
}

/* As ref_reader_plan_of, of an object that is known to lie at bytes. */
static inline const struct ref_plan *ref_reader_plan_at(
	struct ref_reader *reader, uint64_t object, const uint8_t *bytes, uint64_t room)
{
	uint64_t type;
	size_t slot;

	if (__builtin_expect(room < (uint64_t)reader->type_offset + 8, 0))
		return ref_reader_plan_of(reader, object);
	memcpy(&type, bytes + reader->type_offset, 8);
	slot = type >> 4 & (PLANS_RECENT - 1);
	return reader->recent[slot].type == type ? reader->recent[slot].plan
						 : ref_reader_find_plan(reader, type);
}

static inline const struct pytype *ref_plan_type(const struct ref_plan *plan)
{
	return plan->type;
}

/* Whether objects of the type have memory that is scanned for what is_known knows. */
static inline bool ref_plan_scans(const struct ref_plan *plan)
{
	return plan->is_scanned;
}

#endif
