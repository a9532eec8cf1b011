/* core_pieces: the address space of a core, from its segments and its lines of NT_FILE. */
#ifndef ASYNCINSPECT_TARGET_CORE_PIECES_H
#define ASYNCINSPECT_TARGET_CORE_PIECES_H

#include "corefiles/core_file.h"

/* A range that lies in one segment, in one line of NT_FILE, or in one of each. GDB writes no segment for what
 * it leaves out whole, the kernel one that saves nothing. */
struct core_piece {
	uint64_t start, end;
	const struct core_segment *segment; /* NULL: none. Borrowed from the core, as the next */
	const struct core_mapping *line;    /* NULL: none */
};

struct core_piece_walk {
	const struct core_segment *segments;
	const struct core_mapping *lines;
	size_t segment_count, line_count, segment, line;
	uint64_t at;
};

/* All pieces, in address order: at most twice as many as there are segments and lines. */
struct core_piece_walk core_piece_walk(const struct core_file *core);
bool core_piece_next(struct core_piece_walk *walk, struct core_piece *piece); /* false: no more */

#endif
