/* heap_segments: a long list of the collector, walked in many places at once.
 *
 * To follow a link is to wait for memory, unless neighbours in the list are neighbours in memory, and after
 * some hours of churn they are not. So heads are looked for all over memory, and from each of them the list
 * is walked to where the next one lies, many walks in turn by each of several threads: they wait for memory
 * together. Then the segments are put together, from the front of the list on.
 *
 * What looks like a head may be of another list, or none at all. But a step is only taken to a head that
 * leads back, and no head leads back to two: walks neither meet nor run in a circle without meeting their own
 * start, and what the list does not lead to is thrown away. */
#ifndef ASYNCINSPECT_PYTHON_HEAP_SEGMENTS_H
#define ASYNCINSPECT_PYTHON_HEAP_SEGMENTS_H

#include "inspector/python/heap_inner.h"

/* Where a walk through a ring stands. */
struct ring_place {
	uint64_t previous, at; /* heads: the last one that was taken, and the next */
};

/* Adds to the heap what the ring (address of its own head) has from a place on, as far as it is regular, and
 * moves the place there: to the ring when that was all. An object that is in the heap already is an
 * irregularity before which nothing is taken. Only where all memory is here (target_is_scarce). False: the
 * user interrupted it, and nothing was added. */
bool heap_segments_walk(struct python *py, struct heap *heap, uint64_t ring, struct ring_place *place);

#endif
