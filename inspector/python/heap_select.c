#include "inspector/python/heap_select.h"

#include "inspector/base/parallel.h"
#include "inspector/python/heap_inner.h"
#include "inspector/python/memory.h"

#include <pthread.h>
#include <stdlib.h>

/* Words of bits below this are not worth a thread. */
#define WORTH_THREADS 4096

/* Types of which a thread remembers the answer; a heap has mostly objects of few. */
#define TYPES_RECENT 1024

struct selector {
	const struct python *py;
	const struct heap *heap;
	type_wanted_fn wanted;
	void *context;
	unsigned threads;
	pthread_mutex_t lock;
	struct {
		uint64_t *objects; /* owned */
		size_t count, capacity;
	} found[PARALLEL_MOST];
};

struct answer {
	uint64_t type;
	bool is_wanted;
};

static bool is_wanted(struct selector *s, struct answer *recent, uint64_t type)
{
	struct answer *answer = &recent[type >> 4 & (TYPES_RECENT - 1)];

	if (answer->type != type) {
		pthread_mutex_lock(&s->lock);
		*answer = (struct answer){type, s->wanted(s->context, type)};
		pthread_mutex_unlock(&s->lock);
	}
	return answer->is_wanted;
}

static void select_part(void *context, unsigned thread)
{
	struct selector *s = context;
	const struct heap *heap = s->heap;
	uint64_t offset = python_field(s->py, FIELD_object_type)->offset;
	size_t word = heap->word_count * thread / s->threads,
	       end = heap->word_count * (thread + 1) / s->threads;
	/* No type is at address 0. */
	struct answer recent[TYPES_RECENT] = {{0, false}};
	struct area_cache areas;

	area_cache_init(&areas, heap);
	for (; word < end && !progress_is_interrupted(s->py->progress); word++) {
		uint64_t left = heap->bits[word];
		uint64_t first = left ? heap_position_address(heap, (uint32_t)(word * 64)) : 0;

		for (; left; left &= left - 1) {
			uint64_t object = first + (uint64_t)__builtin_ctzll(left) * GRANULE, type;
			const uint8_t *bytes = area_bytes(&areas, object, offset + 8);

			if (bytes)
				type = load_unsigned(bytes + offset, 8);
			else if (!read_pointer(s->py, object, FIELD_object_type, &type, NULL))
				continue;
			if (!is_wanted(s, recent, type))
				continue;
			s->found[thread].objects = grow_array(s->found[thread].objects,
				&s->found[thread].capacity, s->found[thread].count + 1, sizeof(uint64_t));
			s->found[thread].objects[s->found[thread].count++] = object;
		}
	}
}

uint64_t *heap_select(
	const struct python *py, const struct heap *heap, type_wanted_fn wanted, void *context, size_t *count)
{
	struct selector s = {.py = py,
		.heap = heap,
		.wanted = wanted,
		.context = context,
		.threads = heap->word_count < WORTH_THREADS ? 1 : parallel_threads(),
		.lock = PTHREAD_MUTEX_INITIALIZER};
	uint64_t *objects;

	parallel_run(s.threads, select_part, &s);
	objects = s.found[0].objects;
	*count = s.found[0].count;
	for (unsigned i = 1; i < s.threads; i++) {
		for (size_t k = 0; k < s.found[i].count; k++) {
			objects = grow_array(objects, &s.found[0].capacity, *count + 1, sizeof(*objects));
			objects[(*count)++] = s.found[i].objects[k];
		}
		free(s.found[i].objects);
	}
	return objects;
}
