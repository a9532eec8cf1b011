#include "tests/unit/elf_writer.h"

#include "inspector/base/alloc.h"
#include "inspector/base/strbuf.h"

#include <check.h>
#include <elf.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/procfs.h>
#include <sys/user.h>
#include <unistd.h>

#define PAGE ((size_t)4096)

struct elf_writer {
	Elf64_Phdr *segments; /* p_offset counts from the first saved byte until the end */
	size_t segment_count, segment_capacity;
	struct strbuf saved, notes, lines, paths, auxv;
	uint64_t line_count;
	bool count_elsewhere;
};

struct elf_writer *elf_writer_create(void)
{
	return xcalloc(1, sizeof(struct elf_writer));
}

void elf_writer_destroy(struct elf_writer *w)
{
	free(w->segments);
	strbuf_deinit(&w->saved);
	strbuf_deinit(&w->notes);
	strbuf_deinit(&w->lines);
	strbuf_deinit(&w->paths);
	strbuf_deinit(&w->auxv);
	free(w);
}

static void pad(struct strbuf *s, size_t align)
{
	while (s->length % align)
		strbuf_append_char(s, '\0');
}

static void append(struct strbuf *s, const void *bytes, size_t size)
{
	strbuf_append_bytes(s, bytes, size);
}

void elf_writer_segment(
	struct elf_writer *w, uint64_t start, uint64_t size, const void *bytes, size_t saved, uint32_t flags)
{
	Elf64_Phdr segment = {
		.p_type = PT_LOAD,
		.p_flags = flags,
		.p_offset = w->saved.length,
		.p_vaddr = start,
		.p_filesz = saved,
		.p_memsz = size,
		.p_align = PAGE,
	};

	w->segments =
		grow_array(w->segments, &w->segment_capacity, w->segment_count + 1, sizeof(*w->segments));
	w->segments[w->segment_count++] = segment;
	if (saved)
		append(&w->saved, bytes, saved);
	pad(&w->saved, PAGE);
}

void elf_writer_note(struct elf_writer *w, const char *name, uint32_t type, const void *desc, size_t size)
{
	Elf64_Nhdr note = {
		.n_namesz = (uint32_t)strlen(name) + 1, .n_descsz = (uint32_t)size, .n_type = type};

	append(&w->notes, &note, sizeof(note));
	append(&w->notes, name, note.n_namesz);
	pad(&w->notes, 4);
	append(&w->notes, desc, size);
	pad(&w->notes, 4);
}

void elf_writer_thread(struct elf_writer *w, int tid, int signal, uint64_t stack_pointer, uint64_t pc)
{
	struct elf_prstatus status;
	struct user_regs_struct registers;

	memset(&status, 0, sizeof(status));
	memset(&registers, 0, sizeof(registers));
	status.pr_cursig = (short)signal;
	status.pr_pid = tid;
	registers.rsp = stack_pointer;
	registers.rip = pc;
	memcpy(&status.pr_reg, &registers, sizeof(registers));
	elf_writer_note(w, "CORE", NT_PRSTATUS, &status, sizeof(status));
}

void elf_writer_process(struct elf_writer *w, int pid, const char *name, const char *arguments)
{
	struct elf_prpsinfo info;

	memset(&info, 0, sizeof(info));
	info.pr_pid = pid;
	info.pr_ppid = 1;
	info.pr_uid = 1000;
	info.pr_gid = 100;
	memcpy(info.pr_fname, name, strnlen(name, sizeof(info.pr_fname)));
	memcpy(info.pr_psargs, arguments, strnlen(arguments, sizeof(info.pr_psargs)));
	elf_writer_note(w, "CORE", NT_PRPSINFO, &info, sizeof(info));
}

void elf_writer_file(struct elf_writer *w, uint64_t start, uint64_t end, uint64_t offset, const char *path)
{
	uint64_t line[3] = {start, end, offset / PAGE};

	append(&w->lines, line, sizeof(line));
	append(&w->paths, path, strlen(path) + 1);
	w->line_count++;
}

void elf_writer_auxv(struct elf_writer *w, uint64_t type, uint64_t value)
{
	uint64_t entry[2] = {type, value};

	append(&w->auxv, entry, sizeof(entry));
}

void elf_writer_count_elsewhere(struct elf_writer *w)
{
	w->count_elsewhere = true;
}

