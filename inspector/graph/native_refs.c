#include "inspector/graph/native_refs.h"

#include "inspector/python/extent.h"
#include "inspector/python/memory.h"
#include "inspector/symbols/module.h"

#include <stdlib.h>
#include <string.h>

/* Bytes, a multiple of 8. */
#define SCANNED_AT_ONCE ((uint64_t)1 << 20)

#define OBJECTS_MAX 4096
#define PLACES_MAX  8
/* Of the holders of one object so many are looked at for what is theirs. */
#define HOLDERS_MAX 20000
/* What a function may use below its stack pointer: the x86-64 ABI. */
#define RED_ZONE   128
#define CHUNKS_MAX 10000
#define CHUNK_MAX  ((uint64_t)1 << 40)
/* Bits of a filter that most words do not pass. */
#define FILTER_BITS 16

struct range {
	uint64_t start, end;
};

struct ranges {
	struct range *items; /* owned */
	size_t count, capacity;
};

struct sighting {
	size_t object; /* index */
	struct native_place place;
};

struct scan {
	const struct retention_graph *g;
	struct python *py;
	struct addrmap wanted; /* address -> index */
	uint64_t filter[(1 << FILTER_BITS) / 64];
	struct ranges owned;	/* by those that are known to hold the objects */
	struct range *whole;	/* the mappings of these, by index of a thread */
	struct sighting *found; /* owned */
	size_t found_count, capacity;
};

static unsigned filter_slot(uint64_t word)
{
	return (unsigned)(word >> 4 & ((1 << FILTER_BITS) - 1));
}

static void add_range(struct ranges *list, uint64_t start, uint64_t end)
{
	list->items = grow_array(list->items, &list->capacity, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = (struct range){start, end};
}

static int by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Sorted, and one where several touch. */
static void merge_ranges(struct ranges *list)
{
	size_t kept = 0;

	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), by_start);
	for (size_t i = 0; i < list->count; i++) {
		if (kept && list->items[i].start <= list->items[kept - 1].end) {
			if (list->items[i].end > list->items[kept - 1].end)
				list->items[kept - 1].end = list->items[i].end;
		} else {
			list->items[kept++] = list->items[i];
		}
	}
	list->count = kept;
}

static bool contains(const struct ranges *list, uint64_t address)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address < list->items[middle].start)
			high = middle;
		else if (address >= list->items[middle].end)
			low = middle + 1;
		else
			return true;
	}
	return false;
}

static void add_owned(void *context, uint64_t start, uint64_t end)
{
	add_range(&((struct scan *)context)->owned, start, end);
}

/* Python/pystate.c, push_chunk: from 3.11 on frames lie in chunks of a stack of each thread. What is above
 * its top is left over from frames that are gone. */
static void find_free_frames(struct scan *s, uint64_t thread)
{
	uint64_t chunk, top, size, words;

	if (!python_has(s->py, FIELD_stackchunk_size) ||
		!read_pointer(s->py, thread, FIELD_thread_datastack_chunk, &chunk, NULL) ||
		!read_pointer(s->py, thread, FIELD_thread_datastack_top, &top, NULL))
		return;
	for (int i = 0; chunk && i < CHUNKS_MAX; i++) {
		if (!read_unsigned(s->py, chunk, FIELD_stackchunk_size, &size, NULL) || size > CHUNK_MAX ||
			!read_unsigned(s->py, chunk, FIELD_stackchunk_top, &words, NULL))
			return;
		if (i)
			top = chunk + python_field(s->py, FIELD_stackchunk_top)->offset + 8 + 8 * words;
		if (top >= chunk && top < chunk + size)
			add_range(&s->owned, top, chunk + size);
		if (!read_pointer(s->py, chunk, FIELD_stackchunk_previous, &chunk, NULL))
			return;
	}
}

/* What the holders that were found have, and the variables of the frames that execute. */
static void find_owned(struct scan *s, const struct retention *objects, const size_t *chosen)
{
	const struct pythreads *threads = &s->g->a->threads;

	for (size_t i = 0; i < s->wanted.used; i++) {
		const struct retention *r = &objects[chosen[i]];
		uint64_t last = 0;

		for (size_t k = 0; k < r->referrer_count && k < HOLDERS_MAX; k++) {
			if (r->referrers[k].from != last &&
				heap_contains(s->g->graph->heap, r->referrers[k].from))
				extents_of_object(s->py, r->referrers[k].from, add_owned, s);
			last = r->referrers[k].from;
		}
	}
	for (size_t t = 0; t < threads->count; t++)
		for (size_t f = 0; f < threads->threads[t].frame_count; f++) {
			const struct pyframe *frame = &threads->threads[t].frames[f];

			add_range(&s->owned, frame->address, frame->localsplus + 8 * (uint64_t)frame->slots);
		}
	for (size_t t = 0; t < threads->count; t++)
		find_free_frames(s, threads->threads[t].address);
	merge_ranges(&s->owned);
}

