#include "inspector/symbols/symbol_table.h"

#include "inspector/base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* How many symbols before an address are looked at for one that reaches over it. Symbols nest (a label in a
 * function), but not deeply. */
#define NESTING 32

/* Longer names are not kept: with a hostile string table each look at them would cost a walk through it. */
#define NAME_MAX_LENGTH 1024

struct entry {
	const char *name; /* borrowed from the image */
	uint64_t address, size;
	bool is_global, is_typed;
};

struct symbol_table {
	struct entry *entries; /* owned */
	size_t count, capacity;
	uint32_t *slots;      /* owned; index + 1 into entries, 0 = free; by name */
	size_t slot_count;    /* a power of two */
	uint32_t *by_address; /* owned; NULL until the first search by address */
};

/* The table's own address, which a file cannot know, keeps hostile names from meeting in one slot. */
static size_t hash_name(const struct symbol_table *table, const char *name)
{
	uint64_t hash = (uintptr_t)table ^ 0xcbf29ce484222325ull;

	while (*name) {
		hash = (hash ^ (unsigned char)*name++) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 29;
	}
	return (size_t)hash;
}

bool symbol_has_address(const Elf64_Sym *symbol)
{
	unsigned type = ELF64_ST_TYPE(symbol->st_info);

	/* A thread-local symbol's value is an offset, an absolute one's no address. */
	return symbol->st_shndx != SHN_UNDEF && symbol->st_shndx != SHN_ABS &&
	       symbol->st_shndx != SHN_COMMON &&
	       (type == STT_NOTYPE || type == STT_OBJECT || type == STT_FUNC || type == STT_GNU_IFUNC);
}

static void add_symbol(void *context, const Elf64_Sym *symbol, const char *name)
{
	struct symbol_table *table = context;
	unsigned type = ELF64_ST_TYPE(symbol->st_info), bind = ELF64_ST_BIND(symbol->st_info);

	if (!symbol_has_address(symbol))
		return;
	if (table->count >= UINT32_MAX / 4 || strnlen(name, NAME_MAX_LENGTH) == NAME_MAX_LENGTH)
		return;
	table->entries =
		grow_array(table->entries, &table->capacity, table->count + 1, sizeof(*table->entries));
	table->entries[table->count++] = (struct entry){
		.name = name,
		.address = symbol->st_value,
		.size = symbol->st_size,
		.is_global = bind != STB_LOCAL,
		.is_typed = type != STT_NOTYPE,
	};
}

static void index_names(struct symbol_table *table)
{
	size_t size = 64;

	while (size < table->count * 2)
		size *= 2;
	table->slots = xcalloc(size, sizeof(*table->slots));
	table->slot_count = size;
	for (size_t i = 0; i < table->count; i++) {
		const struct entry *entry = &table->entries[i];
		size_t slot = hash_name(table, entry->name) & (size - 1);
		const struct entry *other = NULL;

		while (table->slots[slot]) {
			other = &table->entries[table->slots[slot] - 1];
			if (!strcmp(other->name, entry->name))
				break;
			slot = (slot + 1) & (size - 1);
		}
		if (!table->slots[slot] || (entry->is_global && !other->is_global))
			table->slots[slot] = (uint32_t)i + 1;
	}
}

struct symbol_table *symbol_table_create(const struct image *image)
{
	struct symbol_table *table = xcalloc(1, sizeof(*table));

	image_symbols(image, SHT_SYMTAB, add_symbol, table);
	image_symbols(image, SHT_DYNSYM, add_symbol, table);
	index_names(table);
	return table;
}

void symbol_table_destroy(struct symbol_table *table)
{
	if (!table)
		return;
	free(table->entries);
	free(table->slots);
	free(table->by_address);
	free(table);
}

bool symbol_table_find(const struct symbol_table *table, const char *name, uint64_t *address, uint64_t *size)
{
	size_t slot = hash_name(table, name) & (table->slot_count - 1);

	for (; table->slots[slot]; slot = (slot + 1) & (table->slot_count - 1)) {
		const struct entry *entry = &table->entries[table->slots[slot] - 1];

		if (!strcmp(entry->name, name)) {
			*address = entry->address;
			*size = entry->size;
			return true;
		}
	}
	return false;
}

/* By address; of several at one address the best name last: typed, sized, global. */
static int compare_places(const void *left, const void *right, void *context)
{
	const struct entry *entries = context;
	const struct entry *a = &entries[*(const uint32_t *)left], *b = &entries[*(const uint32_t *)right];

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if (a->is_typed != b->is_typed)
		return a->is_typed ? 1 : -1;
	if (!a->size != !b->size)
		return a->size ? 1 : -1;
	if (a->is_global != b->is_global)
		return a->is_global ? 1 : -1;
	return strcmp(b->name, a->name);
}

static void sort_places(struct symbol_table *table)
{
	table->by_address = xcalloc(table->count, sizeof(*table->by_address));
	for (size_t i = 0; i < table->count; i++)
		table->by_address[i] = (uint32_t)i;
	qsort_r(table->by_address, table->count, sizeof(*table->by_address), compare_places, table->entries);
}

const char *symbol_table_at(struct symbol_table *table, uint64_t address, uint64_t *offset)
{
	size_t low = 0, high = table->count;

	if (!table->by_address)
		sort_places(table);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->entries[table->by_address[middle]].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t tries = 0; low > 0 && tries < NESTING; tries++) {
		const struct entry *entry = &table->entries[table->by_address[--low]];

		if (address == entry->address || address - entry->address < entry->size) {
			*offset = address - entry->address;
			return entry->name;
		}
	}
	return NULL;
}
