/* addrmap: from a target address to a 64-bit value of the caller's (an index, a pointer).
 * Open addressing; the key 0 is allowed. Grows, never shrinks. Not for walks in a fixed order. */
#ifndef ASYNCINSPECT_BASE_ADDRMAP_H
#define ASYNCINSPECT_BASE_ADDRMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Side by side, or each look would miss the caches twice. */
struct addrmap_slot {
	uint64_t key, value; /* key + 1, 0 = free */
};

struct addrmap {
	struct addrmap_slot *slots; /* owned */
	size_t used, size;	    /* size is 0 or a power of two */
};

#define ADDRMAP_INIT                                                                                         \
	{                                                                                                    \
		.slots = NULL                                                                                \
	}

/* Makes room for so many more at once. */
void addrmap_reserve(struct addrmap *map, size_t more);

struct addrmap addrmap_copy(const struct addrmap *map);

void addrmap_deinit(struct addrmap *map);

/* The slot with the key, or the free one where it would be. Only of a map that has slots. */
static inline size_t addrmap_slot_of(const struct addrmap *map, uint64_t key)
{
	/* Fibonacci hashing: the low bits of addresses are all alike. */
	size_t slot = (size_t)((key * 0x9e3779b97f4a7c15ull) >> 20) & (map->size - 1);

	while (map->slots[slot].key && map->slots[slot].key != key)
		slot = (slot + 1) & (map->size - 1);
	return slot;
}

/* True and *value set (when value is not NULL) if the address is there. Inline: there are several looks for
 * each object that is read. */
static inline bool addrmap_get(const struct addrmap *map, uint64_t address, uint64_t *value)
{
	size_t slot;

	if (!map->size)
		return false;
	slot = addrmap_slot_of(map, address + 1);
	if (!map->slots[slot].key)
		return false;
	if (value)
		*value = map->slots[slot].value;
	return true;
}

/* Sets or replaces. Returns true when the address was new. UINT64_MAX is no valid address. */
bool addrmap_put(struct addrmap *map, uint64_t address, uint64_t value);

#endif
