/* core_file: an ELF core dump, opened by mmap and never copied.
 *
 * Knows 64-bit little-endian ELF cores as the Linux kernel and GDB's gcore write them: PT_LOAD segments and
 * the notes NT_PRSTATUS, NT_PRPSINFO, NT_AUXV and NT_FILE. Knows nothing of Python, of ptrace, or of the
 * files that were mapped: it gives their names, it does not open them.
 *
 * Everything in the file is untrusted: every offset and size is checked when the file is opened, and what
 * this interface returns lies inside the mapping. A segment or a note that the file is too short for is cut
 * or left out, and the core says that it is truncated. */
#ifndef ASYNCINSPECT_COREFILES_CORE_FILE_H
#define ASYNCINSPECT_COREFILES_CORE_FILE_H

#include "inspector/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A PT_LOAD segment. [start, start + saved) is in the file; up to start + promised the dump had them, but the
 * file is cut (promised == saved in a whole file); the rest up to end was never dumped. */
struct core_segment {
	uint64_t start, end;  /* addresses in the process */
	uint64_t saved;	      /* bytes of it that are in the file, from its start; may be 0 */
	uint64_t promised;    /* saved <= promised <= end - start */
	const uint8_t *bytes; /* the saved bytes, borrowed until core_file_close; NULL when saved is 0 */
	uint32_t prot;	      /* PROT_READ | PROT_WRITE | PROT_EXEC */
};

/* A line of NT_FILE: a file that was mapped. */
struct core_mapping {
	uint64_t start, end;
	uint64_t file_offset; /* bytes */
	const char *path;     /* as the process saw it; borrowed; NUL-terminated inside the note */
};

/* NT_PRSTATUS: a thread. The first in the file is the one that died, when the kernel wrote the core. */
struct core_thread {
	pid_t tid;
	int signal;		    /* pr_cursig; 0 when none */
	uint64_t registers[27];	    /* struct user_regs_struct of x86_64, in its order; zero when too short */
	uint64_t stack_pointer, pc; /* taken from registers */
};

/* NT_PRPSINFO. */
struct core_process {
	bool known; /* false when the note is missing: the rest is zero then */
	pid_t pid, ppid;
	uint32_t uid, gid;
	char name[17];	    /* pr_fname: at most 15 characters of the executable's name */
	char arguments[81]; /* pr_psargs: the start of the command line */
};

struct core_file;

/* Opens path. NULL when it is no ELF core of a kind that is understood: the error says what it is instead
 * (empty file, a compressed file and the command that unpacks it, an executable, 32-bit, another
 * architecture, headers beyond the end of the file). A core cut after its headers opens, see below. */
struct core_file *core_file_open(const char *path, struct error *err);
void core_file_close(struct core_file *core); /* NULL is allowed */

/* All arrays are borrowed until core_file_close. Segments and mappings are sorted by start and do not
 * overlap (of two that do, the later in the file is dropped). Threads keep the order of the file. */
const struct core_segment *core_file_segments(const struct core_file *core, size_t *count);
const struct core_mapping *core_file_mappings(const struct core_file *core, size_t *count);
const struct core_thread *core_file_threads(const struct core_file *core, size_t *count);
const struct core_process *core_file_process(const struct core_file *core);

/* The value of an auxiliary vector entry (AT_PHDR, AT_ENTRY, AT_EXECFN, AT_PAGESZ, ...). False: not there. */
bool core_file_auxv(const struct core_file *core, uint64_t type, uint64_t *value);

/* Is bytes, a place in the saved bytes of a segment, in a hole of the file: zeros that were never written,
 * since the process never touched these pages? *length: how many from there on, at most size, are alike. */
bool core_file_hole(const struct core_file *core, const uint8_t *bytes, uint64_t size, uint64_t *length);

/* True when the file ends before the last byte that its program headers promise; *missing (may be NULL) gets
 * the number of bytes that are not there. */
bool core_file_truncated(const struct core_file *core, uint64_t *missing);

/* True when the notes say that GDB's gcore wrote it (an NT_GDB_TDESC note), false for a kernel's. */
bool core_file_by_gdb(const struct core_file *core);

const char *core_file_path(const struct core_file *core);

#endif
