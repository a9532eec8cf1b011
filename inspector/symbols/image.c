#include "inspector/symbols/image.h"

#include "inspector/base/alloc.h"

#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#ifndef ELFCOMPRESS_ZSTD /* elf.h of glibc before 2.37 */
#define ELFCOMPRESS_ZSTD 2
#endif

/* Readers of DWARF look a few bytes ahead; what they see there must not be another allocation. */
#define PADDING 64

/* No section of debug information is larger; what one claims beyond it is damage or an attack. */
#define SECTION_MAX ((uint64_t)1 << 30)

/* DEFLATE cannot do better than 1032 to 1. */
#define INFLATE_RATIO 1032

struct image {
	int fd;	       /* owned */
	Elf *elf;      /* owned */
	char *path;    /* owned */
	uint64_t size; /* of the file */
	size_t section_names;
	bool is_fixed;
	struct build_id build_id;
};

/* The build-id in one run of notes. */
static bool find_build_id(Elf_Data *notes, struct build_id *id)
{
	size_t offset = 0, next, name_offset, desc_offset;
	GElf_Nhdr note;

	while (notes && (next = gelf_getnote(notes, offset, &note, &name_offset, &desc_offset))) {
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof("GNU") &&
			!memcmp((const char *)notes->d_buf + name_offset, "GNU", sizeof("GNU")) &&
			note.n_descsz && note.n_descsz <= BUILD_ID_MAX) {
			id->size = note.n_descsz;
			memcpy(id->bytes, (const char *)notes->d_buf + desc_offset, id->size);
			return true;
		}
		offset = next;
	}
	return false;
}

/* Sections first: in a separate debug file the segments point to bytes that were left out. */
static void read_build_id(struct image *image)
{
	Elf_Scn *section = NULL;
	size_t count, i;
	GElf_Shdr shdr;
	GElf_Phdr phdr;

	while ((section = elf_nextscn(image->elf, section))) {
		if (gelf_getshdr(section, &shdr) && shdr.sh_type == SHT_NOTE &&
			find_build_id(elf_getdata(section, NULL), &image->build_id))
			return;
	}
	if (elf_getphdrnum(image->elf, &count))
		return;
	for (i = 0; i < count && gelf_getphdr(image->elf, (int)i, &phdr); i++) {
		if (phdr.p_type != PT_NOTE || phdr.p_offset > image->size ||
			phdr.p_filesz > image->size - phdr.p_offset)
			continue;
		if (find_build_id(elf_getdata_rawchunk(image->elf, (int64_t)phdr.p_offset, phdr.p_filesz,
					  phdr.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR),
			    &image->build_id))
			return;
	}
}

static bool open_elf(struct image *image, struct error *err)
{
	struct stat status;
	GElf_Ehdr ehdr;
	const char *ident;

	if (fstat(image->fd, &status))
		return error_errno(err, errno, "cannot read %s", image->path);
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_UNSUPPORTED, "%s is not a regular file", image->path);
	image->size = (uint64_t)status.st_size;
	if (elf_version(EV_CURRENT) == EV_NONE)
		return error_set(err, ERROR_UNSUPPORTED, "libelf is too old: %s", elf_errmsg(-1));
	image->elf = elf_begin(image->fd, ELF_C_READ, NULL);
	if (!image->elf)
		return error_set(err, ERROR_CORRUPT, "%s: %s", image->path, elf_errmsg(-1));
	ident = elf_getident(image->elf, NULL);
	if (elf_kind(image->elf) != ELF_K_ELF || !ident || !gelf_getehdr(image->elf, &ehdr))
		return error_set(err, ERROR_CORRUPT, "%s is not an ELF file", image->path);
	if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB)
		return error_set(
			err, ERROR_UNSUPPORTED, "%s is not a 64-bit little-endian ELF file", image->path);
	image->is_fixed = ehdr.e_type == ET_EXEC;
	if (elf_getshdrstrndx(image->elf, &image->section_names))
		image->section_names = 0;
	return true;
}

struct image *image_open(int fd, const char *path, struct error *err)
{
	struct image *image = xcalloc(1, sizeof(*image));

	image->fd = fd;
	image->path = xstrdup(path);
	if (!open_elf(image, err)) {
		image_close(image);
		return NULL;
	}
	read_build_id(image);
	return image;
}

