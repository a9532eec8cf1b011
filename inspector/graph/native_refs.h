/* native_refs: where in the memory of C an object may be held that has more references than were found.
 *
 * The whole of the target's own memory is searched for words that are its address: registers and stacks of
 * threads, from their stack pointers on; the values that an executing frame works with, of which it does not
 * say how many they are; variables of modules; and memory that belongs to no object that the
 * graph knows. What is found may be the reference, a copy that somebody only borrows, or left over from
 * something that is gone. */
#ifndef ASYNCINSPECT_GRAPH_NATIVE_REFS_H
#define ASYNCINSPECT_GRAPH_NATIVE_REFS_H

#include "inspector/graph/retention.h"

enum native_kind { NATIVE_REGISTER, NATIVE_FRAME, NATIVE_STACK, NATIVE_DATA, NATIVE_MEMORY };

struct native_place {
	enum native_kind kind;
	uint64_t address; /* of the word; 0: REGISTER */
	uint64_t thread;  /* TID: REGISTER, FRAME, STACK */
	const char *name; /* of the register; of the frame's function; of the variable, NULL when no symbol
			     tells */
	const char *file; /* DATA: of the module */
	uint64_t offset;  /* DATA: in the variable, or in the file's memory */
};

/* Fills in the places of those that have native references: at most some each, the surest first; of some
 * thousand objects. One pass over the memory for all; none when there is no such object. */
void native_refs_find(const struct retention_graph *g, struct retention *objects, size_t count);

/* "register", "frame", "stack", "data", "memory". Static. */
const char *native_kind_name(enum native_kind kind);

/* "in the stack of thread 4242, at 0x7ffd..", "in variable cache of /usr/lib/.../_foo.so". In the arena of
 * py. */
const char *native_place_text(struct python *py, const struct native_place *place);

#endif
