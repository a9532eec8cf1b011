/* frame: Python frames, wherever they lie. From 3.11 on they are structs (_PyInterpreterFrame) on a thread's
 * stack, inside a generator, or inside a frame object; up to 3.10 they are frame objects. */
#ifndef ASYNCINSPECT_PYTHON_FRAME_H
#define ASYNCINSPECT_PYTHON_FRAME_H

#include "inspector/python/code.h"
#include "inspector/python/python.h"

enum frame_owner { FRAME_BY_THREAD, FRAME_BY_GENERATOR, FRAME_BY_FRAME_OBJECT, FRAME_BY_C };

struct pyframe {
	uint64_t address;
	enum frame_owner owner;
	const struct pycode
		*code;	       /* NULL for the interpreter's own entry frames, which have no Python code */
	int64_t lasti;	       /* byte offset of the current instruction; negative: not started */
	uint64_t previous;     /* the caller's frame; 0: none. Means nothing in a suspended generator */
	uint64_t frame_object; /* 0: none was made. Up to 3.10 the frame itself */
	uint64_t generator;    /* whose frame it is; 0: a function's */
	uint64_t function;     /* f_funcobj */
	uint64_t locals_dict;  /* f_locals; 0 none */
	uint64_t localsplus;   /* address of the first slot */
	uint32_t slots;	       /* slots from localsplus on that hold references: locals, then the stack */
};

/* Reads the frame at address. False when it cannot be read or its code is none. */
bool pyframe_read(struct python *py, uint64_t address, struct pyframe *frame, struct error *err);

/* The frame has begun to execute its function's own instructions (Include/internal/pycore_frame.h,
 * _PyFrame_IsIncomplete): only such frames are shown in a traceback. */
bool pyframe_is_complete(const struct pyframe *frame);

/* Its current line; 0 unknown. */
uint32_t pyframe_line(const struct pyframe *frame);

/* The object in slot i of localsplus; 0 when it is empty or i is no slot. */
uint64_t pyframe_slot(struct python *py, const struct pyframe *frame, uint32_t i);

/* Whether slot i, which is not empty, holds its object without being counted in that object's references
 * (Include/internal/pycore_stackref.h: Py_TAG_REFCNT, from 3.14 on). */
bool pyframe_slot_is_borrowed(struct python *py, const struct pyframe *frame, uint32_t i);

/* The value of the local variable name, cells looked into; 0 when there is none or it is unset. */
uint64_t pyframe_local(struct python *py, const struct pyframe *frame, const char *name);

/* The contents of slot i when it holds a cell of a variable that is shared with a closure, otherwise the slot
 * itself. An argument that becomes a cell is stored as it is until MAKE_CELL ran. */
uint64_t pyframe_variable(struct python *py, const struct pyframe *frame, uint32_t i);

/* The variables of a frame that are set, in the order of their slots, which are read many at a time: open it,
 * then next until false. A frame without code has none. */
#define VARIABLES_AT_ONCE 32

struct variable_iter {
	struct python *py;	     /* borrowed */
	const struct pyframe *frame; /* borrowed */
	uint32_t slot;		     /* of the variable that was given last */
	uint32_t next, first, count; /* the slot to look at next; those that were read */
	uint64_t values[VARIABLES_AT_ONCE];
};

void variable_open(struct python *py, const struct pyframe *frame, struct variable_iter *iter);
bool variable_next(struct variable_iter *iter, uint64_t *value);

/* The two forms, for era.c. */
bool frame_read_struct(struct python *py, uint64_t address, struct pyframe *frame, struct error *err);
bool frame_read_object(struct python *py, uint64_t address, struct pyframe *frame, struct error *err);

#endif
