/* target_private: what a target is made of. For the files of inspector/target/ alone. */
#ifndef ASYNCINSPECT_TARGET_PRIVATE_H
#define ASYNCINSPECT_TARGET_PRIVATE_H

#include "corefiles/core_file.h"
#include "inspector/base/alloc.h"
#include "inspector/target/mapped_file.h"
#include "inspector/target/pages.h"
#include "inspector/target/region_list.h"
#include "inspector/target/snapshot.h"
#include "inspector/target/target.h"

#include <pthread.h>
#include <stdatomic.h>

#define PAGE_BYTES   ((uint64_t)4096)
#define TARGET_HINTS 1024

struct target {
	enum target_kind kind;
	pid_t pid, tracer;
	pid_t namespace_pid;	       /* 0: no other than pid */
	struct arena *arena;	       /* owned: every string and array without another owner */
	struct target_options options; /* strings in the arena */
	const char *core_path, *executable;
	struct mapping *mappings; /* in the arena: older ones, from before a capture, stay valid */
	size_t mapping_count;
	struct region_list regions;
	struct region_list old_regions; /* from before the capture: borrowers may still hold them */
	struct target_thread *threads;	/* in the arena */
	size_t thread_count;
	const char **warnings; /* owned array of strings in the arena */
	size_t warning_count, warning_capacity;
	struct mapped_file_set files;
	int root; /* directory that the target's paths are looked up in; AT_FDCWD: ours; -1: none (memory) */

	/* Where the last search in a block of addresses ended (hint_of in target.c): a walk through objects
	 * goes to and fro between few large regions, 4 ns a read instead of 26 with one hint for all. Behind
	 * a pointer, since a const target may be read by many threads, and atomic for the same reason; a
	 * stale value costs a search, no more. */
	_Atomic uint32_t *hints; /* owned, TARGET_HINTS of them */

	/* Core. */
	struct core_file *core; /* owned */
	int statm;		/* /proc/self/statm, for target_is_full; -1: not open */
	uint64_t shared_before; /* bytes of files that were mapped and here after the last target_trim */

	/* Live. */
	int proc;	     /* /proc/PID, -1 otherwise */
	bool is_captured;    /* reads are answered from the copy */
	bool is_cut;	     /* by the user, while it was held */
	bool is_partial;     /* the copy is made as it is asked for */
	struct tracer *held; /* owned: holds the process while pages are fetched; NULL: nobody is held */
	/* Pages may be fetched: it is held, or cannot be. Who holds it may let it go while others fetch. */
	_Atomic bool is_open;
	pthread_t holder;   /* the thread that may let it go */
	struct pages pages; /* what was fetched */
	bool no_map_files;  /* /proc/PID/map_files may not be used: do not try again */
	struct snapshot snapshot;
	double stopped_ms;
	double monotonic; /* seconds, when the memory was copied; 0: unknown */
};

/* A target with nothing in it. options may be NULL. */
struct target *target_create(enum target_kind kind, const struct target_options *options);

void target_warn(struct target *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* target_files.c */

/* Opens the directory that paths of the target are looked up in: options.sysroot, or fallback, a descriptor
 * that t takes (AT_FDCWD: this program's own root). */
bool target_open_root(struct target *t, int fallback, struct error *err);

/* The checked file of a mapping, opened and mapped when it was not yet. NULL: the mapping is of no file. */
struct mapped_file *live_file(struct target *t, const struct mapping *mapping);

/* The same for the line of NT_FILE. */
struct mapped_file *core_file_of(struct target *t, const struct core_mapping *mapping);

/* Looks for a file of a core that is not where it should be, or is another one there, in the folders of
 * options.library_dirs: below each by its whole path, else by its name, as GDB's solib_find_1 does. The one
 * whose build-id is that of image, the size bytes that the core saved of its start, is mapped in the place of
 * the refusal. False: there is none, the refusal stays. */
bool core_find_library(struct target *t, struct mapped_file *file, const uint8_t *image, size_t size);

/* The start of the line of NT_FILE whose file is the main executable; NULL: the core does not tell. */
const struct core_mapping *core_executable(const struct target *t);

/* A path of NT_FILE without " (deleted)". In the arena. */
const char *core_plain_path(struct target *t, const char *path);

#endif
