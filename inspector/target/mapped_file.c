#include "inspector/target/mapped_file.h"

#include "corefiles/build_id.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>

#define PAGE		((uint64_t)4096)
#define HUGETLBFS_MAGIC 0x958458f6

void mapped_file_set_deinit(struct mapped_file_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->files[i]->bytes)
			munmap((void *)(uintptr_t)set->files[i]->bytes, set->files[i]->size);
	}
	free(set->files);
	addrmap_deinit(&set->by_hash);
	memset(set, 0, sizeof(*set));
}

/* FNV-1a, without the top bit, which addrmap's keys must not reach. */
static uint64_t hash_path(const char *path)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *path; path++)
		hash = (hash ^ (uint8_t)*path) * 0x100000001b3;
	return hash >> 1;
}

struct mapped_file *mapped_file_find(
	const struct mapped_file_set *set, const char *path, uint64_t device, uint64_t inode)
{
	uint64_t index;

	if (!addrmap_get(&set->by_hash, hash_path(path), &index))
		return NULL;
	for (struct mapped_file *file = set->files[index]; file; file = file->next) {
		if (file->device == device && file->inode == inode && strcmp(file->path, path) == 0)
			return file;
	}
	return NULL;
}

struct mapped_file *mapped_file_add(
	struct mapped_file_set *set, const char *path, uint64_t device, uint64_t inode)
{
	struct mapped_file *file = arena_alloc(set->arena, sizeof(*file));
	uint64_t hash = hash_path(path), index;

	file->path = file->name = path;
	file->device = device;
	file->inode = inode;
	if (addrmap_get(&set->by_hash, hash, &index))
		file->next = set->files[index];
	addrmap_put(&set->by_hash, hash, set->count);
	set->files = grow_array(set->files, &set->capacity, set->count + 1, sizeof(struct mapped_file *));
	set->files[set->count++] = file;
	return file;
}

/* A file of huge pages is no file: what the target has there is memory, and mapping it may take pages from
 * the pool or end us with SIGBUS. */
static bool of_huge_pages(int fd)
{
	struct statfs system;

	return fstatfs(fd, &system) == 0 && (uint32_t)system.f_type == HUGETLBFS_MAGIC;
}

bool mapped_file_map(struct mapped_file *file, int fd, const struct stat *status)
{
	void *bytes;

	file->here_device = status->st_dev;
	file->here_inode = status->st_ino;
	if (status->st_size == 0)
		return error_set(&file->refusal, ERROR_MISMATCH, "%s is empty now", file->name);
	if (of_huge_pages(fd))
		return error_set(&file->refusal, ERROR_UNSUPPORTED, "%s is memory in huge pages", file->name);
	bytes = mmap(NULL, (size_t)status->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return error_errno(&file->refusal, errno, "cannot map %s", file->name);
	file->bytes = bytes;
	file->size = (size_t)status->st_size;
	file->is_elf = file->size >= sizeof(Elf64_Ehdr) && memcmp(bytes, ELFMAG, SELFMAG) == 0;
	return true;
}

void mapped_file_refuse(struct mapped_file *file, const struct error *why)
{
	if (file->bytes)
		munmap((void *)(uintptr_t)file->bytes, file->size);
	file->bytes = NULL;
	file->refusal = *why;
}

bool mapped_file_matches(const struct mapped_file *file, const uint8_t *image, size_t size, struct error *err)
{
	struct build_id theirs, ours;
	char a[BUILD_ID_TEXT], b[BUILD_ID_TEXT];
	size_t page = size < PAGE ? size : PAGE;

	if (size < SELFMAG || memcmp(image, ELFMAG, SELFMAG) != 0)
		return error_set(err, ERROR_UNSUPPORTED,
			"%s is no ELF file, so that its identity cannot be checked", file->name);
	build_id_from_image(image, size, true, &theirs);
	build_id_from_image(file->bytes, file->size, false, &ours);
	if (theirs.size > 0 && build_id_equal(&theirs, &ours))
		return true;
	if (theirs.size > 0)
		return error_set(err, ERROR_MISMATCH, "%s has %s%s, the mapped file has %s", file->name,
			ours.size ? "build-id " : "no build-id", build_id_text(&ours, a),
			build_id_text(&theirs, b));
	/* No id, or one behind the bytes that are there: the ELF header with its offsets and the program
	 * headers differ between any two builds that differ in size. */
	if (file->size >= page && memcmp(image, file->bytes, page) == 0)
		return true;
	return error_set(err, ERROR_MISMATCH,
		"%s has another first page than the mapped file, which shows no "
		"build-id",
		file->name);
}

bool mapped_file_prot(const struct mapped_file *file, uint64_t image_offset, uint32_t *prot)
{
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	uint64_t base = 0, address;
	bool base_known = false, found = false;

	if (!file->is_elf || !file->bytes)
		return false;
	memcpy(&header, file->bytes, sizeof(header));
	*prot = 0;
	for (unsigned i = 0; i < header.e_phnum; i++) {
		uint64_t at = header.e_phoff + (uint64_t)i * sizeof(segment), start, end;

		if (at < header.e_phoff || at > file->size || file->size - at < sizeof(segment))
			break;
		memcpy(&segment, file->bytes + at, sizeof(segment));
		if (segment.p_type != PT_LOAD)
			continue;
		if (!base_known)
			base = segment.p_vaddr & ~(PAGE - 1);
		base_known = true;
		address = base + image_offset;
		start = segment.p_vaddr & ~(PAGE - 1);
		end = (segment.p_vaddr + segment.p_memsz + PAGE - 1) & ~(PAGE - 1);
		if (address < start || address >= end)
			continue;
		found = true;
		*prot |= (segment.p_flags & PF_R ? PROT_READ : 0) |
			 (segment.p_flags & PF_W ? PROT_WRITE : 0) | (segment.p_flags & PF_X ? PROT_EXEC : 0);
	}
	return found;
}
