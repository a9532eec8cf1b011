/* What module_list hands to module. */
#ifndef ASYNCINSPECT_SYMBOLS_MODULE_PRIVATE_H
#define ASYNCINSPECT_SYMBOLS_MODULE_PRIVATE_H

#include "inspector/symbols/module.h"

/* Where a file is mapped. */
struct module_place {
	const char *path; /* borrowed from the target */
	uint64_t start, end;
	uint64_t file_offset; /* of start */
};

/* target and options are borrowed, with all that they hold. */
struct module *module_create(
	const struct target *t, const struct module_options *options, const struct module_place *place);
void module_destroy(struct module *m); /* NULL is allowed */

#endif
