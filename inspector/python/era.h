/* era: what changed between CPython versions that is an algorithm and not an offset.
 *
 * One row for each minor version, chosen once per target. Nothing else in this program looks at a version. */
#ifndef ASYNCINSPECT_PYTHON_ERA_H
#define ASYNCINSPECT_PYTHON_ERA_H

#include "inspector/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct python;
struct pycode;
struct pyframe;
struct pygen;
struct pytype;
struct instance_storage;

struct body;

struct era {
	uint8_t major, minor;

	/* Reads the frame at an address: frame.h. */
	bool (*read_frame)(struct python *py, uint64_t address, struct pyframe *frame, struct error *err);

	/* The object that a slot of a frame refers to; 0 for none, and for a value that is no object. */
	uint64_t (*untag)(uint64_t slot);

	/* Sets the state and the frame of a generator whose address and kind are known: generator.h. */
	bool (*read_state)(struct python *py, struct pygen *gen, struct error *err);

	/* The line of the instruction at a byte offset; 0: none. code.h. */
	uint32_t (*line)(const struct pycode *code, int64_t lasti);

	/* Where the attributes of an instance of a type with a managed dictionary are: fills storage, which
	 * is zero. object: as instance_storage_at wants it. */
	void (*managed_storage)(const struct python *py, const struct body *object, const struct pytype *type,
		struct instance_storage *storage);

	/* Instances can have the values of their attributes behind them, which a flag of the type tells. */
	bool has_embedded_values;

	/* Whether a suspended generator stands in an await or a yield from, so that the top of its stack is
	 * what it awaits (Objects/genobject.c: _PyGen_yf). */
	bool (*is_awaiting)(struct python *py, const struct pygen *gen, bool *awaiting, struct error *err);

	/* Bytes for which f_lasti of a frame object counts 1. */
	size_t lasti_unit;

	/* Slots of the value stack above what a suspended generator awaits. */
	uint32_t slots_above_awaited;

	/* Reference counts whose low 32 bits are negative mean that the object lives for ever. */
	bool has_immortals;

	/* A TaskGroup that cancels its own task may leave that request counted (Lib/asyncio/taskgroups.py;
	 * gh-116720, mended in 3.13). */
	bool task_groups_leave_requests;

	/* Words between the start of the allocation and the object, beyond the collector's head, for a type
	 * with a managed dictionary. */
	size_t managed_words;
};

/* The row of a version, that of the newest one for a newer one, or NULL: hexversion is a PY_VERSION_HEX. */
const struct era *era_find(uint32_t hexversion);

/* Whether the version is one that this program was tested with: no alpha, beta or candidate, and not newer
 * than the newest row. */
bool era_is_tested(uint32_t hexversion);

/* The version that a file's name tells: "libpython3.9.so.1.0" and "python3.9" give 3.9, with the micro
 * version 0. */
bool era_version_of_file(const char *name, uint32_t *hexversion);

/* "3.8 to 3.15". Static. */
const char *era_known_versions(void);

#endif
