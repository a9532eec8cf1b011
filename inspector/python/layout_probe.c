#include "inspector/python/layout_probe.h"

#include "inspector/base/alloc.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX    ((uint64_t)1 << 16)
#define FLAG_READY     (UINT64_C(1) << 12) /* Include/object.h: Py_TPFLAGS_READY */
#define FLAG_TYPE      (UINT64_C(1) << 31) /* Py_TPFLAGS_TYPE_SUBCLASS */
#define LONGEST_TEXT   64
#define ENTRY_SIZE_MAX 64

bool probe_has(const struct probe *p, enum field_id id)
{
	return p->fields[id].offset != NO_OFFSET;
}

uint64_t probe_symbol(const struct probe *p, const char *name)
{
	struct symbol symbol;

	return p->find_symbol(p->context, name, &symbol) ? symbol.address : 0;
}

/* NULL: it cannot be read. */
static const uint8_t *page_at(const struct probe *p, uint64_t page)
{
	size_t i = page / PROBE_PAGE_SIZE % PROBE_PAGE_COUNT;

	if (p->pages->tags[i] != page + 1) {
		p->pages->tags[i] = 0;
		if (!target_read(p->target, page, p->pages->bytes[i], PROBE_PAGE_SIZE, NULL))
			return NULL;
		p->pages->tags[i] = page + 1;
	}
	return p->pages->bytes[i];
}

bool probe_read(const struct probe *p, uint64_t address, void *buffer, size_t size)
{
	uint8_t *to = buffer;

	if (!p->pages || size > PROBE_PAGE_COUNT / 4 * PROBE_PAGE_SIZE || address > UINT64_MAX - size)
		return target_read(p->target, address, buffer, size, NULL);
	while (size) {
		uint64_t in_page = address % PROBE_PAGE_SIZE, length = PROBE_PAGE_SIZE - in_page;
		const uint8_t *page = page_at(p, address - in_page);

		if (length > size)
			length = size;
		/* Memory that was made by hand, in a test or in a cut core, need not end with a page. */
		if (page)
			memcpy(to, page + in_page, length);
		else if (!target_read(p->target, address, to, length, NULL))
			return false;
		to += length;
		address += length;
		size -= length;
	}
	return true;
}

static bool read_number(const struct probe *p, uint64_t address, size_t size, uint64_t *value)
{
	uint8_t bytes[8] = {0};

	if (size > sizeof(bytes) || !probe_read(p, address, bytes, size))
		return false;
	memcpy(value, bytes, sizeof(bytes));
	return true;
}

bool probe_word(const struct probe *p, uint64_t address, uint64_t *word)
{
	return read_number(p, address, 8, word);
}

bool probe_unsigned(const struct probe *p, uint64_t address, enum field_id id, uint64_t *value)
{
	const struct field *f = &p->fields[id];

	if (f->offset == NO_OFFSET || !read_number(p, address + f->offset, f->size, value))
		return false;
	if (f->bits) {
		*value >>= f->bit & 63;
		if (f->bits < 64)
			*value &= (UINT64_C(1) << f->bits) - 1;
	}
	return true;
}

bool probe_signed(const struct probe *p, uint64_t address, enum field_id id, int64_t *value)
{
	uint64_t raw;
	unsigned shift;

	if (!probe_unsigned(p, address, id, &raw) || !p->fields[id].size)
		return false;
	shift = (unsigned)(64 - 8 * p->fields[id].size);
	*value = (int64_t)(raw << shift) >> shift;
	return true;
}

bool probe_pointer(const struct probe *p, uint64_t address, enum field_id id, uint64_t *value)
{
	return probe_has(p, id) && probe_word(p, address + p->fields[id].offset, value);
}

static bool has_flags(const struct probe *p, uint64_t type, uint64_t wanted)
{
	uint64_t flags;

	return probe_unsigned(p, type, FIELD_type_flags, &flags) && (flags & wanted) == wanted;
}

