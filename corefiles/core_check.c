#include "corefiles/core_check.h"

#include <string.h>

struct packer {
	const char *name, *command;
	uint8_t magic[6];
	size_t length;
};

static const struct packer packers[] = {
	{"gzip", "gzip -dc", {0x1f, 0x8b}, 2},
	{"Zstandard", "zstd -dc", {0x28, 0xb5, 0x2f, 0xfd}, 4},
	{"LZ4", "lz4 -dc", {0x04, 0x22, 0x4d, 0x18}, 4},
	{"xz", "xz -dc", {0xfd, '7', 'z', 'X', 'Z', 0}, 6},
	{"bzip2", "bzip2 -dc", {'B', 'Z', 'h'}, 3},
};

static bool refuse_packed(const uint8_t *bytes, size_t size, const char *path, struct error *err)
{
	for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]); i++) {
		const struct packer *p = &packers[i];

		if (size < p->length || memcmp(bytes, p->magic, p->length) != 0)
			continue;
		error_set(err, ERROR_UNSUPPORTED, "%s is compressed with %s", path, p->name);
		error_advise(err, "Unpack it first: %s %s > core, then inspect ./core.", p->command, path);
		return false;
	}
	return error_set(err, ERROR_UNSUPPORTED, "%s is no ELF file, so no core dump", path);
}

static const char *machine_name(unsigned machine)
{
	switch (machine) {
	case EM_386:
		return "32-bit x86";
	case EM_AARCH64:
		return "AArch64";
	case EM_ARM:
		return "ARM";
	case EM_PPC64:
		return "POWER";
	case EM_S390:
		return "IBM Z";
	case EM_RISCV:
		return "RISC-V";
	default:
		return "another architecture";
	}
}

static const char *type_name(unsigned type)
{
	switch (type) {
	case ET_EXEC:
		return "an executable";
	case ET_DYN:
		return "an executable or a shared library";
	case ET_REL:
		return "an object file";
	default:
		return "an ELF file of an unknown type";
	}
}

/* e_type and e_machine lie at the same place in the 32-bit header. */
static bool check_kind(const Elf64_Ehdr *header, const char *path, struct error *err)
{
	if (header->e_ident[EI_DATA] != ELFDATA2LSB)
		return error_set(err, ERROR_UNSUPPORTED, "%s comes from a big-endian machine", path);
	if (header->e_type != ET_CORE) {
		error_set(err, ERROR_UNSUPPORTED, "%s is %s, no core dump", path, type_name(header->e_type));
		error_advise(err, "Give the core dump of a process, or --pid PID.");
		return false;
	}
	if (header->e_ident[EI_CLASS] != ELFCLASS64)
		return error_set(err, ERROR_UNSUPPORTED,
			"%s is the core of a 32-bit process; only 64-bit ones are understood", path);
	if (header->e_machine != EM_X86_64)
		return error_set(err, ERROR_UNSUPPORTED,
			"%s is a core from %s (ELF machine %u); only x86_64 is understood", path,
			machine_name(header->e_machine), header->e_machine);
	return true;
}

bool core_check_header(
	const uint8_t *bytes, size_t size, const char *path, Elf64_Ehdr *header, struct error *err)
{
	if (size < SELFMAG || memcmp(bytes, ELFMAG, SELFMAG) != 0)
		return refuse_packed(bytes, size, path, err);
	memset(header, 0, sizeof(*header));
	memcpy(header, bytes, size < sizeof(*header) ? size : sizeof(*header));
	if (size >= offsetof(Elf64_Ehdr, e_version) && !check_kind(header, path, err))
		return false;
	if (size < sizeof(*header))
		return error_at(err, ERROR_CORRUPT, size, "%s ends inside its ELF header, after %zu bytes",
			path, size);
	if (header->e_phentsize != sizeof(Elf64_Phdr))
		return error_set(err, ERROR_CORRUPT, "%s has program headers of %u bytes instead of %zu",
			path, header->e_phentsize, sizeof(Elf64_Phdr));
	return true;
}
