/* mimalloc: the objects of a free-threaded build, which keeps no lists of them.
 *
 * Its collector finds them where they were allocated (Python/gc_free_threading.c, gc_visit_heaps): each
 * thread has a heap for objects and one for objects with two words before them; a heap has queues of pages, a
 * page an area of blocks of one size and chains of those that are free. Threads that have ended leave
 * segments behind, each with pages of several heaps. */
#ifndef ASYNCINSPECT_PYTHON_MIMALLOC_H
#define ASYNCINSPECT_PYTHON_MIMALLOC_H

#include "inspector/python/heap.h"

/* Adds the objects of an interpreter that the collector tracks to heap. False when some of the memory cannot
 * be right or read: it is noted in py, and the rest is walked. */
bool mimalloc_walk(struct python *py, uint64_t interp, struct heap *heap);

#endif
