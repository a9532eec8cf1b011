/* heap: the set of objects, kept as one bit for each possible address.
 *
 * An object starts at a multiple of 8 bytes in a region of the target that holds the target's own memory. A
 * set costs 1/64 of that memory and nothing per object, and gives each object a dense number in address
 * order once it is frozen. Up to 32 GiB of memory.
 *
 * heap_walk fills it with what the collector tracks; the graph adds the containers that it does not. */
#ifndef ASYNCINSPECT_PYTHON_HEAP_H
#define ASYNCINSPECT_PYTHON_HEAP_H

#include "inspector/python/python.h"

struct heap;

#define NO_POSITION UINT32_MAX

/* All objects that the collector tracks, of all interpreters, by its own lists (Python/gc.c; the youngest
 * generation to the permanent one, gc.freeze() included); those of a free-threaded build by mimalloc.h. A
 * list that is damaged, or split by a collection that was running, is followed as far as it goes:
 * *is_complete is false then and the first error is noted in py. NULL only when there is no interpreter, the
 * memory is too large, or the user interrupted it. */
struct heap *heap_walk(struct python *py, bool *is_complete, struct error *err);
void heap_destroy(struct heap *heap); /* NULL is allowed */

/* Positions: the number of a possible address, by which edges name objects before the heap is frozen.
 * NO_POSITION for an address that cannot hold an object. */
uint32_t heap_position(const struct heap *heap, uint64_t address);
uint64_t heap_position_address(const struct heap *heap, uint32_t position);

/* How many addresses could be objects. */
uint64_t heap_positions(const struct heap *heap);

bool heap_contains(const struct heap *heap, uint64_t address);

/* Adds an address; false when it was there or cannot be. Not after heap_freeze. */
bool heap_add(struct heap *heap, uint64_t address);

/* The objects in address order: start with *cursor 0; false at the end. Objects added behind the cursor are
 * missed. */
bool heap_next(const struct heap *heap, uint32_t *cursor, uint64_t *address);

/* Numbers the objects 0 .. heap_count - 1 in address order. */
void heap_freeze(struct heap *heap);
uint32_t heap_count(const struct heap *heap);
uint32_t heap_index_of_position(const struct heap *heap, uint32_t position); /* of an object in the heap */
bool heap_index(const struct heap *heap, uint64_t address, uint32_t *index);
uint64_t heap_address(const struct heap *heap, uint32_t index);

#endif
