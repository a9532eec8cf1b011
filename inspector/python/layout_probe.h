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

struct probe {
	const struct target *target;
	const struct field *fields; /* FIELD_COUNT of them; borrowed */
	probe_symbol_fn find_symbol;
	void *context;
};

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

#endif
