#include "inspector/python/heap_select.h"

#include "inspector/base/parallel.h"
#include "inspector/python/heap_inner.h"
#include "inspector/python/memory.h"

#include <pthread.h>
#include <stdlib.h>

/* Words of bits below this are not worth a thread. */
#define WORTH_THREADS 4096

/* Words of bits in a stretch, between two of which memory of the target may go: 2 MiB of addresses. */
#define STRETCH_WORDS 4096
#define STRETCH_BYTES ((uint64_t)STRETCH_WORDS * 64 * GRANULE)

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
		size_t word;	   /* how far the thread is */
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

struct part {
	struct selector *s;
	unsigned thread;
	struct answer recent[TYPES_RECENT]; /* no type is at address 0 */
	uint8_t *buffer;
	/* What was looked at last: of a region, from the address of a word of bits on. */
	uint64_t start, size;
	const uint8_t *bytes;
};

static void look_at(struct part *p, uint64_t object)
{
	struct selector *s = p->s;
	uint64_t offset = python_field(s->py, FIELD_object_type)->offset, type;

	if (p->bytes && object - p->start < p->size && object - p->start + offset + 8 <= p->size)
		type = load_unsigned(p->bytes + (object - p->start) + offset, 8);
	else if (!read_pointer(s->py, object, FIELD_object_type, &type, NULL))
		return;
	if (!is_wanted(s, p->recent, type))
		return;
	s->found[p->thread].objects = grow_array(s->found[p->thread].objects, &s->found[p->thread].capacity,
		s->found[p->thread].count + 1, sizeof(uint64_t));
	s->found[p->thread].objects[s->found[p->thread].count++] = object;
}

/* Memory from address on, for the objects of the words of bits to come. */
static void look_ahead(struct part *p, uint64_t address)
{
	const struct area *area = area_search(p->s->heap, address);

	p->start = address;
	p->size = area ? area->end - address : 0;
	if (p->size > STRETCH_BYTES)
		p->size = STRETCH_BYTES;
	p->bytes = p->size ? target_peek(p->s->heap->target, address, p->size, p->buffer) : NULL;
}

static size_t part_end(const struct selector *s, unsigned thread)
{
	return s->heap->word_count * (thread + 1) / s->threads;
}

static void select_part(void *context, unsigned thread)
{
	struct part p = {.s = context, .thread = thread, .recent = {{0, false}}};
	const struct heap *heap = p.s->heap;
	size_t *word = &p.s->found[thread].word, end = part_end(p.s, thread);

	p.buffer = target_is_scarce(heap->target) ? xmalloc(STRETCH_BYTES) : NULL;
	for (; *word < end && !progress_is_interrupted(p.s->py->progress); ++*word) {
		uint64_t left = heap->bits[*word];
		uint64_t first = left ? heap_position_address(heap, (uint32_t)(*word * 64)) : 0;

		if (*word % STRETCH_WORDS == 0 && target_is_full(heap->target))
			break;
		if (left && first + 64 * GRANULE - p.start > p.size)
			look_ahead(&p, first);
		for (; left; left &= left - 1)
			look_at(&p, first + (uint64_t)__builtin_ctzll(left) * GRANULE);
	}
	free(p.buffer);
}

/* A core that is mapped here is not read into a buffer: what is full is emptied, until each thread has come
 * to its end. */
static void select_all(struct selector *s)
{
	bool is_done;

	for (unsigned i = 0; i < s->threads; i++)
		s->found[i].word = s->heap->word_count * i / s->threads;
	do {
		parallel_run(s->threads, select_part, s);
		target_ease(s->py->target);
		is_done = true;
		for (unsigned i = 0; i < s->threads; i++)
			is_done &= s->found[i].word == part_end(s, i);
	} while (!is_done && !progress_is_interrupted(s->py->progress));
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

	select_all(&s);
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
