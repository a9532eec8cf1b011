#include "inspector/base/strbuf.h"

#include "inspector/base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room that nearly all that is printed fits into: formatted once. */
#define PRINTED_MOST 128

static void reserve(struct strbuf *s, size_t more)
{
	if (s->capacity - s->length <= more)
		s->text = grow_array(s->text, &s->capacity, s->length + more + 1, 1);
}

void strbuf_deinit(struct strbuf *s)
{
	free(s->text);
	*s = (struct strbuf)STRBUF_INIT;
}

void strbuf_reset(struct strbuf *s)
{
	s->length = 0;
	if (s->text)
		s->text[0] = '\0';
}

void strbuf_append_bytes(struct strbuf *s, const char *bytes, size_t length)
{
	reserve(s, length);
	memcpy(s->text + s->length, bytes, length);
	s->length += length;
	s->text[s->length] = '\0';
}

void strbuf_append(struct strbuf *s, const char *text)
{
	strbuf_append_bytes(s, text, strlen(text));
}

void strbuf_append_char(struct strbuf *s, char c)
{
	strbuf_append_bytes(s, &c, 1);
}

void strbuf_printf(struct strbuf *s, const char *format, ...)
{
	va_list args, again;
	int length;

	va_start(args, format);
	va_copy(again, args);
	reserve(s, PRINTED_MOST);
	length = vsnprintf(s->text + s->length, s->capacity - s->length, format, args);
	va_end(args);
	if (length > 0 && (size_t)length >= s->capacity - s->length) {
		reserve(s, (size_t)length);
		vsnprintf(s->text + s->length, (size_t)length + 1, format, again);
	}
	va_end(again);
	if (length > 0)
		s->length += (size_t)length;
	s->text[s->length] = '\0';
}

void strbuf_append_codepoint(struct strbuf *s, uint32_t c)
{
	char b[4];

	if (c == 0) {
		strbuf_append(s, "\xc0\x80");
	} else if (c < 0x80) {
		strbuf_append_char(s, (char)c);
	} else if (c < 0x800) {
		b[0] = (char)(0xc0 | c >> 6);
		b[1] = (char)(0x80 | (c & 0x3f));
		strbuf_append_bytes(s, b, 2);
	} else if (c >= 0xd800 && c <= 0xdfff) {
		strbuf_printf(s, "\\u%04x", c);
	} else if (c < 0x10000) {
		b[0] = (char)(0xe0 | c >> 12);
		b[1] = (char)(0x80 | (c >> 6 & 0x3f));
		b[2] = (char)(0x80 | (c & 0x3f));
		strbuf_append_bytes(s, b, 3);
	} else if (c <= 0x10ffff) {
		b[0] = (char)(0xf0 | c >> 18);
		b[1] = (char)(0x80 | (c >> 12 & 0x3f));
		b[2] = (char)(0x80 | (c >> 6 & 0x3f));
		b[3] = (char)(0x80 | (c & 0x3f));
		strbuf_append_bytes(s, b, 4);
	} else {
		strbuf_printf(s, "\\U%08x", c);
	}
}

const char *strbuf_text(const struct strbuf *s)
{
	return s->text ? s->text : "";
}

char *strbuf_steal(struct strbuf *s)
{
	char *text = s->text ? s->text : xstrdup("");

	*s = (struct strbuf)STRBUF_INIT;
	return text;
}

/* Decodes one code point of at most left bytes; returns its length, or 0 when the bytes are no UTF-8. */
static size_t utf8_decode(const unsigned char *p, size_t left, uint32_t *codepoint)
{
	size_t length, i;
	uint32_t c, least;

	if (!left)
		return 0;
	if (p[0] < 0x80) {
		*codepoint = p[0];
		return 1;
	}
	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		length = 2, c = p[0] & 0x1f, least = 0x80;
	} else if ((p[0] & 0xf0) == 0xe0) {
		length = 3, c = p[0] & 0x0f, least = 0x800;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		length = 4, c = p[0] & 0x07, least = 0x10000;
	} else {
		return 0;
	}
	if (left < length)
		return 0;
	for (i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*codepoint = c;
	return length;
}

bool utf8_valid(const char *bytes, size_t length)
{
	const unsigned char *p = (const unsigned char *)bytes;
	uint32_t codepoint;

	while (length) {
		size_t step = utf8_decode(p, length, &codepoint);

		if (!step)
			return false;
		p += step;
		length -= step;
	}
	return true;
}

/* Characters that move the cursor, change what was printed before, or hide what follows. */
static bool unsafe_codepoint(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x2028 || c == 0x2029 ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
	       c == 0xfeff || (c >= 0xe0000 && c <= 0xe007f);
}

size_t utf8_safe_span(const char *bytes, size_t length, uint32_t *codepoint)
{
	const unsigned char *p = (const unsigned char *)bytes;
	size_t at = 0;

	while (at < length) {
		size_t step = 1;

		*codepoint = p[at];
		if (p[at] >= 0x80 && !(step = utf8_decode(p + at, length - at, codepoint)))
			step = 1;
		if (unsafe_codepoint(*codepoint))
			return at;
		at += step;
	}
	return length;
}

/* How many of the bytes from the first on are ASCII that needs no escape: nearly always all. */
static size_t plain_span(const unsigned char *p, size_t left)
{
	size_t span = 0;

	while (span < left && p[span] >= 0x20 && p[span] < 0x7f)
		span++;
	return span;
}

void strbuf_append_safe(struct strbuf *s, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t left = strlen(text);
	uint32_t c;

	while (left) {
		size_t plain = plain_span(p, left), step;

		if (plain) {
			strbuf_append_bytes(s, (const char *)p, plain);
			p += plain;
			left -= plain;
			continue;
		}
		step = utf8_decode(p, left, &c);
		if (!step && left >= 2 && p[0] == 0xc0 && p[1] == 0x80) { /* NUL: strbuf_append_codepoint */
			strbuf_append(s, "\\x00");
			step = 2;
		} else if (!step) {
			strbuf_printf(s, "\\x%02x", p[0]);
			step = 1;
		} else if (!unsafe_codepoint(c)) {
			strbuf_append_bytes(s, (const char *)p, step);
		} else if (c == '\n') {
			strbuf_append(s, "\\n");
		} else if (c == '\t') {
			strbuf_append(s, "\\t");
		} else if (c == '\r') {
			strbuf_append(s, "\\r");
		} else if (c < 0x100) {
			strbuf_printf(s, "\\x%02x", c);
		} else if (c < 0x10000) {
			strbuf_printf(s, "\\u%04x", c);
		} else {
			strbuf_printf(s, "\\U%08x", c);
		}
		p += step;
		left -= step;
	}
}
