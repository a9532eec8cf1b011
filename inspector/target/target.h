/* target: the process under inspection: its memory, mappings, threads and files. One interface for a live
 * process and for a core; nothing above this layer knows which it has.
 *
 * Knows nothing of Python. Nothing of the target is ever changed.
 *
 * A core is complete when target_open_core returns. A live process is opened in two steps:
 *
 *   target_open_process   reads maps and opens the files; the process runs on
 *   target_capture        stops every thread, copies the writable private memory, lets go
 *
 * Before the capture target_read works on the running process (small reads, each may tear) and target_bytes
 * works on file-backed memory only. After it everything is answered from the copy and from files, and the
 * process can do what it likes.
 *
 * The copy is exact where it matters: anonymous memory, and of a private mapping of a file the pages that
 * were ever written to, relocations included; the other pages are those of the file. Memory that the process
 * shares with others for writing is not copied.
 *
 * Memory is a sorted list of regions whose bytes are mapped in this process: the copy, the core file, or the
 * file that the target had mapped. So every read is checked once and then costs a memory access. */
#ifndef ASYNCINSPECT_TARGET_TARGET_H
#define ASYNCINSPECT_TARGET_TARGET_H

#include "inspector/base/error.h"
#include "inspector/base/progress.h"
#include "inspector/target/system_call.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum target_kind { TARGET_LIVE, TARGET_CORE };

/* A virtual memory area of the target (a line of /proc/PID/maps; a line of NT_FILE or a segment of a core).
 */
struct mapping {
	uint64_t start, end;
	uint64_t file_offset; /* bytes; 0 for anonymous memory */
	uint32_t prot;	      /* PROT_READ | PROT_WRITE | PROT_EXEC */
	bool is_shared;	      /* MAP_SHARED; false in a core, which does not tell */
	bool is_deleted;      /* the file was unlinked or replaced; false in a core, which does not tell */
	const char *path; /* as the target sees it; "" for anonymous memory; "[heap]", "[stack]", "[vdso]" */
	uint64_t device, inode; /* 0 in a core */
};

/* Bytes of the target that are mapped here. Regions do not overlap; neighbours may touch. */
struct region {
	uint64_t start, end;
	const uint8_t *bytes; /* end - start of them; NULL: known to exist, but not saved */
	uint32_t prot;	      /* of the mapping; 0 when unknown */
	bool is_file;	      /* the bytes come from the mapped file, not from the target's memory */
	bool is_zero;	      /* pages that the target never touched: a scan may skip them, bytes are zeros */
	bool is_partial; /* bytes are there once target_bytes or target_read was asked for them (target_hold)
			  */
	/* is_partial: which are there already, for who wants to know before asking: bit first_bit + i tells
	 * of page i of the region (region_has_bytes). */
	const uint64_t *fetched;
	uint64_t first_bit;
};

/* Of a partial region: whether size bytes, one to a page, at address in it are all there; false of others. */
static inline bool region_has_bytes(const struct region *r, uint64_t address, uint64_t size)
{
	uint64_t from = r->first_bit + (address - r->start) / 4096,
		 to = r->first_bit + (address - r->start + size - 1) / 4096;

	return size - 1 < 4096 &&
	       __atomic_load_n(&r->fetched[from / 64], __ATOMIC_ACQUIRE) >> (from % 64) & 1 &&
	       (to == from || (__atomic_load_n(&r->fetched[to / 64], __ATOMIC_ACQUIRE) >> (to % 64) & 1));
}

struct target_thread {
	pid_t tid;
	char name[17];	    /* comm; "" when unknown (a core) */
	bool has_registers; /* what is below is known */
	uint64_t stack_pointer, pc;
	struct system_call call;
	bool has_all_registers;
	uint64_t registers[27]; /* struct user_regs_struct of x86_64, in its order */
	int signal;		/* core: the signal that it was stopped by, 0 when none */
};

struct target_options {
	const char *executable; /* --exe: this file is the main executable; NULL: find it */
	const char *sysroot; /* --sysroot: paths of the target are under it; NULL: "/" (core), /proc/PID/root
				(live) */
	const char *const *library_dirs; /* --library-dir: NULL-terminated, borrowed; NULL: none */
	struct progress *progress;	 /* borrowed until target_close; NULL: nobody waits */
	bool no_stop;			 /* read without stopping, as for a target that a tracer holds */
	uint64_t kept_most; /* bytes of its memory to have here at a time, about; see target_ease. 0: any */
};

struct target;

/* Opens a core. Fails when it is no core (ERROR_UNSUPPORTED, ERROR_CORRUPT, ERROR_NOT_FOUND), or when the
 * executable is missing or has another build-id than the core's (the cure names --exe and --sysroot). Other
 * files that are missing or differ are not an error: their pages are then "not saved", with that reason. */
struct target *target_open_core(const char *path, const struct target_options *options, struct error *err);

/* Opens a process. Fails when it does not exist, is a zombie or a kernel thread, or may not be read; the
 * error names the one cause that applies (another user, Yama's ptrace_scope, a missing CAP_SYS_PTRACE, a
 * container). */
struct target *target_open_process(pid_t pid, const struct target_options *options, struct error *err);

/* A target made of the regions given: what unit tests read. The bytes are borrowed until target_close; the
 * array is copied. The mappings are one for each region, with no path. Kind TARGET_CORE, pid 0. */
struct target *target_open_memory(const struct region *regions, size_t count);

void target_close(struct target *t); /* NULL is allowed */

/* Answers, on the stopped process, whether its state can be used. Reads by target_read. */
typedef bool (*target_settled_fn)(struct target *t, void *context);

