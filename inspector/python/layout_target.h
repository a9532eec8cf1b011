/* layout_target: what the target's memory says about its own layout. From 3.13 on _PyRuntime starts with a
 * table of offsets, _Py_DebugOffsets; from 3.14 on _asyncio has one, AsyncioDebug.
 *
 * Both are target bytes like any others: a table counts only as a whole, when everything about it that can be
 * checked is right. Read by target_read, so that it works on a process that runs. */
#ifndef ASYNCINSPECT_PYTHON_LAYOUT_TARGET_H
#define ASYNCINSPECT_PYTHON_LAYOUT_TARGET_H

#include "inspector/python/layout.h"

/* Adds the fields of the table at the start of _PyRuntime to an empty layout. ERROR_NOT_FOUND: this version
 * has none that is known here. ERROR_CORRUPT, with the address: the table is not what it should be (another
 * cookie or version, a struct that is too large, a member outside of its struct). */
bool layout_read_debug_offsets(
	struct layout *layout, const struct layout_request *request, struct error *err);

/* The same for the table of _asyncio: address and size are those of its section. */
bool layout_read_asyncio_debug(struct layout *layout, const struct layout_request *request, uint64_t address,
	uint64_t size, struct error *err);

#endif
