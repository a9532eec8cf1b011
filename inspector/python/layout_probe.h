/* layout_probe: looks at the target through a layout that may be wrong.
 *
 * Every address that is read may be nonsense: a read that fails and a thing that is not what it should be are
 * the same answer, false. Reads by target_read, so that it works on a process that runs, in small pieces that
 * may tear. The readers of objects proper start where a layout is known to be right. */
#ifndef ASYNCINSPECT_PYTHON_LAYOUT_PROBE_H
#define ASYNCINSPECT_PYTHON_LAYOUT_PROBE_H

#include "inspector/python/layout.h"

/* Symbols of python. False: there is none of that name. */
typedef bool (*probe_symbol_fn)(void *context, const char *name, struct symbol *symbol);

/* Pages that were read before: a check comes back to the same ones all the time, and each read of another
 * process is a system call. What is kept is as old as the probe, not older. */
#define PROBE_PAGE_SIZE	 4096
#define PROBE_PAGE_COUNT 1024

struct probe_pages {
	uint64_t tags[PROBE_PAGE_COUNT]; /* address of the page, plus 1; 0: none */
	uint8_t bytes[PROBE_PAGE_COUNT][PROBE_PAGE_SIZE];
};

struct probe {
	const struct target *target;
	const struct field *fields; /* FIELD_COUNT of them; borrowed */
	probe_symbol_fn find_symbol;
	void *context;
	struct probe_pages *pages; /* borrowed; NULL: none are kept */
};

bool probe_read(const struct probe *p, uint64_t address, void *buffer, size_t size);

bool probe_has(const struct probe *p, enum field_id id);

/* The address of a symbol; 0: none. */
uint64_t probe_symbol(const struct probe *p, const char *name);

bool probe_word(const struct probe *p, uint64_t address, uint64_t *word);

/* A field of the struct at address: as a number of its own size, as a signed one, as an address. */
bool probe_unsigned(const struct probe *p, uint64_t address, enum field_id id, uint64_t *value);
bool probe_signed(const struct probe *p, uint64_t address, enum field_id id, int64_t *value);
bool probe_pointer(const struct probe *p, uint64_t address, enum field_id id, uint64_t *value);

/* The type of what should be an object; 0 when it is none: a type is an object whose own type is a type. */
uint64_t probe_type_of(const struct probe *p, uint64_t object);

/* A NUL-terminated string: whether it is this one. */
bool probe_is_cstring(const struct probe *p, uint64_t address, const char *text);
bool probe_cstring(const struct probe *p, uint64_t address, char *text, size_t size);

/* Whether a str is this ASCII text. */
bool probe_is_text(const struct probe *p, uint64_t str, const char *text);

/* A small non-negative int. */
bool probe_int(const struct probe *p, uint64_t object, uint64_t *value);

/* The items of a tuple. False: it is none, or has more than most. */
bool probe_tuple(const struct probe *p, uint64_t tuple, uint64_t *items, size_t most, size_t *count);

/* A value of a dict that is not split, by an ASCII key. count (may be NULL): how many values it has. */
bool probe_dict_get(const struct probe *p, uint64_t dict, const char *key, uint64_t *value);
bool probe_dict_length(const struct probe *p, uint64_t dict, uint64_t *count);

/* The keys and values of a dict of any form, as they lie: a value of 0 is no entry. probe_entries_open fails
 * for what is no exact dict and for one with more than most entries; else probe_entries_close is needed. */
struct probe_entries {
	uint64_t count;
	uint64_t values; /* address of the array of values of a dict whose keys are shared; 0: they are not */
	bool is_general; /* keys may be other than strings */
	uint32_t stride, key, value;
	uint8_t *bytes, *value_bytes;
};

bool probe_entries_open(const struct probe *p, uint64_t dict, uint64_t most, struct probe_entries *entries);
void probe_entries_close(struct probe_entries *entries);
uint64_t probe_entries_key(const struct probe_entries *entries, uint64_t i);
uint64_t probe_entries_value(const struct probe_entries *entries, uint64_t i);

#endif
