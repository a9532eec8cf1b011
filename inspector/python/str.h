/* str: text of a str object in the target (Include/cpython/unicodeobject.h).
 * Knows the three storage widths and the compact and non-compact forms. Knows no interning, no hashing. */
#ifndef ASYNCINSPECT_PYTHON_STR_H
#define ASYNCINSPECT_PYTHON_STR_H

#include "inspector/base/strbuf.h"
#include "inspector/python/python.h"

/* A str that is open for reading by character. */
struct pystr {
	uint64_t length;      /* characters, as the object says */
	size_t count;	      /* of them that can be read: at most the limit */
	unsigned width;	      /* bytes a character: 1, 2, 4 */
	const uint8_t *bytes; /* borrowed until the target is closed */
};

/* Opens the first limit characters. ERROR_CORRUPT when the object is no str. */
bool pystr_open(struct python *py, uint64_t address, size_t limit, struct pystr *str, struct error *err);
uint32_t pystr_character(const struct pystr *str, size_t i); /* i < count */

/* Appends the text of the str at address to out as UTF-8, at most limit characters; *is_cut (may be NULL)
 * tells whether there were more. Lone surrogates become \udXXX. On failure out is unchanged: ERROR_CORRUPT
 * when the object is no str. */
bool pystr_append(struct python *py, uint64_t address, size_t limit, struct strbuf *out, bool *is_cut,
	struct error *err);

/* The same as a string in the arena of py; NULL on failure. A cut is marked by "..." at the end. One object
 * is read once: asking again gives the same string. */
const char *pystr_arena(struct python *py, uint64_t address, size_t limit, struct error *err);

/* Whether the object at address is a str equal to the ASCII text. False for anything unreadable. */
bool pystr_equals(struct python *py, uint64_t address, const char *text);

#endif
