/* module: an ELF file mapped in the target (the executable or a shared library), its symbols and the file
 * with its debug information.
 *
 * Read by libelf from the file that target_open_file gives. Addresses are of the target: the load bias is
 * added here and nowhere else. Knows no Python. */
#ifndef ASYNCINSPECT_SYMBOLS_MODULE_H
#define ASYNCINSPECT_SYMBOLS_MODULE_H

#include "corefiles/build_id.h"
#include "inspector/base/error.h"
#include "inspector/target/target.h"

struct module;
struct module_list;

struct module_options {
	const char *const *debug_dirs; /* searched before /usr/lib/debug; NULL-terminated; NULL: none */
	const char *sysroot;	       /* /usr/lib/debug is looked up under it first; NULL: none */
};

/* One module for each distinct ELF file mapped with execute permission (or whose first page is an ELF
 * header), in address order. Only paths and addresses are collected: no file is opened yet. */
struct module_list *module_list_create(
	const struct target *t, const struct module_options *options, struct error *err);
void module_list_destroy(struct module_list *list); /* NULL is allowed */

size_t module_count(const struct module_list *list);
struct module *module_at(const struct module_list *list, size_t index);
struct module *module_containing(const struct module_list *list, uint64_t address); /* NULL: none */

const char *module_path(const struct module *m); /* as the target sees it */
uint64_t module_start(const struct module *m);	 /* lowest mapped address */
uint64_t module_end(const struct module *m);	 /* end of the highest mapping of the file */

/* The following open the file on first use; the error of a failed opening is kept and given again. */
bool module_open(struct module *m, struct error *err);
const struct build_id *module_build_id(struct module *m); /* size 0 when there is none */
uint64_t module_bias(struct module *m);			  /* what is added to the file's addresses */

/* A symbol by name, from .symtab of the file or of its debug file, else .dynsym. Undefined symbols do not
 * count. An arbitrary one of several with the same name, global before local. */
struct symbol {
	uint64_t address; /* in the target */
	uint64_t size;	  /* bytes; 0 when the file does not tell */
};
bool module_symbol(struct module *m, const char *name, struct symbol *symbol, struct error *err);

/* The name of the object or function that covers address, and the offset into it; NULL when no symbol does.
 * Borrowed until module_list_destroy. */
const char *module_symbol_at(struct module *m, uint64_t address, uint64_t *offset);

/* A section by name: address in the target (0 when it is not loaded) and size. False: no such section. */
bool module_section(struct module *m, const char *name, uint64_t *address, uint64_t *size);

/* A file with .debug_info for this module: the file itself, or a separate one found by build-id
 * (DIR/.build-id/xx/yyyy.debug) or by .gnu_debuglink (checked by CRC, beside the file, in .debug/ and below
 * each DIR), whose build-id must equal the module's. Returns a descriptor that the caller closes and the path
 * (*path may be NULL; borrowed), or -1: ERROR_NOT_FOUND with the advice which package or option brings it. */
int module_open_debug_file(struct module *m, const char **path, struct error *err);

/* The file that image, of module_open_debug_file, has in common with others: as debug_file_open_alt. */
struct image;
struct image *module_open_alt_file(struct module *m, const struct image *image, struct error *err);

#endif