static void find_stacks(struct scan *s)
{
	size_t count;
	const struct target_thread *threads = target_threads(s->py->target, &count);

	s->whole = xcalloc(count, sizeof(*s->whole));
	for (size_t i = 0; i < count; i++) {
		const struct mapping *m = threads[i].has_registers ? target_find_mapping(s->py->target,
									     threads[i].stack_pointer)
								   : NULL;

		if (!m)
			continue;
		s->whole[i] = (struct range){m->start, m->end};
	}
}

static void add_found(struct scan *s, uint64_t object, const struct native_place *place)
{
	s->found = grow_array(s->found, &s->capacity, s->found_count + 1, sizeof(*s->found));
	s->found[s->found_count++] = (struct sighting){(size_t)object, *place};
}

/* Whether an object has the word inside: the nearest that begins before it, or the one behind, which has
 * words before it. */
static bool is_in_object(const struct scan *s, uint64_t address)
{
	const struct heap *heap = s->g->graph->heap;
	uint32_t low = 0, high = heap_count(heap);
	uint64_t start, end;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (heap_address(heap, middle) <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low && extent_of_object(s->py, heap_address(heap, low - 1), &start, &end) && address < end)
		return true;
	return low < heap_count(heap) && extent_of_object(s->py, heap_address(heap, low), &start, &end) &&
	       address >= start;
}

/* A module's own mappings, and the memory behind them that its zeros are in. */
static struct module *module_of_data(const struct scan *s, uint64_t address)
{
	const struct mapping *m = target_find_mapping(s->py->target, address);
	struct module *module;
	uint64_t start, size;

	if (!s->py->modules)
		return NULL;
	module = module_containing(s->py->modules, address);
	if (module || !m || m->path[0] || !m->start)
		return module;
	module = module_containing(s->py->modules, m->start - 1);
	return module && module_section(module, ".bss", &start, &size) && address >= start &&
			       address - start < size
		       ? module
		       : NULL;
}

/* The part of an executing frame's value stack that it has not written the end of. */
static bool find_frame(const struct scan *s, uint64_t address, struct native_place *place)
{
	const struct pythreads *threads = &s->g->a->threads;

	for (size_t t = 0; t < threads->count; t++)
		for (size_t f = 0; f < threads->threads[t].frame_count; f++) {
			const struct pyframe *frame = &threads->threads[t].frames[f];
			uint64_t known = frame->localsplus + 8 * (uint64_t)frame->slots;

			if (!frame->code || address < known ||
				address >= frame->localsplus + 8 * ((uint64_t)frame->code->nlocalsplus +
									   frame->code->stacksize))
				continue;
			place->kind = NATIVE_FRAME;
			place->thread = threads->threads[t].native_id;
			place->name = frame->code->qualname;
			return true;
		}
	return false;
}

static void classify(struct scan *s, uint64_t object, uint64_t address)
{
	size_t thread_count;
	const struct target_thread *threads = target_threads(s->py->target, &thread_count);
	struct native_place place = {.address = address};
	struct module *module;

	for (size_t i = 0; i < thread_count; i++) {
		if (address < s->whole[i].start || address >= s->whole[i].end)
			continue;
		/* What is below the stack pointer is over. */
		if (address + RED_ZONE < threads[i].stack_pointer)
			return;
		place.kind = NATIVE_STACK;
		place.thread = (uint64_t)threads[i].tid;
		add_found(s, object, &place);
		return;
	}
	module = module_of_data(s, address);
	if (module) {
		place.kind = NATIVE_DATA;
		place.file = module_path(module);
		place.name = module_symbol_at(module, address, &place.offset);
		if (!place.name)
			place.offset = address - module_start(module);
		add_found(s, object, &place);
		return;
	}
	if (find_frame(s, address, &place)) {
		add_found(s, object, &place);
		return;
	}
	if (contains(&s->owned, address) || is_in_object(s, address))
		return;
	place.kind = NATIVE_MEMORY;
	add_found(s, object, &place);
}

static void scan_words(struct scan *s, uint64_t address, const uint8_t *bytes, size_t size)
{
	for (uint64_t object; size >= 8; address += 8, bytes += 8, size -= 8) {
		uint64_t word = load_unsigned(bytes, 8);
		unsigned slot = filter_slot(word);

		if (s->filter[slot / 64] >> (slot % 64) & 1 && addrmap_get(&s->wanted, word, &object))
			classify(s, object, address);
	}
}

