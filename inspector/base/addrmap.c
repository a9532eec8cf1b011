#include "inspector/base/addrmap.h"

#include "inspector/base/alloc.h"

#include <stdlib.h>
#include <string.h>

static size_t slot_of(const struct addrmap *map, uint64_t key)
{
	/* Fibonacci hashing: the low bits of addresses are all alike. */
	size_t slot = (size_t)((key * 0x9e3779b97f4a7c15ull) >> 20) & (map->size - 1);

	while (map->slots[slot].key && map->slots[slot].key != key)
		slot = (slot + 1) & (map->size - 1);
	return slot;
}

static void resize(struct addrmap *map, size_t size)
{
	struct addrmap grown = {
		.slots = xcalloc(size, sizeof(*grown.slots)),
		.used = map->used,
		.size = size,
	};

	for (size_t i = 0; i < map->size; i++) {
		if (map->slots[i].key)
			grown.slots[slot_of(&grown, map->slots[i].key)] = map->slots[i];
	}
	addrmap_deinit(map);
	*map = grown;
}

void addrmap_reserve(struct addrmap *map, size_t more)
{
	size_t size = map->size ? map->size : 64;

	while ((map->used + more) * 4 >= size * 3)
		size *= 2;
	if (size > map->size)
		resize(map, size);
}

struct addrmap addrmap_copy(const struct addrmap *map)
{
	struct addrmap copy = *map;

	if (map->size) {
		copy.slots = xmalloc(map->size * sizeof(*copy.slots));
		memcpy(copy.slots, map->slots, map->size * sizeof(*copy.slots));
	}
	return copy;
}

void addrmap_deinit(struct addrmap *map)
{
	free(map->slots);
	*map = (struct addrmap)ADDRMAP_INIT;
}

bool addrmap_get(const struct addrmap *map, uint64_t address, uint64_t *value)
{
	size_t slot;

	if (!map->size)
		return false;
	slot = slot_of(map, address + 1);
	if (!map->slots[slot].key)
		return false;
	if (value)
		*value = map->slots[slot].value;
	return true;
}

bool addrmap_put(struct addrmap *map, uint64_t address, uint64_t value)
{
	size_t slot;
	bool is_new;

	if (map->used * 4 >= map->size * 3)
		resize(map, map->size ? map->size * 2 : 64);
	slot = slot_of(map, address + 1);
	is_new = !map->slots[slot].key;
	map->slots[slot] = (struct addrmap_slot){address + 1, value};
	map->used += is_new;
	return is_new;
}
