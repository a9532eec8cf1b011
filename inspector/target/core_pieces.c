#include "inspector/target/core_pieces.h"

struct core_piece_walk core_piece_walk(const struct core_file *core)
{
	struct core_piece_walk walk = {.at = 0};

	walk.segments = core_file_segments(core, &walk.segment_count);
	walk.lines = core_file_mappings(core, &walk.line_count);
	return walk;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

bool core_piece_next(struct core_piece_walk *walk, struct core_piece *piece)
{
	const struct core_segment *segment;
	const struct core_mapping *line;
	uint64_t first;

	while (walk->segment < walk->segment_count && walk->segments[walk->segment].end <= walk->at)
		walk->segment++;
	while (walk->line < walk->line_count && walk->lines[walk->line].end <= walk->at)
		walk->line++;
	segment = walk->segment < walk->segment_count ? &walk->segments[walk->segment] : NULL;
	line = walk->line < walk->line_count ? &walk->lines[walk->line] : NULL;
	if (!segment && !line)
		return false;
	first = least(segment ? segment->start : UINT64_MAX, line ? line->start : UINT64_MAX);
	if (walk->at < first)
		walk->at = first;
	piece->start = walk->at;
	piece->end = UINT64_MAX;
	piece->segment = segment && segment->start <= walk->at ? segment : NULL;
	piece->line = line && line->start <= walk->at ? line : NULL;
	if (segment)
		piece->end = least(piece->end, piece->segment ? segment->end : segment->start);
	if (line)
		piece->end = least(piece->end, piece->line ? line->end : line->start);
	walk->at = piece->end;
	return true;
}