static void scan_region(struct scan *s, const struct region *r)
{
	struct target *target = s->py->target;
	uint8_t *buffer = r->is_partial ? xmalloc(SCANNED_AT_ONCE) : NULL;

	for (uint64_t at = (r->start + 7) & ~UINT64_C(7); at + 8 <= r->end; at += SCANNED_AT_ONCE) {
		size_t size = r->end - at < SCANNED_AT_ONCE ? r->end - at : SCANNED_AT_ONCE;
		const uint8_t *bytes = target_peek(target, at, size, buffer);

		if (bytes)
			scan_words(s, at, bytes, size);
		target_ease(target);
	}
	free(buffer);
}

static void scan_registers(struct scan *s)
{
	/* struct user_regs_struct; those that a program computes with. */
	static const char *const names[] = {"r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9",
		"r8", "rax", "rcx", "rdx", "rsi", "rdi"};
	size_t count;
	const struct target_thread *threads = target_threads(s->py->target, &count);

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; threads[i].has_all_registers && k < sizeof(names) / sizeof(names[0]);
			k++) {
			struct native_place place = {.kind = NATIVE_REGISTER,
				.thread = (uint64_t)threads[i].tid,
				.name = names[k]};
			uint64_t object;

			if (addrmap_get(&s->wanted, threads[i].registers[k], &object))
				add_found(s, object, &place);
		}
}

static int by_object(const void *a, const void *b)
{
	const struct sighting *x = a, *y = b;

	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	if (x->place.kind != y->place.kind)
		return x->place.kind < y->place.kind ? -1 : 1;
	return x->place.address < y->place.address ? -1 : x->place.address > y->place.address;
}

static void hand_over(struct scan *s, struct retention *objects)
{
	if (s->found_count)
		qsort(s->found, s->found_count, sizeof(*s->found), by_object);
	for (size_t at = 0; at < s->found_count;) {
		struct retention *r = &objects[s->found[at].object];
		size_t end = at;

		while (end < s->found_count && s->found[end].object == s->found[at].object)
			end++;
		r->native_place_total = end - at;
		r->native_place_count = end - at < PLACES_MAX ? end - at : PLACES_MAX;
		r->native_places =
			arena_alloc(s->py->arena, r->native_place_count * sizeof(*r->native_places));
		for (size_t i = 0; i < r->native_place_count; i++)
			r->native_places[i] = s->found[at + i].place;
		at = end;
	}
}

void native_refs_find(const struct retention_graph *g, struct retention *objects, size_t count)
{
	struct scan *s = xcalloc(1, sizeof(*s));
	size_t *chosen = xcalloc(OBJECTS_MAX, sizeof(*chosen)), region_count;
	const struct region *regions = target_regions(g->a->py->target, &region_count);

	s->g = g;
	s->py = g->a->py;
	for (size_t i = 0; i < count && s->wanted.used < OBJECTS_MAX; i++) {
		unsigned slot = filter_slot(objects[i].object);

		if (objects[i].native_references <= 0 || addrmap_get(&s->wanted, objects[i].object, NULL))
			continue;
		chosen[s->wanted.used] = i;
		addrmap_put(&s->wanted, objects[i].object, i);
		s->filter[slot / 64] |= UINT64_C(1) << (slot % 64);
	}
	if (s->wanted.used) {
		find_owned(s, objects, chosen);
		find_stacks(s);
		scan_registers(s);
		for (size_t i = 0; i < region_count; i++)
			if (regions[i].bytes && !regions[i].is_file && !regions[i].is_zero)
				scan_region(s, &regions[i]);
		hand_over(s, objects);
	}
	addrmap_deinit(&s->wanted);
	free(s->owned.items);
	free(s->whole);
	free(s->found);
	free(s);
	free(chosen);
}

const char *native_kind_name(enum native_kind kind)
{
	static const char *const names[] = {
		[NATIVE_REGISTER] = "register",
		[NATIVE_FRAME] = "frame",
		[NATIVE_STACK] = "stack",
		[NATIVE_DATA] = "data",
		[NATIVE_MEMORY] = "memory",
	};

	return names[kind];
}

const char *native_place_text(struct python *py, const struct native_place *place)
{
	unsigned long long address = place->address, thread = place->thread, offset = place->offset;

	switch (place->kind) {
	case NATIVE_REGISTER:
		return arena_printf(py->arena, "in register %s of thread %llu", place->name, thread);
	case NATIVE_FRAME:
		return arena_printf(
			py->arena, "a value that %s() works with, in thread %llu", place->name, thread);
	case NATIVE_STACK:
		return arena_printf(py->arena, "in the stack of thread %llu, at 0x%llx", thread, address);
	case NATIVE_DATA:
		if (!place->name)
			return arena_printf(py->arena, "in the data of %s, at +0x%llx", place->file, offset);
		if (!offset)
			return arena_printf(py->arena, "in variable %s of %s", place->name, place->file);
		return arena_printf(
			py->arena, "in variable %s, at +0x%llx, of %s", place->name, offset, place->file);
	default:
		return arena_printf(py->arena, "in memory that no object owns, at 0x%llx", address);
	}
}
