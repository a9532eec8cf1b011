/* copy_plan: where the bytes of each mapping of a process come from: from its memory, from a file, or from
 * nowhere since they are zeros. */
#ifndef ASYNCINSPECT_TARGET_COPY_PLAN_H
#define ASYNCINSPECT_TARGET_COPY_PLAN_H

#include "inspector/target/mapped_file.h"
#include "inspector/target/target.h"

enum run_kind {
	RUN_NONE, /* cannot be had, see reason */
	RUN_COPY, /* from the memory of the process */
	RUN_ZERO, /* never touched: zeros */
	RUN_FILE, /* as in the file */
};

struct run {
	uint64_t start, end;
	enum run_kind kind;
	uint32_t prot;
	const struct mapped_file *file; /* RUN_FILE */
	uint64_t file_offset;		/* RUN_FILE */
	const char *reason;		/* RUN_NONE: a clause; borrowed from the target's arena or static */
};

struct copy_plan {
	struct run *runs; /* owned; sorted, disjoint */
	size_t count, capacity;
	uint64_t copy_bytes; /* sum of the RUN_COPY */
};

void copy_plan_deinit(struct copy_plan *plan);

/* Plans all mappings of t, anew. Opens files that were mapped since. by_page: untouched pages of anonymous
 * memory are told from others, which takes a look at each page; otherwise such memory is RUN_COPY as a whole,
 * which costs nothing and is no plan to copy it all. */
void copy_plan_make(struct copy_plan *plan, struct target *t, bool by_page);

#endif
