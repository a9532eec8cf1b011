/* strbuf: a string that grows. Always ends with a NUL that length does not count. */
#ifndef ASYNCINSPECT_BASE_STRBUF_H
#define ASYNCINSPECT_BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf {
	char *text; /* owned; NULL until something was appended: use strbuf_text() to read */
	size_t length, capacity;
};

#define STRBUF_INIT                                                                                          \
	{                                                                                                    \
		.text = NULL                                                                                 \
	}

void strbuf_deinit(struct strbuf *s); /* leaves an empty buffer that can be used again */
void strbuf_reset(struct strbuf *s);  /* empties, keeps the room */

void strbuf_append(struct strbuf *s, const char *text);
void strbuf_append_bytes(struct strbuf *s, const char *bytes, size_t length);
void strbuf_append_char(struct strbuf *s, char c);
void strbuf_printf(struct strbuf *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One Unicode code point as UTF-8. NUL becomes the two bytes C0 80, so that texts stay C strings;
 * strbuf_append_safe prints these as \x00, and JSON has them as NUL again. A surrogate or a value above
 * U+10FFFF, which UTF-8 cannot hold, becomes the six or ten characters \udXXX or \UXXXXXXXX. */
void strbuf_append_codepoint(struct strbuf *s, uint32_t codepoint);

/* The text, never NULL. Borrowed until the next change of s. */
const char *strbuf_text(const struct strbuf *s);

/* Hands the text over, never NULL. Caller frees; s is empty after. */
char *strbuf_steal(struct strbuf *s);

/* Appends text made safe for a terminal: control characters (C0, DEL, C1), bidirectional overrides, line
 * separators and bytes that are no UTF-8 become \n, \t, \xNN or \uNNNN; everything else stays. */
void strbuf_append_safe(struct strbuf *s, const char *text);

/* How many of the bytes, which are well-formed UTF-8, come before the first character that
 * strbuf_append_safe would change; *codepoint is that character. length when there is none. */
size_t utf8_safe_span(const char *bytes, size_t length, uint32_t *codepoint);

/* True when bytes[0..length) is well-formed UTF-8 (no surrogates, no overlong forms). */
bool utf8_valid(const char *bytes, size_t length);

#endif
