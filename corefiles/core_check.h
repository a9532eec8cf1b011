/* core_check: is this file a core that we understand, and if not, what is it instead? Private to corefiles/.
 */
#ifndef ASYNCINSPECT_COREFILES_CORE_CHECK_H
#define ASYNCINSPECT_COREFILES_CORE_CHECK_H

#include "inspector/base/error.h"

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

/* Checks the first bytes of a file, size of them, and copies the ELF header. path is for the error's text. */
bool core_check_header(
	const uint8_t *bytes, size_t size, const char *path, Elf64_Ehdr *header, struct error *err);

#endif
