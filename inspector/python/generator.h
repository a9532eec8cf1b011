/* generator: generators, coroutines and async generators, their state and what they await. The three share
 * one struct in C (Include/internal/pycore_genobject.h). */
#ifndef ASYNCINSPECT_PYTHON_GENERATOR_H
#define ASYNCINSPECT_PYTHON_GENERATOR_H

#include "inspector/python/frame.h"
#include "inspector/python/type.h"

enum gen_state { GEN_CREATED, GEN_SUSPENDED, GEN_RUNNING, GEN_CLOSED };

struct pygen {
	uint64_t address;
	enum type_kind kind; /* KIND_GENERATOR, KIND_COROUTINE, KIND_ASYNCGEN */
	enum gen_state state;
	int64_t raw_state; /* the frame's state as stored; 0 in 3.8 and 3.9 */
	uint64_t frame;	   /* address of the frame inside; not to be read when closed */
	uint64_t origin;   /* cr_origin of a coroutine: a tuple, 0 when not tracked */
};

/* Reads the object at address. False when its type is none of the three, or its state is impossible. */
bool pygen_read(struct python *py, uint64_t address, struct pygen *gen, struct error *err);

/* The same for who has asked for its type; NULL: there is none, which was told. */
bool pygen_read_typed(
	struct python *py, uint64_t address, const struct pytype *type, struct pygen *gen, struct error *err);

/* Its __qualname__ (which can be assigned to), in the arena of py; NULL when it cannot be read. */
const char *pygen_qualname(struct python *py, const struct pygen *gen);

/* Its frame; fails for a closed one. */
bool pygen_frame(struct python *py, const struct pygen *gen, struct pyframe *frame, struct error *err);

/* What it awaits (cr_await, gi_yieldfrom, ag_await): 0 when it is not suspended in an await or yield from. */
bool pygen_awaited(struct python *py, const struct pygen *gen, uint64_t *awaited, struct error *err);

/* The same; frame is its frame, which was read. */
bool pygen_awaited_in(struct python *py, const struct pygen *gen, const struct pyframe *frame,
	uint64_t *awaited, struct error *err);

/* The generator whose frame this is; 0 for a frame that is owned otherwise. */
uint64_t pygen_of_frame(struct python *py, const struct pyframe *frame);

/* "created", "suspended", "running", "closed". Static. */
const char *gen_state_name(enum gen_state state);

bool kind_is_generator(enum type_kind kind);

/* Where the state is, for era.c: in the object with the frame inside (3.11), in the frame object (3.10), or
 * told by a flag of the object and the position in the frame (3.8, 3.9). Each sets frame and state. */
bool generator_state_inside(struct python *py, struct pygen *gen, struct error *err);
bool generator_state_of_frame_object(struct python *py, struct pygen *gen, struct error *err);
bool generator_state_by_flags(struct python *py, struct pygen *gen, struct error *err);

#endif