/* The two notes that were collected line by line. */
static void finish_notes(struct elf_writer *w)
{
	uint64_t head[2] = {w->line_count, PAGE};
	struct strbuf desc = STRBUF_INIT;

	if (w->line_count > 0) {
		append(&desc, head, sizeof(head));
		append(&desc, w->lines.text, w->lines.length);
		append(&desc, w->paths.text, w->paths.length);
		elf_writer_note(w, "CORE", NT_FILE, desc.text, desc.length);
	}
	if (w->auxv.length > 0) {
		elf_writer_auxv(w, AT_NULL, 0);
		elf_writer_note(w, "CORE", NT_AUXV, w->auxv.text, w->auxv.length);
	}
	strbuf_deinit(&desc);
}

size_t elf_writer_notes_at(const struct elf_writer *w)
{
	size_t sections = w->count_elsewhere ? sizeof(Elf64_Shdr) : 0;

	return ELF_WRITER_HEADERS + sections + (w->segment_count + 1) * sizeof(Elf64_Phdr);
}

uint8_t *elf_writer_finish(struct elf_writer *w, size_t *size)
{
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = ELF_WRITER_HEADERS,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (uint16_t)(w->segment_count + 1),
	};
	Elf64_Phdr notes = {.p_type = PT_NOTE, .p_offset = elf_writer_notes_at(w)};
	struct strbuf out = STRBUF_INIT;

	finish_notes(w);
	notes.p_filesz = w->notes.length;
	if (w->count_elsewhere) {
		Elf64_Shdr section = {.sh_info = (uint32_t)(w->segment_count + 1)};

		header.e_phnum = PN_XNUM;
		header.e_shoff = sizeof(header);
		header.e_shnum = 1;
		header.e_shentsize = sizeof(section);
		header.e_phoff += sizeof(section);
		append(&out, &header, sizeof(header));
		append(&out, &section, sizeof(section));
	} else {
		append(&out, &header, sizeof(header));
	}
	*size = (notes.p_offset + notes.p_filesz + PAGE - 1) & ~(PAGE - 1);
	append(&out, &notes, sizeof(notes));
	for (size_t i = 0; i < w->segment_count; i++) {
		Elf64_Phdr segment = w->segments[i];

		segment.p_offset += *size;
		append(&out, &segment, sizeof(segment));
	}
	if (w->notes.length)
		append(&out, w->notes.text, w->notes.length);
	pad(&out, PAGE);
	if (w->saved.length)
		append(&out, w->saved.text, w->saved.length);
	*size = out.length;
	return (uint8_t *)strbuf_steal(&out);
}

void elf_image_make(uint8_t image[ELF_IMAGE_SIZE], uint8_t id, uint8_t fill)
{
	static const uint32_t flags[] = {PF_R, PF_R | PF_X, PF_R | PF_W};
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = id ? 4 : 3,
	};
	Elf64_Phdr note = {.p_type = PT_NOTE, .p_offset = 512, .p_vaddr = 512, .p_filesz = 36, .p_align = 4};
	Elf64_Nhdr build_id = {.n_namesz = 4, .n_descsz = 20, .n_type = NT_GNU_BUILD_ID};
	uint8_t *at = image + sizeof(header);

	memset(image, fill, ELF_IMAGE_SIZE);
	memcpy(image, &header, sizeof(header));
	for (size_t i = 0; i < 3; i++) {
		Elf64_Phdr load = {.p_type = PT_LOAD, .p_flags = flags[i], .p_align = PAGE};

		load.p_offset = load.p_vaddr = i * PAGE;
		load.p_filesz = load.p_memsz = PAGE;
		memcpy(at, &load, sizeof(load));
		at += sizeof(load);
	}
	if (!id)
		return;
	memcpy(at, &note, sizeof(note));
	memcpy(image + 512, &build_id, sizeof(build_id));
	memcpy(image + 512 + sizeof(build_id), "GNU", 4);
	memset(image + 512 + sizeof(build_id) + 4, id, 20);
}

const char *memory_file(const void *bytes, size_t size, int *fd, char path[32])
{
	*fd = memfd_create("test", MFD_CLOEXEC);
	ck_assert_int_ge(*fd, 0);
	ck_assert_int_eq(write(*fd, bytes, size), (ssize_t)size);
	snprintf(path, 32, "/proc/self/fd/%d", *fd);
	return path;
}

char *scratch_create(void)
{
	const char *parent = getenv("TMPDIR");
	char *directory = xasprintf("%s/asyncinspect-test-XXXXXX", parent ? parent : "/tmp");

	ck_assert_ptr_nonnull(mkdtemp(directory));
	return directory;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status, (void)type, (void)place;
	return remove(path);
}

void scratch_remove(char *directory)
{
	ck_assert_int_eq(nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(directory);
}

char *scratch_write(const char *directory, const char *name, const void *bytes, size_t size)
{
	char *path = xasprintf("%s/%s", directory, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
	close(fd);
	return path;
}
