/* layout_samples: some objects of the target, by kind, to look at a layout with.
 *
 * They are found through the lists of the collector (of a free-threaded build: in its heaps), in the values
 * of what was found, and wherever else a check comes across one. Needs the type objects and the collector's
 * lists, not more. */
#ifndef ASYNCINSPECT_PYTHON_LAYOUT_SAMPLES_H
#define ASYNCINSPECT_PYTHON_LAYOUT_SAMPLES_H

#include "inspector/python/layout_probe.h"
#include "inspector/python/type.h"

#define SAMPLES_EACH  16   /* kept of a kind */
#define SAMPLES_TYPES 4096 /* types that are remembered; a power of two */

/* Kept besides those of each kind: dicts of the rarer forms. */
enum { SAMPLES_SPLIT = KIND_COUNT, SAMPLES_EMBEDDED, SAMPLES_GENERAL, SAMPLES_KINDS };

struct sampled_type {
	uint64_t address; /* 0: free */
	uint8_t kind;	  /* enum type_kind: that of the nearest C type among its bases */
	bool is_exact;	  /* it is that C type */
};

struct samples {
	const struct probe *probe; /* borrowed */
	uint64_t at[SAMPLES_KINDS][SAMPLES_EACH];
	size_t count[SAMPLES_KINDS];
	bool is_tracked[SAMPLES_KINDS]; /* the first was met on a list of the collector */
	struct sampled_type types[SAMPLES_TYPES];
	size_t type_count;
};

/* The kind of what should be an object; KIND_UNKNOWN for a type of no known kind, too. False: it is none. */
bool samples_kind(struct samples *s, uint64_t object, enum type_kind *kind, bool *is_exact);

/* Keeps the object, if it is one of a kind of which there are few yet. False: it is none. */
bool samples_offer(struct samples *s, uint64_t object);

/* Walks a circular list of the collector, most objects at most: from its head, by the next or the previous
 * link, of which the bits in flags are no part. How many objects were met; what is no object ends the walk.
 */
size_t samples_walk(struct samples *s, uint64_t head, enum field_id link, uint64_t flags, size_t most);

#endif
