/* code: code objects, read once each and kept: names, the line table, the names of local variables. */
#ifndef ASYNCINSPECT_PYTHON_CODE_H
#define ASYNCINSPECT_PYTHON_CODE_H

#include "inspector/python/python.h"

/* co_flags (Include/cpython/code.h), the same in all versions. */
enum {
	CODE_VARARGS = 0x4,
	CODE_VARKEYWORDS = 0x8,
	CODE_GENERATOR = 0x20,
	CODE_COROUTINE = 0x80,
	CODE_ITERABLE_COROUTINE = 0x100, /* types.coroutine */
	CODE_ASYNC_GENERATOR = 0x200,
};

/* The line that was asked for last: tasks of one kind are parked at one place. */
struct code_line {
	int64_t lasti;
	uint32_t line;
	bool is_known;
};

struct pycode {
	uint32_t (*line)(const struct pycode *code, int64_t lasti); /* era.h */
	uint64_t address;
	const char *filename, *name, *qualname; /* never NULL: "?" when unreadable */
	uint32_t flags;
	uint32_t firstlineno;
	uint32_t argcount; /* positional, positional-only ones included; without *args */
	uint32_t kwonlyargcount;
	uint32_t stacksize;
	uint32_t nlocalsplus;
	/* The names of the slots: tuples one after the other. From 3.11 on one of all names, before that
	 * those of the local variables, of those that are cells, and of the free ones. */
	uint64_t names[3];
	uint32_t name_counts[3];
	struct code_line *last;	  /* in the arena */
	const uint8_t *kinds;	  /* nlocalsplus bytes of co_localspluskinds; NULL when unreadable */
	const uint8_t *linetable; /* NULL when unreadable */
	size_t linetable_size;	  /* bytes */
	uint64_t bytecode;	  /* address of the first instruction */
	uint64_t bytecode_size;	  /* bytes */
	uint64_t
		firsttraceable; /* byte offset of the first instruction that belongs to the function's body */
};

/* The code object at address; NULL when there is none. Owned by py. */
const struct pycode *pycode_at(struct python *py, uint64_t address, struct error *err);

/* The line of the instruction at byte offset lasti (negative: before the first). 0: the table has no line for
 * it. Objects/codeobject.c (PyCode_Addr2Line). */
uint32_t pycode_line(const struct pycode *code, int64_t lasti);

/* The name of slot i of localsplus; NULL when it cannot be read. In the arena of py. */
const char *pycode_local_name(struct python *py, const struct pycode *code, uint32_t i);

/* The kind of slot i (Include/internal/pycore_code.h: CO_FAST_LOCAL, CO_FAST_CELL, CO_FAST_FREE, HIDDEN). */
bool pycode_is_local(const struct pycode *code, uint32_t i);
bool pycode_is_cell(const struct pycode *code, uint32_t i);
bool pycode_is_free(const struct pycode *code, uint32_t i);
bool pycode_is_hidden(const struct pycode *code, uint32_t i);

/* The name of the free variable number i: what cell i of a function's __closure__ holds. */
const char *pycode_free_name(struct python *py, const struct pycode *code, uint32_t i);

/* The forms of the line table, for era.c: pairs of differences (co_lnotab, 3.8 and 3.9:
 * Objects/lnotab_notes.txt), ranges (3.10), locations (3.11 and later: Objects/locations.md). */
uint32_t code_line_by_lnotab(const struct pycode *code, int64_t lasti);
uint32_t code_line_by_ranges(const struct pycode *code, int64_t lasti);
uint32_t code_line_by_locations(const struct pycode *code, int64_t lasti);

#endif
