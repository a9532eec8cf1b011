/* exported: one symbol of an ELF file by the hash table that the dynamic linker uses, .gnu.hash. A few names
 * of a large file are found without its other symbols being read and indexed. The file is untrusted. */
#ifndef ASYNCINSPECT_SYMBOLS_EXPORTED_H
#define ASYNCINSPECT_SYMBOLS_EXPORTED_H

#include "inspector/symbols/image.h"

/* False: no such symbol is exported, or there is no such hash table, or it is damaged. */
bool exported_find(const struct image *image, const char *name, Elf64_Sym *symbol);

#endif
