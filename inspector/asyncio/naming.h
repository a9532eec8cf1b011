/* naming: what a program calls an object that a task waits for. A lock has no name of its own, but the frames
 * that lead to it have it in a variable, or in an attribute of one. */
#ifndef ASYNCINSPECT_ASYNCIO_NAMING_H
#define ASYNCINSPECT_ASYNCIO_NAMING_H

#include "inspector/asyncio/chain.h"

struct naming {
	struct python *py;    /* borrowed */
	struct addrmap known; /* object -> its name, a string in the arena of py; 0: it has none */
	size_t budget;	      /* references that may still be looked at, for all objects together */
};

void naming_init(struct python *py, struct naming *naming);
void naming_deinit(struct naming *naming);

/* "jobs", "self.lock", "LOCKS['db']": from the frames of chain before link number end, the innermost first: a
 * local variable; an attribute or an item of one; a global of its module or an item of such; an attribute of
 * an attribute. NULL: none of them. An object is looked for once and has one name, whoever asks. */
const char *naming_find(struct naming *naming, const struct chain *chain, size_t end, uint64_t object);

/* The same by a local variable, or an attribute or item of one, alone: for a thing that is one task's own, a
 * future. Nothing is remembered. */
const char *naming_find_near(struct naming *naming, const struct chain *chain, size_t end, uint64_t object);

#endif
