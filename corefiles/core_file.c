#include "corefiles/core_file.h"

#include "corefiles/core_check.h"
#include "corefiles/core_holes.h"
#include "corefiles/core_notes.h"
#include "inspector/base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct core_file {
	char *path;	      /* owned */
	const uint8_t *bytes; /* the mapped file */
	size_t size;
	struct core_segment *segments; /* owned */
	size_t segment_count, segment_capacity;
	struct core_notes notes;
	struct core_holes holes;
	uint64_t promised; /* end of the last byte that the program headers promise */
};

/* An address range and where it stood in the file, for sorting. */
struct span {
	uint64_t start, end;
	size_t index;
};

static int compare_spans(const void *left, const void *right)
{
	const struct span *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

/* Sorts, and drops of two neighbours that overlap the one that stands later in the file. Returns how many
 * stay. One sweep and not a search against everything kept: a hostile file has millions of them. */
static size_t sort_spans(struct span *spans, size_t count)
{
	size_t kept = 0;

	qsort(spans, count, sizeof(*spans), compare_spans);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || spans[i].start >= spans[kept - 1].end)
			spans[kept++] = spans[i];
		else if (spans[i].index < spans[kept - 1].index)
			spans[kept - 1] = spans[i];
	}
	return kept;
}

static void sort_segments(struct core_file *core)
{
	struct span *spans = xcalloc(core->segment_count, sizeof(*spans));
	struct core_segment *sorted = xcalloc(core->segment_count, sizeof(*sorted));

	for (size_t i = 0; i < core->segment_count; i++)
		spans[i] = (struct span){core->segments[i].start, core->segments[i].end, i};
	core->segment_count = sort_spans(spans, core->segment_count);
	for (size_t i = 0; i < core->segment_count; i++)
		sorted[i] = core->segments[spans[i].index];
	free(core->segments);
	core->segments = sorted;
	free(spans);
}

static void sort_mappings(struct core_notes *notes)
{
	struct span *spans = xcalloc(notes->mapping_count, sizeof(*spans));
	struct core_mapping *sorted = xcalloc(notes->mapping_count, sizeof(*sorted));

	for (size_t i = 0; i < notes->mapping_count; i++)
		spans[i] = (struct span){notes->mappings[i].start, notes->mappings[i].end, i};
	notes->mapping_count = sort_spans(spans, notes->mapping_count);
	for (size_t i = 0; i < notes->mapping_count; i++)
		sorted[i] = notes->mappings[spans[i].index];
	free(notes->mappings);
	notes->mappings = sorted;
	free(spans);
}

/* How many of length bytes at offset the file has. */
static uint64_t bytes_there(const struct core_file *core, uint64_t offset, uint64_t length)
{
	if (offset >= core->size)
		return 0;
	return length < core->size - offset ? length : core->size - offset;
}

static void add_segment(struct core_file *core, const Elf64_Phdr *header)
{
	struct core_segment segment = {.start = header->p_vaddr};
	uint64_t promised = header->p_filesz < header->p_memsz ? header->p_filesz : header->p_memsz;

	if (header->p_memsz == 0 || __builtin_add_overflow(segment.start, header->p_memsz, &segment.end))
		return;
	segment.promised = promised;
	segment.saved = bytes_there(core, header->p_offset, promised);
	segment.bytes = segment.saved ? core->bytes + header->p_offset : NULL;
	segment.prot = (header->p_flags & PF_R ? PROT_READ : 0) | (header->p_flags & PF_W ? PROT_WRITE : 0) |
		       (header->p_flags & PF_X ? PROT_EXEC : 0);
	core->segments = grow_array(
		core->segments, &core->segment_capacity, core->segment_count + 1, sizeof(*core->segments));
	core->segments[core->segment_count++] = segment;
}

static void add_program_header(struct core_file *core, const Elf64_Phdr *header)
{
	uint64_t end;

	if (header->p_type != PT_LOAD && header->p_type != PT_NOTE)
		return;
	if (__builtin_add_overflow(header->p_offset, header->p_filesz, &end))
		end = UINT64_MAX;
	if (header->p_filesz > 0 && end > core->promised)
		core->promised = end;
	if (header->p_type == PT_LOAD)
		add_segment(core, header);
	else if (header->p_offset < core->size)
		core_notes_add(&core->notes, core->bytes + header->p_offset,
			bytes_there(core, header->p_offset, header->p_filesz));
}

/* With 65535 segments or more the number stands in the first section header (PN_XNUM). */
static bool count_program_headers(
	const struct core_file *core, const Elf64_Ehdr *header, uint64_t *count, struct error *err)
{
	Elf64_Shdr section;

	*count = header->e_phnum;
	if (header->e_phnum == PN_XNUM) {
		if (header->e_shoff == 0 ||
			bytes_there(core, header->e_shoff, sizeof(section)) < sizeof(section))
			return error_at(err, ERROR_CORRUPT, header->e_shoff,
				"%s has its number of program headers in a section header beyond its end",
				core->path);
		memcpy(&section, core->bytes + header->e_shoff, sizeof(section));
		*count = section.sh_info;
	}
	if (*count == 0)
		return error_set(err, ERROR_CORRUPT, "%s has no program headers", core->path);
	return true;
}

