#include "inspector/symbols/exported.h"

#include <string.h>

/* A chain is as long as its bucket is crowded: in a file that a linker has made, a few. */
#define CHAIN_MAX 65536

/* .gnu.hash: the header, a Bloom filter of words, the first symbol of each bucket, and for each symbol from
 * `first' on its hash, with the lowest bit set in the last one of a bucket. */
struct header {
	uint32_t bucket_count, first, filter_words, filter_shift;
};

struct hash_table {
	struct header header;
	const uint8_t *buckets, *hashes; /* borrowed */
	uint64_t hash_count;
};

struct names {
	const Elf64_Sym *symbols; /* borrowed */
	uint64_t count;
	const char *text; /* borrowed */
	uint64_t size;
};

static uint32_t hash_of(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (uint8_t)*name;
	return hash;
}

static const Elf_Data *data_of(const struct image *image, const char *section, bool as_is)
{
	Elf_Scn *found = image_section(image, section);
	const Elf_Data *data = !found ? NULL : as_is ? elf_rawdata(found, NULL) : elf_getdata(found, NULL);

	return data && data->d_buf ? data : NULL;
}

static uint32_t word_at(const uint8_t *words, uint64_t index)
{
	uint32_t word;

	memcpy(&word, words + index * sizeof(word), sizeof(word));
	return word;
}

static bool open_table(const struct image *image, struct hash_table *table)
{
	const Elf_Data *data = data_of(image, ".gnu.hash", true);
	uint64_t before;

	if (!data || data->d_size < sizeof(table->header))
		return false;
	memcpy(&table->header, data->d_buf, sizeof(table->header));
	before = sizeof(table->header) + (uint64_t)table->header.filter_words * sizeof(uint64_t);
	table->buckets = (const uint8_t *)data->d_buf + before;
	before += (uint64_t)table->header.bucket_count * sizeof(uint32_t);
	if (!table->header.bucket_count || before > data->d_size)
		return false;
	table->hashes = (const uint8_t *)data->d_buf + before;
	table->hash_count = (data->d_size - before) / sizeof(uint32_t);
	return true;
}

static bool open_names(const struct image *image, struct names *names)
{
	const Elf_Data *symbols = data_of(image, ".dynsym", false), *text = data_of(image, ".dynstr", false);

	if (!symbols || symbols->d_type != ELF_T_SYM || !text)
		return false;
	*names = (struct names){
		.symbols = symbols->d_buf,
		.count = symbols->d_size / sizeof(Elf64_Sym),
		.text = text->d_buf,
		.size = text->d_size,
	};
	return true;
}

static bool is_named(const struct names *names, uint64_t index, const char *name)
{
	size_t size = strlen(name) + 1;
	uint64_t at = index < names->count ? names->symbols[index].st_name : UINT64_MAX;

	return at < names->size && names->size - at >= size && !memcmp(names->text + at, name, size);
}

bool exported_find(const struct image *image, const char *name, Elf64_Sym *symbol)
{
	uint32_t hash = hash_of(name);
	struct hash_table table;
	struct names names;
	uint64_t index;

	if (!open_table(image, &table) || !open_names(image, &names))
		return false;
	index = word_at(table.buckets, hash % table.header.bucket_count);
	for (int i = 0; i < CHAIN_MAX && index >= table.header.first; i++, index++) {
		uint32_t other;

		if (index - table.header.first >= table.hash_count)
			return false;
		other = word_at(table.hashes, index - table.header.first);
		if ((other | 1) == (hash | 1) && is_named(&names, index, name)) {
			*symbol = names.symbols[index];
			return true;
		}
		if (other & 1)
			return false;
	}
	return false;
}