void image_close(struct image *image)
{
	if (!image)
		return;
	elf_end(image->elf);
	if (image->fd >= 0)
		close(image->fd);
	free(image->path);
	free(image);
}

void image_finish_reading(struct image *image)
{
	elf_cntl(image->elf, ELF_C_FDDONE);
	close(image->fd);
	image->fd = -1;
}

const char *image_path(const struct image *image)
{
	return image->path;
}

const struct build_id *image_build_id(const struct image *image)
{
	return &image->build_id;
}

bool image_is_fixed(const struct image *image)
{
	return image->is_fixed;
}

bool image_address_of(const struct image *image, uint64_t file_offset, uint64_t *address)
{
	const uint64_t page = 4096;
	size_t count, i;
	GElf_Phdr phdr;

	if (elf_getphdrnum(image->elf, &count))
		return false;
	for (i = 0; i < count && gelf_getphdr(image->elf, (int)i, &phdr); i++) {
		uint64_t start = phdr.p_offset & ~(page - 1);

		if (phdr.p_type != PT_LOAD || !phdr.p_filesz || file_offset < start)
			continue;
		if (file_offset - start < phdr.p_filesz + (phdr.p_offset - start)) {
			*address = phdr.p_vaddr - phdr.p_offset + file_offset;
			return true;
		}
	}
	return false;
}

Elf_Scn *image_section(const struct image *image, const char *name)
{
	Elf_Scn *section = NULL;
	const char *found;
	GElf_Shdr shdr;

	while ((section = elf_nextscn(image->elf, section))) {
		if (!gelf_getshdr(section, &shdr))
			continue;
		found = elf_strptr(image->elf, image->section_names, shdr.sh_name);
		if (found && !strcmp(found, name))
			return section;
	}
	return NULL;
}

bool image_section_place(const struct image *image, const char *name, uint64_t *address, uint64_t *size)
{
	Elf_Scn *section = image_section(image, name);
	GElf_Shdr shdr;

	if (!section || !gelf_getshdr(section, &shdr))
		return false;
	*address = shdr.sh_flags & SHF_ALLOC ? shdr.sh_addr : 0;
	*size = shdr.sh_size;
	return true;
}

bool image_symbols(const struct image *image, uint32_t type, image_symbol_fn each, void *context)
{
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;
	Elf_Data *data;
	size_t i, count;

	do {
		section = elf_nextscn(image->elf, section);
		if (!section)
			return false;
	} while (!gelf_getshdr(section, &shdr) || shdr.sh_type != type);
	data = elf_getdata(section, NULL);
	if (!data || !data->d_buf || data->d_type != ELF_T_SYM)
		return false;
	count = data->d_size / sizeof(Elf64_Sym);
	for (i = 1; i < count; i++) {
		const Elf64_Sym *symbol = (const Elf64_Sym *)data->d_buf + i;
		const char *name = elf_strptr(image->elf, shdr.sh_link, symbol->st_name);

		if (name && *name)
			each(context, symbol, name);
	}
	return true;
}

bool image_debuglink(const struct image *image, char **name, uint32_t *crc)
{
	Elf_Scn *section = image_section(image, ".gnu_debuglink");
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;
	const char *text;
	size_t length, crc_offset;

	if (!data || !data->d_buf)
		return false;
	text = data->d_buf;
	length = strnlen(text, data->d_size);
	crc_offset = (length + 4) & ~(size_t)3;
	if (!length || length == data->d_size || crc_offset + 4 > data->d_size)
		return false;
	if (memchr(text, '/', length) || !strcmp(text, ".."))
		return false;
	memcpy(crc, text + crc_offset, 4);
	*name = xstrdup(text);
	return true;
}

/* path NUL id, in size bytes. */
static bool read_altlink(const char *text, size_t size, bool has_length, char **path, struct build_id *id)
{
	size_t length = strnlen(text, size), at = length + 1;

	if (!length || length >= size)
		return false;
	/* DWARF 5 tells the size of the checksum, in LEB128, which is one byte here. */
	if (has_length && (at >= size || (uint8_t)text[at] != size - at - 1))
		return false;
	at += has_length;
	if (at >= size || size - at > BUILD_ID_MAX)
		return false;
	id->size = size - at;
	memcpy(id->bytes, text + at, id->size);
	*path = xstrdup(text);
	return true;
}

