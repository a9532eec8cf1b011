/* A core as a target: what it saved, and what it left out because it is in a file. */
#include "inspector/target/core_pieces.h"
#include "inspector/target/target_private.h"

#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The saved bytes at the start of a line of NT_FILE; 0: none. */
static size_t saved_start(
	const struct core_file *core, const struct core_mapping *line, const uint8_t **bytes)
{
	size_t count, low = 0, high;
	const struct core_segment *segments = core_file_segments(core, &count);
	uint64_t skip;

	high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (segments[middle].end <= line->start)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == count || segments[low].start > line->start)
		return 0;
	skip = line->start - segments[low].start;
	if (skip >= segments[low].saved)
		return 0;
	*bytes = segments[low].bytes + skip;
	return least(segments[low].saved - skip, line->end - line->start);
}

/* Compares the files with what the core has of their first pages. A path may be mapped more than once: all
 * of its first pages must be those of the file. */
static void check_files(struct target *t)
{
	struct error err = ERROR_INIT;
	size_t count;
	const struct core_mapping *lines = core_file_mappings(t->core, &count);

	for (size_t i = 0; i < count; i++) {
		struct mapped_file *file = core_file_of(t, &lines[i]);
		const uint8_t *image = NULL;
		size_t size = lines[i].file_offset == 0 ? saved_start(t->core, &lines[i], &image) : 0;

		if (size < least(PAGE_BYTES, lines[i].end - lines[i].start) || size == 0)
			continue;
		file->is_checked = true;
		file->was_elf |= size >= SELFMAG && memcmp(image, ELFMAG, SELFMAG) == 0;
		if (file->bytes && mapped_file_matches(file, image, size, &err))
			continue;
		if (file->bytes)
			mapped_file_refuse(file, &err);
		/* Where it should be there is none, or another one. */
		core_find_library(t, file, image, size);
	}
	for (size_t i = 0; i < t->files.count; i++) {
		if (t->files.files[i]->is_checked || !t->files.files[i]->bytes)
			continue;
		error_set(&err, ERROR_NOT_SAVED,
			"%s cannot be compared: the dump has nothing of its first page",
			t->files.files[i]->path);
		mapped_file_refuse(t->files.files[i], &err);
	}
}

static const struct core_mapping *line_containing(const struct core_file *core, uint64_t address)
{
	size_t count;
	const struct core_mapping *lines = core_file_mappings(core, &count);

	for (size_t i = 0; i < count; i++) {
		if (address >= lines[i].start && address < lines[i].end)
			return &lines[i];
	}
	return NULL;
}

/* pr_fname is the start of the name of the executable, unless the program changed it. */
static const struct core_mapping *line_named(const struct core_file *core, const char *name)
{
	size_t count;
	const struct core_mapping *lines = core_file_mappings(core, &count);

	for (size_t i = 0; name[0] && i < count; i++) {
		const char *slash = strrchr(lines[i].path, '/');

		if (slash && lines[i].file_offset == 0 && strncmp(slash + 1, name, strlen(name)) == 0)
			return &lines[i];
	}
	return NULL;
}

const struct core_mapping *core_executable(const struct target *t)
{
	static const uint64_t types[] = {AT_PHDR, AT_ENTRY};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const struct core_mapping *line;
		uint64_t address;

		line = core_file_auxv(t->core, types[i], &address) ? line_containing(t->core, address) : NULL;
		if (line)
			return line;
	}
	return line_named(t->core, core_file_process(t->core)->name);
}

/* Without its executable a core cannot be understood. One that the dump says too little about is no error:
 * its pages are "not saved" then. */
