#include "inspector/base/addrmap.h"

#include "inspector/base/alloc.h"
#include "inspector/base/big.h"

#include <stdlib.h>
#include <string.h>

static void resize(struct addrmap *map, size_t size)
{
	struct addrmap grown = {
		.slots = big_alloc(size, sizeof(*grown.slots)),
		.used = map->used,
		.size = size,
	};

	for (size_t i = 0; i < map->size; i++) {
		if (map->slots[i].key)
			grown.slots[addrmap_slot_of(&grown, map->slots[i].key)] = map->slots[i];
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
		copy.slots = big_alloc(map->size, sizeof(*copy.slots));
		memcpy(copy.slots, map->slots, map->size * sizeof(*copy.slots));
	}
	return copy;
}

void addrmap_deinit(struct addrmap *map)
{
	big_free(map->slots, map->size, sizeof(*map->slots));
	*map = (struct addrmap)ADDRMAP_INIT;
}

bool addrmap_put(struct addrmap *map, uint64_t address, uint64_t value)
{
	size_t slot;
	bool is_new;

	if (map->used * 4 >= map->size * 3)
		resize(map, map->size ? map->size * 2 : 64);
	slot = addrmap_slot_of(map, address + 1);
	is_new = !map->slots[slot].key;
	map->slots[slot] = (struct addrmap_slot){address + 1, value};
	map->used += is_new;
	return is_new;
}
