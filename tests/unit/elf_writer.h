/* elf_writer: makes ELF cores and ELF images to test with, right ones; the tests spoil them.
 *
 * A core is laid out as the kernel does it: header, program headers (the notes first), notes, then the saved
 * bytes of each segment at the next multiple of the page. */
#ifndef ASYNCINSPECT_TESTS_ELF_WRITER_H
#define ASYNCINSPECT_TESTS_ELF_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_writer;

struct elf_writer *elf_writer_create(void);
void elf_writer_destroy(struct elf_writer *w);

/* A PT_LOAD of size bytes at start, the first saved of which are bytes (copied). flags: PF_R | PF_W | PF_X.
 */
void elf_writer_segment(
	struct elf_writer *w, uint64_t start, uint64_t size, const void *bytes, size_t saved, uint32_t flags);

void elf_writer_note(struct elf_writer *w, const char *name, uint32_t type, const void *desc, size_t size);
void elf_writer_thread(struct elf_writer *w, int tid, int signal, uint64_t stack_pointer, uint64_t pc);
void elf_writer_process(struct elf_writer *w, int pid, const char *name, const char *arguments);

/* A line of NT_FILE; offset in bytes. They become one note. */
void elf_writer_file(struct elf_writer *w, uint64_t start, uint64_t end, uint64_t offset, const char *path);

/* An entry of NT_AUXV. They become one note, with AT_NULL at its end. */
void elf_writer_auxv(struct elf_writer *w, uint64_t type, uint64_t value);

/* Puts the number of program headers where it stands when there are 65535 or more. */
void elf_writer_count_elsewhere(struct elf_writer *w);

/* The finished core. Caller frees. */
uint8_t *elf_writer_finish(struct elf_writer *w, size_t *size);

/* Where the program headers and the notes are in a finished core. */
#define ELF_WRITER_HEADERS 64
size_t elf_writer_notes_at(const struct elf_writer *w);

/* An ELF shared library of ELF_IMAGE_SIZE bytes: three segments of a page (r--, r-x, rw-), each byte behind
 * the headers is fill, and a build-id of 20 times id in the first page; none when id is 0. Each page is
 * mapped at its own offset. */
#define ELF_IMAGE_SIZE ((size_t)3 * 4096)
void elf_image_make(uint8_t image[ELF_IMAGE_SIZE], uint8_t id, uint8_t fill);

/* An anonymous file with these bytes: *fd is its descriptor, and the path is that of the descriptor in /proc.
 */
const char *memory_file(const void *bytes, size_t size, int *fd, char path[32]);

/* A new directory for files; scratch_remove deletes it with all that is in it. */
char *scratch_create(void);
void scratch_remove(char *directory); /* frees it */

/* Writes DIRECTORY/NAME; its path is returned, caller frees. */
char *scratch_write(const char *directory, const char *name, const void *bytes, size_t size);

#endif
