/* heap_links: the links of all that looks like a head of the collector (PyGC_Head), taken from memory in one
 * pass by address.
 *
 * A list of the collector leads to and fro through memory. Where that is not all here at once
 * (target_is_scarce), each step might have to fetch what the step before has pushed out; links that were
 * collected take 10 bytes for each head, and following them costs no look at the target. What is here may be
 * no head at all, and a head may be missing: who follows a list sees whether a link is answered, and reads
 * what is not here. */
#ifndef ASYNCINSPECT_PYTHON_HEAP_LINKS_H
#define ASYNCINSPECT_PYTHON_HEAP_LINKS_H

#include "inspector/python/heap_inner.h"

struct heap_links;

/* By several threads. Stops early when the user wants it. */
struct heap_links *heap_links_read(const struct python *py, const struct heap *heap);
void heap_links_destroy(struct heap_links *links); /* NULL is allowed */

/* Positions (heap.h) that the head at a position is linked to. False: it is not here. */
bool heap_links_at(const struct heap_links *links, uint32_t head, uint32_t *next, uint32_t *previous);

#endif
