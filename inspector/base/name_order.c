#include "inspector/base/name_order.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static bool is_digit(char c)
{
	return (unsigned)(c - '0') <= 9;
}

static size_t common_length(const char *a, const char *b, size_t most)
{
	size_t i = 0;

	for (uint64_t x, y; i + sizeof(x) <= most; i += sizeof(x)) {
		memcpy(&x, a + i, sizeof(x));
		memcpy(&y, b + i, sizeof(y));
		if (x != y)
			break;
	}
	while (i < most && a[i] == b[i])
		i++;
	return i;
}

static size_t digits(const char *text)
{
	size_t count = 0;

	while (is_digit(text[count]))
		count++;
	return count;
}

/* What strverscmp does at the first difference depends on the digits before it (its table of states): none,
 * those of a number, or those of a fraction, which begins with 0 and is left to it. */
int name_compare(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t at = common_length(a, b, a_length < b_length ? a_length : b_length), start = at;
	unsigned char x = (unsigned char)a[at], y = (unsigned char)b[at];

	while (start && is_digit(a[start - 1]))
		start--;
	if (start < at && a[start] == '0')
		return strverscmp(a, b);
	if (start < at ? is_digit(a[at]) || is_digit(b[at])
		       : is_digit(a[at]) && is_digit(b[at]) && x != '0' && y != '0') {
		size_t left = digits(a + at), right = digits(b + at);

		if (left != right)
			return left < right ? -1 : 1;
	}
	return x < y ? -1 : x > y;
}
