/* core_notes: what the notes of a core say. Private to corefiles/: core_file hands it on.
 *
 * The bytes are untrusted. A note that is cut, or whose sizes are impossible, ends the walk of its segment;
 * an entry of NT_FILE without a terminated path, or with an impossible range, is left out. */
#ifndef ASYNCINSPECT_COREFILES_CORE_NOTES_H
#define ASYNCINSPECT_COREFILES_CORE_NOTES_H

#include "corefiles/core_file.h"

struct core_notes {
	struct core_thread *threads; /* owned */
	size_t thread_count, thread_capacity;
	struct core_mapping *mappings; /* owned, in the order of the note; paths borrowed from it */
	size_t mapping_count, mapping_capacity;
	struct core_process process;
	const uint8_t *auxv; /* borrowed; NULL until one was seen */
	size_t auxv_size;
	bool by_gdb;
};

/* Adds the notes of one PT_NOTE segment. The bytes must outlive notes. Of NT_PRPSINFO, NT_AUXV and NT_FILE
 * the first counts. */
void core_notes_add(struct core_notes *notes, const uint8_t *bytes, size_t size);
void core_notes_deinit(struct core_notes *notes);

#endif