uint64_t probe_type_of(const struct probe *p, uint64_t object)
{
	uint64_t type, metatype;

	if (!object || object % 8 || !probe_pointer(p, object, FIELD_object_type, &type) || type % 8 ||
		!has_flags(p, type, FLAG_READY) || !probe_pointer(p, type, FIELD_object_type, &metatype) ||
		metatype % 8 || !has_flags(p, metatype, FLAG_READY | FLAG_TYPE))
		return 0;
	return type;
}

bool probe_cstring(const struct probe *p, uint64_t address, char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (!probe_read(p, address + i, text + i, 1))
			return false;
		if (!text[i])
			return true;
	}
	return false;
}

bool probe_is_cstring(const struct probe *p, uint64_t address, const char *text)
{
	char found[LONGEST_TEXT];
	size_t size = strlen(text) + 1;

	return size <= sizeof(found) && probe_read(p, address, found, size) && memcmp(found, text, size) == 0;
}

bool probe_is_text(const struct probe *p, uint64_t str, const char *text)
{
	size_t size = strlen(text);
	uint64_t length, kind, compact, ascii;
	char found[LONGEST_TEXT];

	return size <= sizeof(found) && probe_unsigned(p, str, FIELD_str_length, &length) && length == size &&
	       probe_unsigned(p, str, FIELD_str_kind, &kind) && kind == 1 &&
	       probe_unsigned(p, str, FIELD_str_compact, &compact) && compact == 1 &&
	       probe_unsigned(p, str, FIELD_str_ascii, &ascii) && ascii == 1 &&
	       probe_read(p, str + p->fields[FIELD_sizeof_str_ascii].size, found, size) &&
	       memcmp(found, text, size) == 0;
}

bool probe_int(const struct probe *p, uint64_t object, uint64_t *value)
{
	uint64_t tag, digit, size = p->fields[FIELD_stride_int_digit].size, digits;

	/* 3.12: the number of digits above three bits of sign and flags; before, ob_size. */
	if (probe_has(p, FIELD_int_tag)) {
		if (!probe_unsigned(p, object, FIELD_int_tag, &tag) || tag & 2)
			return false;
		digits = tag >> 3;
	} else if (!probe_unsigned(p, object, FIELD_var_size, &digits)) {
		return false;
	}
	if (digits > 2 || size != 4)
		return false;
	*value = 0;
	for (uint64_t i = 0; i < digits; i++) {
		if (!probe_has(p, FIELD_int_digits) ||
			!read_number(
				p, object + p->fields[FIELD_int_digits].offset + size * i, size, &digit) ||
			digit >> 30)
			return false;
		*value |= digit << (30 * i);
	}
	return true;
}

bool probe_tuple(const struct probe *p, uint64_t tuple, uint64_t *items, size_t most, size_t *count)
{
	uint64_t type = probe_symbol(p, "PyTuple_Type"), size;

	if (!type || probe_type_of(p, tuple) != type || !probe_unsigned(p, tuple, FIELD_var_size, &size) ||
		size > most || !probe_has(p, FIELD_tuple_items))
		return false;
	for (size_t i = 0; i < size; i++)
		if (!probe_word(p, tuple + p->fields[FIELD_tuple_items].offset + 8 * i, &items[i]))
			return false;
	*count = size;
	return true;
}

/* The entries of a dict: Objects/dictobject.c. dict.c reads them in a target whose layout is known. */
static bool keys_sizes(const struct probe *p, uint64_t keys, uint64_t *index, bool *is_general)
{
	uint64_t slots, log2_index, kind;

	if (probe_has(p, FIELD_keys_size)) {
		*is_general = true;
		if (!probe_unsigned(p, keys, FIELD_keys_size, &slots) || slots > ENTRIES_MAX * 2)
			return false;
		*index = slots <= 0xff ? slots : slots <= 0xffff ? 2 * slots : 4 * slots;
		return true;
	}
	if (!probe_unsigned(p, keys, FIELD_keys_log2_index_bytes, &log2_index) || log2_index > 24 ||
		!probe_unsigned(p, keys, FIELD_keys_kind, &kind) || kind > 2)
		return false;
	*index = UINT64_C(1) << log2_index;
	*is_general = (int64_t)kind == p->fields[FIELD_keys_general].value;
	return true;
}

