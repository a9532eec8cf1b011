#include "inspector/base/address_sort.h"

#include "inspector/base/big.h"

#include <stdbool.h>
#include <string.h>

#define DIGITS 256

/* The bits in which any two differ; *is_sorted: nothing is to be done. */
static uint64_t differing_bits(const uint64_t *addresses, size_t count, bool *is_sorted)
{
	uint64_t bits = 0;

	*is_sorted = true;
	for (size_t i = 1; i < count; i++) {
		bits |= addresses[i] ^ addresses[0];
		*is_sorted = *is_sorted && addresses[i - 1] <= addresses[i];
	}
	return bits;
}

/* Stable, by the byte that shift brings down. */
static void sort_by_byte(const uint64_t *from, uint64_t *to, size_t count, unsigned shift)
{
	size_t next[DIGITS + 1] = {0};

	for (size_t i = 0; i < count; i++)
		next[(from[i] >> shift & (DIGITS - 1)) + 1]++;
	for (size_t digit = 0; digit < DIGITS; digit++)
		next[digit + 1] += next[digit];
	for (size_t i = 0; i < count; i++)
		to[next[from[i] >> shift & (DIGITS - 1)]++] = from[i];
}

void addresses_sort(uint64_t *addresses, size_t count)
{
	uint64_t *from = addresses, *to, *room;
	uint64_t bits;
	bool is_sorted;

	bits = differing_bits(addresses, count, &is_sorted);
	if (is_sorted)
		return;
	to = room = big_alloc(count, sizeof(*room));
	for (unsigned shift = 0; shift < 64; shift += 8) {
		uint64_t *sorted = to;

		if (!(bits >> shift & (DIGITS - 1)))
			continue;
		sort_by_byte(from, to, count, shift);
		to = from;
		from = sorted;
	}
	if (from != addresses)
		memcpy(addresses, from, count * sizeof(*addresses));
	big_free(room, count, sizeof(*room));
}