bool image_altlink(const struct image *image, char **path, struct build_id *id)
{
	static const char *const names[] = {".gnu_debugaltlink", ".debug_sup"};

	for (size_t i = 0; i < 2; i++) {
		Elf_Scn *section = image_section(image, names[i]);
		Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;
		size_t skip = i ? 3 : 0; /* version, and whether this is the common file itself */
		const char *text = data ? data->d_buf : NULL;

		if (!text || data->d_size <= skip || (i && text[2]))
			continue;
		if (read_altlink(text + skip, data->d_size - skip, i, path, id))
			return true;
	}
	return false;
}

bool image_is_common(const struct image *image, const struct build_id *id)
{
	Elf_Scn *section = image_section(image, ".debug_sup");
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;
	const uint8_t *bytes = data ? data->d_buf : NULL;

	if (image->build_id.size)
		return build_id_equal(&image->build_id, id);
	/* Version, yes, no name, and the size before the checksum. */
	return bytes && data->d_size == 5 + id->size && bytes[2] == 1 && !bytes[3] && bytes[4] == id->size &&
	       !memcmp(bytes + 5, id->bytes, id->size);
}

/* ".debug_info" as ".zdebug_info", the GNU way of compression before SHF_COMPRESSED. */
static Elf_Scn *debug_section(const struct image *image, const char *name, GElf_Shdr *shdr, bool *is_gnu_z)
{
	Elf_Scn *section = image_section(image, name);
	char *z_name;

	*is_gnu_z = false;
	if (!section && name[0] == '.') {
		z_name = xasprintf(".z%s", name + 1);
		section = image_section(image, z_name);
		free(z_name);
		*is_gnu_z = section;
	}
	if (!section || !gelf_getshdr(section, shdr) || shdr->sh_type == SHT_NOBITS || !shdr->sh_size)
		return NULL;
	return section;
}

bool image_has_debug_info(const struct image *image)
{
	GElf_Shdr shdr;
	bool is_gnu_z;

	return debug_section(image, ".debug_info", &shdr, &is_gnu_z);
}

/* Room for size bytes and the padding. Large ones in huge pages where the kernel has them: the page faults
 * would cost as much as the copying. Freed by free. */
static uint8_t *alloc_section(uint64_t size)
{
	const size_t huge = (size_t)2 << 20;
	size_t room = (size + PADDING + huge - 1) & ~(huge - 1);
	uint8_t *bytes = size >= huge ? aligned_alloc(huge, room) : NULL;

	if (!bytes)
		return xmalloc(size + PADDING);
	madvise(bytes, room, MADV_HUGEPAGE);
	return bytes;
}

static uint8_t *read_file(
	const struct image *image, const GElf_Shdr *shdr, const char *name, struct error *err)
{
	uint8_t *bytes;
	size_t done = 0;

	if (shdr->sh_offset > image->size || shdr->sh_size > image->size - shdr->sh_offset ||
		shdr->sh_size > SECTION_MAX) {
		error_set(err, ERROR_CORRUPT, "%s: section %s lies beyond the end of the file", image->path,
			name);
		return NULL;
	}
	bytes = alloc_section(shdr->sh_size);
	while (done < shdr->sh_size) {
		ssize_t n =
			pread(image->fd, bytes + done, shdr->sh_size - done, (off_t)(shdr->sh_offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			error_errno(err, n ? errno : EIO, "cannot read %s", image->path);
			free(bytes);
			return NULL;
		}
		done += (size_t)n;
	}
	memset(bytes + done, 0, PADDING);
	return bytes;
}

/* Unpacks a zlib stream into exactly size bytes. */
static uint8_t *inflate_bytes(const struct image *image, const uint8_t *packed, size_t packed_size,
	uint64_t size, struct error *err)
{
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)packed};
	uint64_t left_in = packed_size, left_out = size;
	uint8_t *bytes;
	int status = Z_OK;

	if (size > SECTION_MAX || size / INFLATE_RATIO > packed_size || inflateInit(&stream) != Z_OK) {
		error_set(err, ERROR_CORRUPT, "%s: a compressed section claims an impossible size",
			image->path);
		return NULL;
	}
	bytes = alloc_section(size);
	stream.next_out = bytes;
	while (status == Z_OK && (left_out || left_in)) {
		uInt in = left_in > 1u << 30 ? 1u << 30 : (uInt)left_in;
		uInt out = left_out > 1u << 30 ? 1u << 30 : (uInt)left_out;

		stream.avail_in = in;
		stream.avail_out = out;
		status = inflate(&stream, Z_NO_FLUSH);
		left_in -= in - stream.avail_in;
		left_out -= out - stream.avail_out;
	}
	inflateEnd(&stream);
	if (left_out || (status != Z_OK && status != Z_STREAM_END)) {
		error_set(err, ERROR_CORRUPT, "%s: a compressed section is damaged", image->path);
		free(bytes);
		return NULL;
	}
	memset(bytes + size, 0, PADDING);
	return bytes;
}

