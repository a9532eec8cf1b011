/* debug_file: where the separate file with an ELF file's debug information is.
 *
 * Searched on this machine in each folder given, and then among the target's own files, since a container
 * may carry them. */
#ifndef ASYNCINSPECT_SYMBOLS_DEBUG_FILE_H
#define ASYNCINSPECT_SYMBOLS_DEBUG_FILE_H

#include "inspector/symbols/image.h"
#include "inspector/target/target.h"

/* What to search for, and where. Everything is borrowed. */
struct debug_search {
	const struct target *target; /* NULL: only this machine */
	const char *path;	     /* of the ELF file, as the target sees it */
	struct build_id build_id;    /* size 0 when unknown */
	const char *link_name;	     /* from .gnu_debuglink; NULL when there is none */
	uint32_t link_crc;
	const char *const *dirs; /* NULL-terminated; NULL: none */
	const char *sysroot;	 /* NULL: none */
};

/* What was found. */
struct debug_found {
	char *path;	/* caller frees */
	bool of_target; /* among the target's files */
};

/* A file with debug information, by build-id first, then by debuglink. Returns a descriptor that the caller
 * closes, or -1: ERROR_NOT_FOUND, with the advice what brings the file. A file that was found but cannot be
 * used is passed over. */
int debug_file_open(const struct debug_search *search, struct debug_found *found, struct error *err);

/* Opens and checks again what was found before. -1: it is no longer there. */
int debug_file_reopen(const struct debug_search *search, const struct debug_found *found, struct error *err);

/* The file that image, found at path (of_target: among the target's files), has in common with others:
 * image_altlink. NULL without an error: it has none. NULL with ERROR_UNSUPPORTED: it cannot be found by the
 * path that it names, nor by its build-id where search looks; of search, path and link_name do not count.
 * Caller closes. */
struct image *debug_file_open_alt(
	const struct image *image, bool of_target, const struct debug_search *search, struct error *err);

/* The error of a search that found nothing. Returns -1. */
int debug_file_missing(const char *path, const struct build_id *id, struct error *err);

#endif