static bool check_executable(struct target *t, const struct core_mapping *line, struct error *err)
{
	static const char cure[] = "Give the executable that ran with --exe FILE, or the root of the file "
				   "system that it ran in with --sysroot DIR.";
	const struct mapped_file *file = line ? core_file_of(t, line) : NULL;

	if (!file) {
		target_warn(t, "the core does not say which file is its executable");
		return true;
	}
	switch (file->refusal.kind) {
	case ERROR_NONE:
		return true;
	case ERROR_NOT_SAVED:
		target_warn(t, "the executable %s", file->refusal.text);
		return true;
	case ERROR_NOT_FOUND:
		error_set(err, ERROR_NOT_FOUND, "the executable of this core is missing: %s",
			file->refusal.text);
		break;
	case ERROR_MISMATCH:
		error_set(err, ERROR_MISMATCH, "the executable of this core is another one: %s",
			file->refusal.text);
		break;
	default:
		if (err)
			*err = file->refusal;
		break;
	}
	return error_advise(err, "%s", cure);
}

/* What the dump left out of a piece: from the file, when that is right. Writable memory never is: it may have
 * changed; nor are the pages that the loader wrote to before it made them read-only (RELRO), which the kernel
 * dumps unless /proc/PID/coredump_filter forbade it. */