/* Unpacks zstd frames into exactly size bytes. By ourselves: libelf does it from elfutils 0.189 on only. */
static uint8_t *unpack_zstd(const struct image *image, const uint8_t *packed, size_t packed_size,
	uint64_t size, struct error *err)
{
	uint8_t *bytes;
	size_t got;

	/* A frame of zeros is smaller than any of zlib. */
	if (size > SECTION_MAX || size / (INFLATE_RATIO * 32) > packed_size) {
		error_set(err, ERROR_CORRUPT, "%s: a compressed section claims an impossible size",
			image->path);
		return NULL;
	}
	bytes = alloc_section(size);
	got = ZSTD_decompress(bytes, size, packed, packed_size);
	if (ZSTD_isError(got) || got != size) {
		error_set(err, ERROR_CORRUPT, "%s: a compressed section is damaged%s%s", image->path,
			ZSTD_isError(got) ? ": " : "", ZSTD_isError(got) ? ZSTD_getErrorName(got) : "");
		free(bytes);
		return NULL;
	}
	memset(bytes + size, 0, PADDING);
	return bytes;
}

bool image_read_section(
	const struct image *image, const char *name, uint8_t **bytes, size_t *size, struct error *err)
{
	bool is_gnu_z, is_elf_z;
	Elf_Scn *section;
	GElf_Shdr shdr;
	Elf64_Chdr chdr;
	uint64_t length, big_endian;
	size_t header;
	uint8_t *file_bytes;

	*bytes = NULL;
	*size = 0;
	section = debug_section(image, name, &shdr, &is_gnu_z);
	if (!section)
		return true;
	file_bytes = read_file(image, &shdr, name, err);
	if (!file_bytes)
		return false;
	is_elf_z = shdr.sh_flags & SHF_COMPRESSED;
	is_gnu_z = is_gnu_z && shdr.sh_size >= 12 && !memcmp(file_bytes, "ZLIB", 4);
	if (!is_elf_z && !is_gnu_z) {
		*bytes = file_bytes;
		*size = shdr.sh_size;
		return true;
	}
	header = is_elf_z ? sizeof(chdr) : 12;
	if (shdr.sh_size < header) {
		free(file_bytes);
		return error_set(err, ERROR_CORRUPT, "%s: section %s is too short", image->path, name);
	}
	if (is_elf_z) {
		memcpy(&chdr, file_bytes, sizeof(chdr));
		length = chdr.ch_size;
	} else {
		memcpy(&big_endian, file_bytes + 4, sizeof(big_endian));
		length = __builtin_bswap64(big_endian);
	}
	if (!is_elf_z || chdr.ch_type == ELFCOMPRESS_ZLIB) {
		*bytes = inflate_bytes(image, file_bytes + header, shdr.sh_size - header, length, err);
	} else if (chdr.ch_type == ELFCOMPRESS_ZSTD) {
		*bytes = unpack_zstd(image, file_bytes + header, shdr.sh_size - header, length, err);
	} else {
		error_set(err, ERROR_UNSUPPORTED,
			"%s: section %s is compressed in a way that is not known (%u)", image->path, name,
			chdr.ch_type);
		error_advise(err, "Unpack a copy of the file: objcopy --decompress-debug-sections FILE COPY");
	}
	free(file_bytes);
	*size = length;
	return *bytes;
}
