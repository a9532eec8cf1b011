/* mapped_file: files that the target has mapped, mapped here as a whole after it was made sure that they are
 * the same. A file that is not, stays in the set with the reason.
 *
 * The size is taken when a file is opened. One that shrinks later, while this program reads it, would end us
 * with SIGBUS; so does the target's own mapping, which is why nobody truncates a library in use. */
#ifndef ASYNCINSPECT_TARGET_MAPPED_FILE_H
#define ASYNCINSPECT_TARGET_MAPPED_FILE_H

#include "inspector/base/addrmap.h"
#include "inspector/base/alloc.h"
#include "inspector/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct mapped_file {
	const char *path;	/* as the target sees it; borrowed from the arena of the set */
	const char *name;	/* what messages call it: path, or that of --exe; borrowed like path */
	const char *here;	/* the file of a --library-dir that it is; NULL: path leads to it */
	uint64_t device, inode; /* of the mapping; 0 in a core */
	const uint8_t *bytes;	/* NULL: not usable, see refusal */
	size_t size;		/* of the file */
	bool is_elf;
	struct error refusal;		  /* kind ERROR_NONE: usable */
	uint64_t here_device, here_inode; /* as stat says */

	/* Of a core, while its lines are walked in address order. */
	uint64_t image_start; /* of the last mapping of its first page; 0: none yet */
	bool is_checked;      /* a saved first page was compared */
	bool was_elf;	      /* a saved first page is an ELF header */

	struct mapped_file *next; /* with the same hash */
};

struct mapped_file_set {
	struct arena *arena; /* borrowed: holds the entries, which never move */
	struct mapped_file **files;
	size_t count, capacity;
	struct addrmap by_hash; /* to an index: a hostile core names very many files */
};

void mapped_file_set_deinit(struct mapped_file_set *set);

/* NULL: not there. Device and inode are 0 in a core. */
struct mapped_file *mapped_file_find(
	const struct mapped_file_set *set, const char *path, uint64_t device, uint64_t inode);

/* A new entry without bytes and without a refusal. path is borrowed for as long as the set lives. */
struct mapped_file *mapped_file_add(
	struct mapped_file_set *set, const char *path, uint64_t device, uint64_t inode);

/* Maps the file fd, which stays the caller's. False: file->refusal is set (huge pages, mmap failed). */
bool mapped_file_map(struct mapped_file *file, int fd, const struct stat *status);

/* Marks a file as not usable and lets go of its bytes. */
void mapped_file_refuse(struct mapped_file *file, const struct error *why);

/* Is it the file whose start is in the target's memory at image, size bytes of it (at least the first page)?
 * By build-id; by the first page, byte for byte, when the image shows none. False: ERROR_MISMATCH, which
 * names both ids, or ERROR_UNSUPPORTED: the image is no ELF and says nothing about the file. */
bool mapped_file_matches(
	const struct mapped_file *file, const uint8_t *image, size_t size, struct error *err);

/* Says what the program headers say of the page at image_offset bytes behind the start of the mapped image:
 * its protection, with PROT_WRITE also for what is made read-only after relocation. False: no segment. */
bool mapped_file_prot(const struct mapped_file *file, uint64_t image_offset, uint32_t *prot);

#endif