/* Up to 3.10 the field is the array itself. */
static bool find_values(const struct probe *p, uint64_t dict, uint64_t *values)
{
	if (!probe_pointer(p, dict, FIELD_dict_values, values))
		return false;
	if (*values && probe_has(p, FIELD_values_array))
		*values += p->fields[FIELD_values_array].offset;
	return true;
}

static bool set_places(const struct probe *p, struct probe_entries *e)
{
	e->stride = p->fields[e->is_general ? FIELD_sizeof_entry : FIELD_sizeof_unicode_entry].size;
	e->key = p->fields[e->is_general ? FIELD_entry_key : FIELD_unicode_entry_key].offset;
	e->value = p->fields[e->is_general ? FIELD_entry_value : FIELD_unicode_entry_value].offset;
	return e->stride >= 16 && e->stride <= ENTRY_SIZE_MAX && e->key <= e->stride - 8 &&
	       e->value <= e->stride - 8;
}

bool probe_entries_open(const struct probe *p, uint64_t dict, uint64_t most, struct probe_entries *e)
{
	uint64_t type = probe_symbol(p, "PyDict_Type"), keys, index;

	*e = (struct probe_entries){.count = 0};
	if (!type || probe_type_of(p, dict) != type || !probe_pointer(p, dict, FIELD_dict_keys, &keys) ||
		!find_values(p, dict, &e->values) || keys % 8 ||
		!keys_sizes(p, keys, &index, &e->is_general) || !probe_has(p, FIELD_keys_indices) ||
		!probe_unsigned(p, keys, FIELD_keys_nentries, &e->count) || e->count > most ||
		!set_places(p, e))
		return false;
	e->bytes = xmalloc(e->count * e->stride);
	e->value_bytes = e->values ? xmalloc(e->count * 8) : NULL;
	if (probe_read(
		    p, keys + p->fields[FIELD_keys_indices].offset + index, e->bytes, e->count * e->stride) &&
		(!e->values || probe_read(p, e->values, e->value_bytes, e->count * 8)))
		return true;
	probe_entries_close(e);
	return false;
}

void probe_entries_close(struct probe_entries *e)
{
	free(e->bytes);
	free(e->value_bytes);
	e->bytes = e->value_bytes = NULL;
}

static uint64_t word_at(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

uint64_t probe_entries_key(const struct probe_entries *e, uint64_t i)
{
	return word_at(e->bytes + i * e->stride + e->key);
}

uint64_t probe_entries_value(const struct probe_entries *e, uint64_t i)
{
	return word_at(e->value_bytes ? e->value_bytes + 8 * i : e->bytes + i * e->stride + e->value);
}

bool probe_dict_get(const struct probe *p, uint64_t dict, const char *key, uint64_t *value)
{
	struct probe_entries e;
	bool is_found = false;

	if (!probe_entries_open(p, dict, ENTRIES_MAX, &e))
		return false;
	for (uint64_t i = 0; !e.values && i < e.count && !is_found; i++) {
		uint64_t found = probe_entries_value(&e, i);

		if (found && probe_is_text(p, probe_entries_key(&e, i), key)) {
			*value = found;
			is_found = true;
		}
	}
	probe_entries_close(&e);
	return is_found;
}

bool probe_dict_length(const struct probe *p, uint64_t dict, uint64_t *count)
{
	struct probe_entries e;
	bool is_split;

	if (!probe_entries_open(p, dict, ENTRIES_MAX, &e))
		return false;
	*count = 0;
	is_split = e.values != 0;
	for (uint64_t i = 0; i < e.count; i++)
		*count += probe_entries_value(&e, i) != 0;
	probe_entries_close(&e);
	return !is_split;
}
