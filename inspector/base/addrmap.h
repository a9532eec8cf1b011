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

/* True and *value set (when value is not NULL) if the address is there. */
bool addrmap_get(const struct addrmap *map, uint64_t address, uint64_t *value);

/* Sets or replaces. Returns true when the address was new. UINT64_MAX is no valid address. */
bool addrmap_put(struct addrmap *map, uint64_t address, uint64_t value);

#endif