static bool read_headers(struct core_file *core, struct error *err)
{
	Elf64_Ehdr header;
	uint64_t count, length;

	if (!core_check_header(core->bytes, core->size, core->path, &header, err) ||
		!count_program_headers(core, &header, &count, err))
		return false;
	length = count * sizeof(Elf64_Phdr); /* count has 32 bits */
	if (bytes_there(core, header.e_phoff, length) < length) {
		error_at(err, ERROR_CORRUPT, core->size,
			"%s ends inside its program headers: %zu bytes, but they reach to %llu", core->path,
			core->size, (unsigned long long)header.e_phoff + (unsigned long long)length);
		error_advise(err, "Nothing of the process is in it; look for a full disk or a size limit.");
		return false;
	}
	for (uint64_t i = 0; i < count; i++) {
		Elf64_Phdr segment;

		memcpy(&segment, core->bytes + header.e_phoff + i * sizeof(segment), sizeof(segment));
		add_program_header(core, &segment);
	}
	sort_segments(core);
	sort_mappings(&core->notes);
	return true;
}

/* Private and read-only: what someone writes to the file later may show, what we do never does. A file that
 * is cut after this check would end us with SIGBUS; a core does not shrink while it is inspected. */
static bool map_file(struct core_file *core, int fd, struct error *err)
{
	struct stat status;
	void *bytes;

	if (fstat(fd, &status) < 0)
		return error_errno(err, errno, "cannot look at %s", core->path);
	if (S_ISDIR(status.st_mode))
		return error_set(err, ERROR_UNSUPPORTED, "%s is a directory, no core dump", core->path);
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_UNSUPPORTED, "%s is no regular file", core->path);
	if (status.st_size == 0) {
		error_set(err, ERROR_UNSUPPORTED, "%s is empty", core->path);
		error_advise(err, "A full disk or `ulimit -c 0` leaves an empty core.");
		return false;
	}
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return error_errno(err, errno, "cannot map %s", core->path);
	core->bytes = bytes;
	core->size = (size_t)status.st_size;
	core_holes_find(&core->holes, fd, core->size);
	return true;
}

struct core_file *core_file_open(const char *path, struct error *err)
{
	struct core_file *core = xcalloc(1, sizeof(*core));
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	bool done = false;

	core->path = xstrdup(path);
	if (fd >= 0)
		done = map_file(core, fd, err) && read_headers(core, err);
	else if (errno == ENOENT || errno == ENOTDIR)
		error_set(err, ERROR_NOT_FOUND, "there is no file %s", path);
	else
		error_errno(err, errno, "cannot open %s", path);
	if (fd >= 0)
		close(fd);
	if (done)
		return core;
	core_file_close(core);
	return NULL;
}

void core_file_close(struct core_file *core)
{
	if (!core)
		return;
	if (core->bytes)
		munmap((void *)(uintptr_t)core->bytes, core->size);
	core_notes_deinit(&core->notes);
	core_holes_deinit(&core->holes);
	free(core->segments);
	free(core->path);
	free(core);
}

const struct core_segment *core_file_segments(const struct core_file *core, size_t *count)
{
	*count = core->segment_count;
	return core->segments;
}

const struct core_mapping *core_file_mappings(const struct core_file *core, size_t *count)
{
	*count = core->notes.mapping_count;
	return core->notes.mappings;
}

const struct core_thread *core_file_threads(const struct core_file *core, size_t *count)
{
	*count = core->notes.thread_count;
	return core->notes.threads;
}

const struct core_process *core_file_process(const struct core_file *core)
{
	return &core->notes.process;
}

bool core_file_auxv(const struct core_file *core, uint64_t type, uint64_t *value)
{
	Elf64_auxv_t entry;

	for (size_t at = 0; core->notes.auxv_size - at >= sizeof(entry); at += sizeof(entry)) {
		memcpy(&entry, core->notes.auxv + at, sizeof(entry));
		if (entry.a_type == AT_NULL)
			return false;
		if (entry.a_type != type)
			continue;
		*value = entry.a_un.a_val;
		return true;
	}
	return false;
}

bool core_file_hole(const struct core_file *core, const uint8_t *bytes, uint64_t size, uint64_t *length)
{
	return core_holes_at(&core->holes, (uint64_t)(bytes - core->bytes), size, length);
}

bool core_file_truncated(const struct core_file *core, uint64_t *missing)
{
	bool truncated = core->promised > core->size;

	if (missing)
		*missing = truncated ? core->promised - core->size : 0;
	return truncated;
}

bool core_file_by_gdb(const struct core_file *core)
{
	return core->notes.by_gdb;
}

const char *core_file_path(const struct core_file *core)
{
	return core->path;
}
