#include "corefiles/core_notes.h"

#include "inspector/base/alloc.h"

#include <elf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/user.h>

/* GDB's, in no system header. */
#define NOTE_GDB_TDESC 0xff000000U

void core_notes_deinit(struct core_notes *notes)
{
	free(notes->threads);
	free(notes->mappings);
	memset(notes, 0, sizeof(*notes));
}

static uint64_t word_at(const uint8_t *bytes, size_t offset)
{
	uint64_t word;

	memcpy(&word, bytes + offset, sizeof(word));
	return word;
}

static void add_thread(struct core_notes *notes, const uint8_t *desc, size_t size)
{
	struct core_thread thread = {.tid = 0};
	const size_t registers = offsetof(struct elf_prstatus, pr_reg);
	short signal;
	int tid;

	_Static_assert(sizeof(thread.registers) == sizeof(struct user_regs_struct), "x86_64 registers");
	if (size < offsetof(struct elf_prstatus, pr_pid) + sizeof(tid))
		return;
	memcpy(&signal, desc + offsetof(struct elf_prstatus, pr_cursig), sizeof(signal));
	memcpy(&tid, desc + offsetof(struct elf_prstatus, pr_pid), sizeof(tid));
	thread.tid = tid;
	thread.signal = signal;
	if (size >= registers + sizeof(thread.registers)) {
		memcpy(thread.registers, desc + registers, sizeof(thread.registers));
		thread.stack_pointer =
			thread.registers[offsetof(struct user_regs_struct, rsp) / sizeof(uint64_t)];
		thread.pc = thread.registers[offsetof(struct user_regs_struct, rip) / sizeof(uint64_t)];
	}
	notes->threads = grow_array(
		notes->threads, &notes->thread_capacity, notes->thread_count + 1, sizeof(*notes->threads));
	notes->threads[notes->thread_count++] = thread;
}

static void set_process(struct core_process *process, const uint8_t *desc, size_t size)
{
	struct elf_prpsinfo info;

	if (process->known || size < sizeof(info))
		return;
	memcpy(&info, desc, sizeof(info));
	process->known = true;
	process->pid = info.pr_pid;
	process->ppid = info.pr_ppid;
	process->uid = info.pr_uid;
	process->gid = info.pr_gid;
	memcpy(process->name, info.pr_fname, sizeof(info.pr_fname));
	memcpy(process->arguments, info.pr_psargs, sizeof(info.pr_psargs));
}

/* count, page size, count times (start, end, offset in pages), then as many paths. GDB writes offsets in
 * bytes and the page size 1. */
static void add_mappings(struct core_notes *notes, const uint8_t *desc, size_t size)
{
	const size_t head = 2 * sizeof(uint64_t), entry = 3 * sizeof(uint64_t);
	uint64_t count, page, text;

	if (notes->mapping_count > 0 || size < head)
		return;
	count = word_at(desc, 0);
	page = word_at(desc, sizeof(uint64_t));
	if (count > (size - head) / entry)
		return;
	text = head + count * entry;
	for (uint64_t i = 0; i < count; i++) {
		const uint8_t *at = desc + head + i * entry;
		const uint8_t *end = memchr(desc + text, '\0', size - text);
		struct core_mapping mapping = {
			.start = word_at(at, 0), .end = word_at(at, 8), .path = (const char *)desc + text};

		if (!end)
			return;
		text = (uint64_t)(end + 1 - desc);
		if (mapping.start >= mapping.end ||
			__builtin_mul_overflow(word_at(at, 16), page, &mapping.file_offset))
			continue;
		notes->mappings = grow_array(notes->mappings, &notes->mapping_capacity,
			notes->mapping_count + 1, sizeof(*notes->mappings));
		notes->mappings[notes->mapping_count++] = mapping;
	}
}

static void add_core_note(struct core_notes *notes, uint32_t type, const uint8_t *desc, size_t size)
{
	switch (type) {
	case NT_PRSTATUS:
		add_thread(notes, desc, size);
		break;
	case NT_PRPSINFO:
		set_process(&notes->process, desc, size);
		break;
	case NT_FILE:
		add_mappings(notes, desc, size);
		break;
	case NT_AUXV:
		if (!notes->auxv) {
			notes->auxv = desc;
			notes->auxv_size = size;
		}
		break;
	}
}

/* The lengths are 32 bits and size is a size in memory, so that no sum below can wrap. */
void core_notes_add(struct core_notes *notes, const uint8_t *bytes, size_t size)
{
	size_t at = 0;

	while (at <= size && size - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		size_t name, desc;

		memcpy(&note, bytes + at, sizeof(note));
		name = at + sizeof(note);
		desc = name + ((note.n_namesz + (size_t)3) & ~(size_t)3);
		if (desc > size || size - desc < note.n_descsz)
			return;
		if (note.n_namesz == sizeof("CORE") && memcmp(bytes + name, "CORE", sizeof("CORE")) == 0)
			add_core_note(notes, note.n_type, bytes + desc, note.n_descsz);
		if (note.n_namesz == sizeof("GDB") && memcmp(bytes + name, "GDB", sizeof("GDB")) == 0 &&
			note.n_type == NOTE_GDB_TDESC)
			notes->by_gdb = true;
		at = desc + ((note.n_descsz + (size_t)3) & ~(size_t)3);
	}
}
