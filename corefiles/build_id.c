#include "corefiles/build_id.h"

#include <elf.h>
#include <string.h>

#define PAGE ((uint64_t)4096)

static bool image_header(const uint8_t *image, size_t size, Elf64_Ehdr *header)
{
	if (size < sizeof(*header))
		return false;
	memcpy(header, image, sizeof(*header));
	return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_ident[EI_CLASS] == ELFCLASS64 &&
	       header->e_ident[EI_DATA] == ELFDATA2LSB && header->e_phentsize == sizeof(Elf64_Phdr);
}

/* The index-th program header; false when it is not within size bytes. */
static bool image_segment(
	const uint8_t *image, size_t size, const Elf64_Ehdr *header, unsigned index, Elf64_Phdr *segment)
{
	uint64_t offset;

	if (index >= header->e_phnum ||
		__builtin_add_overflow(header->e_phoff, (uint64_t)index * sizeof(*segment), &offset))
		return false;
	if (offset > size || size - offset < sizeof(*segment))
		return false;
	memcpy(segment, image + offset, sizeof(*segment));
	return true;
}

/* Offsets inside notes are multiples of 4, or of 8 in a segment aligned to 8 (GNU properties). No sum below
 * can wrap: size is a size in memory, the two lengths are 32 bits wide. */
static bool notes_find(const uint8_t *notes, uint64_t size, uint64_t align, struct build_id *id)
{
	uint64_t at = 0;

	while (at <= size && size - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		uint64_t name, desc, next;

		memcpy(&note, notes + at, sizeof(note));
		name = at + sizeof(note);
		desc = (name + note.n_namesz + align - 1) & ~(align - 1);
		next = (desc + note.n_descsz + align - 1) & ~(align - 1);
		if (desc > size || size - desc < note.n_descsz)
			return false;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
			memcmp(notes + name, "GNU", 4) == 0 && note.n_descsz > 0 &&
			note.n_descsz <= BUILD_ID_MAX) {
			id->size = note.n_descsz;
			memcpy(id->bytes, notes + desc, id->size);
			return true;
		}
		at = next;
	}
	return false;
}

bool build_id_from_image(const void *image, size_t size, bool in_memory, struct build_id *id)
{
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	uint64_t base = 0;
	bool base_known = false;

	memset(id, 0, sizeof(*id));
	if (!image_header(image, size, &header))
		return false;
	for (unsigned i = 0; !base_known && image_segment(image, size, &header, i, &segment); i++) {
		base_known = segment.p_type == PT_LOAD;
		base = base_known ? segment.p_vaddr & ~(PAGE - 1) : 0;
	}
	for (unsigned i = 0; image_segment(image, size, &header, i, &segment); i++) {
		uint64_t offset = in_memory ? segment.p_vaddr - base : segment.p_offset;
		uint64_t length = segment.p_filesz;

		/* A p_vaddr below base wraps to an offset beyond any size. */
		if (segment.p_type != PT_NOTE || offset >= size)
			continue;
		if (length > size - offset)
			length = size - offset;
		if (notes_find((const uint8_t *)image + offset, length, segment.p_align == 8 ? 8 : 4, id))
			return true;
	}
	return false;
}

bool build_id_equal(const struct build_id *a, const struct build_id *b)
{
	return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

const char *build_id_text(const struct build_id *id, char text[static BUILD_ID_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < id->size && i < BUILD_ID_MAX; i++) {
		text[2 * i] = digits[id->bytes[i] >> 4];
		text[2 * i + 1] = digits[id->bytes[i] & 15];
	}
	text[2 * i] = '\0';
	return text;
}