/* Live: stops all threads (PTRACE_SEIZE and PTRACE_INTERRUPT, again until no new thread appears), asks
 * settled (may be NULL), copies every writable private mapping in bulk, lets go. When settled says no, the
 * process is let go and caught again after a short pause, up to a bound of about a second; after that the
 * copy is made all the same and *is_settled (may be NULL) is false. A process whose TracerPid is set, or with
 * options.no_stop, is copied without attaching. Whatever happens, the process runs on when this returns; if
 * this program is killed meanwhile (SIGINT and SIGTERM included, which are not caught), the kernel lets go. A
 * process that was stopped before (Ctrl-Z) stays stopped. Core, or captured before: only asks settled.
 * ERROR_LIMIT: the copy would not fit into the memory that is available. ERROR_INTERRUPTED: by the user. */
bool target_capture(
	struct target *t, target_settled_fn settled, void *context, bool *is_settled, struct error *err);

/* Live: stops the process as target_capture does, but copies nothing and keeps it stopped until
 * target_let_go. What is asked for in between is fetched with the pages around it and kept. After
 * target_let_go what was not asked for cannot be had. A core, or a process that was captured: as
 * target_capture. This program must not wait for anybody while it holds a process. Interrupted by the user it
 * lets go at once, and the rest cannot be had. */
bool target_hold(
	struct target *t, target_settled_fn settled, void *context, bool *is_settled, struct error *err);
void target_let_go(struct target *t); /* does nothing when it is not held */
bool target_is_held(const struct target *t);
bool target_is_cut(const struct target *t); /* the user interrupted it while it was held */

/* False when a process could not be read any more, while it was: most likely somebody has killed it
 * (ERROR_GONE). What is missing then says nothing of it. */
bool target_is_whole(const struct target *t, struct error *err);

/* After target_let_go: forgets what was fetched, so that target_capture starts anew. Everything that was
 * borrowed or learned of its memory ends with it. */
void target_forget(struct target *t);

/* With options.kept_most, for who goes through more memory than there is room for. target_is_full: so many
 * bytes are here that some should go; any thread may ask. target_trim: none is kept any more; what is asked
 * for again is fetched again, and everything that was borrowed ends. target_ease: target_trim if it is full.
 * Without kept_most, and when a process that was held has been let go, it is never full and these do nothing:
 * what is here then is all that there will be. */
bool target_is_scarce(const struct target *t); /* it has kept_most */
bool target_is_full(const struct target *t);
void target_trim(struct target *t);
void target_ease(struct target *t);

/* size bytes at address, in one region, for who looks at them once and goes on: borrowed, or read into buffer
 * and kept nowhere else. Pages that cannot be read are zeros. NULL: the region has no bytes, or the process
 * cannot be read any more. Any thread may ask. */
const uint8_t *target_peek(const struct target *t, uint64_t address, size_t size, uint8_t *buffer);

/* Bytes of memory that the process has to itself now; 0 when it cannot be told, and for a core. */
uint64_t target_resident(const struct target *t);

enum target_kind target_kind(const struct target *t);
pid_t target_pid(const struct target *t); /* 0 when a core does not tell */
/* What a process in a PID namespace below ours is called in there; 0: it has no other number, or is a core.
 */
pid_t target_namespace_pid(const struct target *t);
const char *target_core_path(const struct target *t); /* NULL for a process */
const char *target_executable(
	const struct target *t);		  /* path as the target sees it; never NULL, "" if unknown */
bool target_is_truncated(const struct target *t); /* a core that ends before its last segment */
/* How long it stood still, all tries together, so far while it is held; 0: core. */
double target_stopped_ms(const struct target *t);
/* The monotonic clock as the target sees it (time namespaces) when the memory was copied, in seconds;
 * negative: unknown (a core). */
double target_monotonic(const struct target *t);
pid_t target_tracer(const struct target *t);	      /* who held it already; 0: nobody */
uint64_t target_bytes_copied(const struct target *t); /* by the capture, or fetched */

/* Sentences about the target that its user must know (a truncated core, files that were replaced, a tracer).
 * Borrowed, as all arrays below, until target_close. */
const char *const *target_warnings(const struct target *t, size_t *count);

const struct mapping *target_mappings(const struct target *t, size_t *count);	     /* sorted by start */
const struct mapping *target_find_mapping(const struct target *t, uint64_t address); /* NULL: none */
const struct region *target_regions(const struct target *t, size_t *count);	     /* sorted by start */
const struct target_thread *target_threads(const struct target *t, size_t *count);

/* size contiguous bytes at address, borrowed until target_close, or target_trim; not aligned. NULL on
 * failure: ERROR_UNMAPPED or ERROR_NOT_SAVED with the first address that failed (not always the one asked
 * for). Touching regions are joined only when their bytes are contiguous here; a read across two that are not
 * fails as ERROR_NOT_SAVED (use target_read). */
const void *target_bytes(const struct target *t, uint64_t address, size_t size, struct error *err);

/* Copies size bytes. Crosses regions. On failure out is undefined. */
bool target_read(const struct target *t, uint64_t address, void *out, size_t size, struct error *err);

/* The number of bytes, at most most, that target_bytes would give from address on; 0 when none. */
size_t target_extent(const struct target *t, uint64_t address, size_t most);

/* Opens a file by the path that the target sees it under (sysroot, /proc/PID/root; for the main executable of
 * a core --exe), read-only. When the path is mapped in the target, the file is the one that is mapped: it is
 * taken from /proc/PID/map_files or compared with the mapping's inode (live), or by its build-id (core);
 * otherwise ERROR_MISMATCH. Returns a descriptor that the caller closes, or -1. */
int target_open_file(const struct target *t, const char *path, struct error *err);

#endif
