/* proc_maps: the lines of /proc/PID/maps. */
#ifndef ASYNCINSPECT_TARGET_PROC_MAPS_H
#define ASYNCINSPECT_TARGET_PROC_MAPS_H

#include "inspector/base/alloc.h"
#include "inspector/target/target.h"

/* Parses the text of a maps file. Arrays and paths are owned by arena. A line that does not parse, or that
 * does not lie behind the one before it, is left out. The kernel's " (deleted)" becomes is_deleted, its \012
 * a newline. Returns the mappings, *count of them. */
struct mapping *proc_maps_parse(struct arena *arena, const char *text, size_t *count);

#endif
