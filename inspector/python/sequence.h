/* sequence: the items of list, tuple, set, frozenset and deque objects.
 * One iterator for all: each gives the items in the order in which Python iterates. */
#ifndef ASYNCINSPECT_PYTHON_SEQUENCE_H
#define ASYNCINSPECT_PYTHON_SEQUENCE_H

#include "inspector/python/python.h"
#include "inspector/python/type.h"

struct sequence_iter {
	const struct python *py;
	enum type_kind kind;
	const uint8_t *items; /* borrowed: pointers, or set entries */
	uint64_t count;	      /* slots in items, or items of a deque that are left */
	uint64_t next;	      /* next slot */
	uint64_t block;	      /* deque: the block that items belongs to */
	uint64_t met;	      /* deque: a block that was passed; to come there again is a circle */
	uint64_t passed;      /* deque: blocks that were passed */
	uint64_t index;	      /* of the item that was given last */
	bool is_cut;	      /* a deque whose blocks could not be followed to the end, or form a circle */
};

/* Opens the object at address as one of kind (KIND_LIST, KIND_TUPLE, KIND_SET, KIND_FROZENSET, KIND_DEQUE).
 * The type is not checked. */
bool sequence_open(struct python *py, uint64_t address, enum type_kind kind, struct sequence_iter *iter,
	struct error *err);

/* The next item that is not NULL (a tuple or list under construction may have such); false at the end. */
bool sequence_next(struct sequence_iter *iter, uint64_t *item);

/* len() of any of them. */
bool sequence_length(
	struct python *py, uint64_t address, enum type_kind kind, uint64_t *length, struct error *err);

/* Item i of a tuple or a list, by the kind of its type. */
bool sequence_item(struct python *py, uint64_t address, uint64_t i, uint64_t *item, struct error *err);

#endif
