/* dict: the entries of a dict object (Objects/dictobject.c), in insertion order.
 *
 * Knows the combined tables with general and with unicode entries and the split tables that instances share;
 * values that an instance stores inline are read by the same iterator. Knows no hashing: a lookup is a walk.
 */
#ifndef ASYNCINSPECT_PYTHON_DICT_H
#define ASYNCINSPECT_PYTHON_DICT_H

#include "inspector/python/memory.h"

struct dict_iter {
	const struct python *py;
	const uint8_t *entries; /* borrowed; of stride bytes each */
	const uint8_t *values;	/* split table: the values, by index of the entry; NULL otherwise */
	uint64_t count, next;	/* entries; the next to look at */
	uint32_t stride, key_offset, value_offset;
	bool is_general; /* keys can be of any type; every table of 3.10 and before counts as such */
};

struct dict_entry {
	uint64_t key, value; /* addresses of objects */
	uint64_t index;	     /* position among the entries */
};

/* Opens the dict (or subclass) at address. False when its tables cannot be read or contradict themselves; the
 * type is not checked. Entries are borrowed from the target. */
bool dict_open(struct python *py, uint64_t address, struct dict_iter *iter, struct error *err);

/* What the head of a keys object tells (body: up to its indices): the entries, count of stride bytes each,
 * lie *index_size bytes behind it. entries stays NULL. False when it contradicts itself. */
bool dict_read_header(const struct python *py, const struct body *body, struct dict_iter *iter,
	uint64_t *index_size, struct error *err);

/* Opens a keys object together with an array of count values that lies outside of a dict: the inline values
 * of an instance. */
bool dict_open_split(struct python *py, uint64_t keys, uint64_t values, uint64_t count,
	struct dict_iter *iter, struct error *err);

/* The next entry that is in use; false at the end. */
bool dict_next(struct dict_iter *iter, struct dict_entry *entry);

/* The value under a str key equal to the ASCII name. False when there is none, or the dict cannot be read
 * (then *err is set; otherwise it is ERROR_NOT_FOUND). */
bool pydict_get(struct python *py, uint64_t dict, const char *name, uint64_t *value, struct error *err);

/* ma_used. */
bool pydict_length(struct python *py, uint64_t dict, uint64_t *length, struct error *err);

#endif
