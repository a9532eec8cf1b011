/* symbol_table: the symbols of one ELF file, found by name or by address. Addresses are the file's. */
#ifndef ASYNCINSPECT_SYMBOLS_SYMBOL_TABLE_H
#define ASYNCINSPECT_SYMBOLS_SYMBOL_TABLE_H

#include "inspector/symbols/image.h"

#include <stdbool.h>
#include <stdint.h>

struct symbol_table;

/* A defined function, object or untyped symbol. */
bool symbol_has_address(const Elf64_Sym *symbol);

/* Reads .symtab and .dynsym. Names are borrowed from the image, which must live longer. Only symbols
 * with an address are kept. */
struct symbol_table *symbol_table_create(const struct image *image);
void symbol_table_destroy(struct symbol_table *table); /* NULL is allowed */

/* Global before local; otherwise an arbitrary one of several. */
bool symbol_table_find(const struct symbol_table *table, const char *name, uint64_t *address, uint64_t *size);

/* The symbol that covers address: one with a size that reaches over it, or one without at exactly this
 * address. NULL: none. The first call sorts. */
const char *symbol_table_at(struct symbol_table *table, uint64_t address, uint64_t *offset);

#endif