static void add_left_out(struct target *t, const struct core_piece *piece, uint64_t start, uint32_t prot)
{
	const struct core_mapping *line = piece->line;
	const struct mapped_file *file = line ? core_file_of(t, line) : NULL;
	struct region region = {.start = start, .end = piece->end, .prot = prot};
	const char *reason = NULL;
	uint64_t offset, length, there;
	uint32_t image_prot = 0;

	if (!file || start >= piece->end) {
		region_list_add(&t->regions, region, NULL);
		return;
	}
	mapped_file_prot(file, start - file->image_start, &image_prot);
	offset = line->file_offset + (start - line->start);
	/* The last page of a file is zeros behind its end, there as here. */
	length = (file->size + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
	there = offset < length ? least(length - offset, piece->end - start) : 0;
	if (!file->bytes)
		reason = file->refusal.text;
	else if ((prot | image_prot) & PROT_WRITE)
		reason = "it was writable, so that the file does not tell";
	else if (offset < line->file_offset || there == 0)
		reason = "the mapped file ends before it";
	if (reason) {
		region_list_add(&t->regions, region, reason);
		return;
	}
	region.end = start + there;
	region.is_file = true;
	region.bytes = file->bytes + offset;
	region_list_add(&t->regions, region, NULL);
	region = (struct region){.start = start + there, .end = piece->end, .prot = prot};
	region_list_add(&t->regions, region, "the mapped file ends before it");
}

/* The saved bytes of a piece; what is a hole in the file is told from the rest. */
static void add_saved(struct target *t, struct region region, const uint8_t *bytes, uint64_t end)
{
	while (region.start < end) {
		uint64_t length;

		region.is_zero = core_file_hole(t->core, bytes, end - region.start, &length);
		region.end = region.start + length;
		region.bytes = bytes;
		region_list_add(&t->regions, region, NULL);
		region.start = region.end;
		bytes += length;
	}
}

static void add_piece(struct target *t, const struct core_piece *piece, uint32_t prot)
{
	const struct core_segment *segment = piece->segment;
	struct region region = {.start = piece->start, .end = piece->start, .prot = prot};

	if (segment) {
		uint64_t skip = piece->start - segment->start, size = piece->end - piece->start;
		uint64_t saved = segment->saved > skip ? least(segment->saved - skip, size) : 0;
		uint64_t promised = segment->promised > skip ? least(segment->promised - skip, size) : 0;

		if (saved > 0)
			add_saved(t, region, segment->bytes + skip, piece->start + saved);
		region.start = piece->start + saved;
		region.end = piece->start + promised;
		region_list_add(&t->regions, region, "the core file is cut before it");
	}
	add_left_out(t, piece, region.end, prot);
}

/* A segment says how memory was protected at the end; without one (GDB) the file says how it is mapped. */
static uint32_t piece_prot(struct target *t, const struct core_piece *piece)
{
	uint32_t prot = 0;

	if (piece->segment)
		return piece->segment->prot;
	mapped_file_prot(core_file_of(t, piece->line),
		piece->start - core_file_of(t, piece->line)->image_start, &prot);
	return prot;
}

/* The kernel gives no names to memory without a file; the auxiliary vector points into two of them. */
static const char *piece_path(struct target *t, const struct core_piece *piece)
{
	uint64_t address;

	if (piece->line)
		return core_plain_path(t, piece->line->path);
	if (core_file_auxv(t->core, AT_SYSINFO_EHDR, &address) && address >= piece->start &&
		address < piece->end)
		return "[vdso]";
	if (core_file_auxv(t->core, AT_RANDOM, &address) && address >= piece->start && address < piece->end)
		return "[stack]";
	return "";
}

static void add_pieces(struct target *t)
{
	struct core_piece_walk walk = core_piece_walk(t->core);
	size_t capacity = 2 * (walk.segment_count + walk.line_count) + 1;
	struct core_piece piece;

	/* Each bound of a segment or a line starts at most one piece. */
	t->mappings = arena_alloc(t->arena, capacity * sizeof(*t->mappings));
	while (core_piece_next(&walk, &piece)) {
		struct mapping *m = &t->mappings[t->mapping_count++];

		if (piece.line && piece.line->file_offset == 0 && piece.start == piece.line->start)
			core_file_of(t, piece.line)->image_start = piece.start;
		m->start = piece.start;
		m->end = piece.end;
		m->prot = piece_prot(t, &piece);
		m->path = piece_path(t, &piece);
		if (piece.line)
			m->file_offset = piece.line->file_offset + (piece.start - piece.line->start);
		add_piece(t, &piece, m->prot);
	}
}

static void add_threads(struct target *t)
{
	const struct core_thread *threads = core_file_threads(t->core, &t->thread_count);

	t->threads = arena_alloc(t->arena, (t->thread_count + 1) * sizeof(*t->threads));
	for (size_t i = 0; i < t->thread_count; i++) {
		t->threads[i].tid = threads[i].tid;
		t->threads[i].signal = threads[i].signal;
		t->threads[i].stack_pointer = threads[i].stack_pointer;
		t->threads[i].pc = threads[i].pc;
		t->threads[i].has_registers = threads[i].pc != 0;
		t->threads[i].has_all_registers = t->threads[i].has_registers;
		memcpy(t->threads[i].registers, threads[i].registers, sizeof(t->threads[i].registers));
		if (t->threads[i].has_registers)
			system_call_of_registers(threads[i].registers, &t->threads[i].call);
	}
	t->pid = core_file_process(t->core)->pid;
}

static void add_warnings(struct target *t)
{
	const char *first = NULL;
	uint64_t missing;
	size_t count = 0;

	if (core_file_truncated(t->core, &missing))
		target_warn(t, "the core is truncated: %" PRIu64 " bytes of it are missing", missing);
	for (size_t i = 0; i < t->files.count; i++) {
		const struct mapped_file *file = t->files.files[i];

		if (!file->was_elf || file->bytes)
			continue;
		first = first ? first : file->refusal.text;
		count++;
	}
	if (count == 1)
		target_warn(t, "a mapped file cannot be used: %s", first);
	else if (count > 1)
		target_warn(t, "%zu mapped files cannot be used: %s, and others", count, first);
}

struct target *target_open_core(const char *path, const struct target_options *options, struct error *err)
{
	struct target *t = target_create(TARGET_CORE, options);
	const struct core_mapping *line;

	t->core_path = arena_strdup(t->arena, path);
	t->core = core_file_open(path, err);
	if (!t->core || !target_open_root(t, AT_FDCWD, err)) {
		target_close(t);
		return NULL;
	}
	add_threads(t);
	line = core_executable(t);
	t->executable = line ? core_plain_path(t, line->path) : "";
	check_files(t);
	if (!check_executable(t, line, err)) {
		target_close(t);
		return NULL;
	}
	add_pieces(t);
	add_warnings(t);
	return t;
}
