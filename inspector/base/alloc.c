#include "inspector/base/alloc.h"

#include "inspector/base/big.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is learned of a small process fits into one. */
#define ARENA_BLOCK ((size_t)64 << 10)
/* An arena that has grown to several of the first kind has more to come: huge pages, or each new page is a
 * fault. */
#define ARENA_LARGE ((size_t)2 << 20)

static _Noreturn void out_of_memory(void)
{
	static const char message[] = "asyncinspect: out of memory\n";

	fwrite(message, 1, sizeof(message) - 1, stderr);
	exit(1);
}

void *xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xrealloc(void *old, size_t size)
{
	void *p = realloc(old, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

char *xstrndup(const char *text, size_t length)
{
	char *copy = xmalloc(length + 1);

	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *xstrdup(const char *text)
{
	return xstrndup(text, strlen(text));
}

char *xasprintf(const char *format, ...)
{
	va_list args;
	char *text = NULL;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		out_of_memory();
	return text;
}

void *grow_array(void *array, size_t *capacity, size_t needed, size_t size)
{
	size_t grown = *capacity ? *capacity : 8;
	size_t bytes;

	if (needed <= *capacity)
		return array;
	while (grown < needed) {
		if (__builtin_mul_overflow(grown, 2, &grown))
			out_of_memory();
	}
	if (__builtin_mul_overflow(grown, size, &bytes))
		out_of_memory();
	array = xrealloc(array, bytes);
	*capacity = grown;
	return array;
}

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(max_align_t) unsigned char bytes[];
};

struct arena {
	struct arena_block *blocks;
	size_t total;
};

struct arena *arena_create(void)
{
	return xcalloc(1, sizeof(struct arena));
}

void arena_destroy(struct arena *arena)
{
	if (!arena)
		return;
	while (arena->blocks) {
		struct arena_block *next = arena->blocks->next;

		big_free(arena->blocks, 1, sizeof(*next) + arena->blocks->size);
		arena->blocks = next;
	}
	free(arena);
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	void *p;

	if (__builtin_add_overflow(size, _Alignof(max_align_t) - 1, &size))
		out_of_memory();
	size &= ~(_Alignof(max_align_t) - 1);
	if (!block || block->size - block->used < size) {
		size_t least = (arena->total < ARENA_LARGE ? ARENA_BLOCK : ARENA_LARGE) - sizeof(*block);
		size_t room = size > least ? size : least;

		block = big_alloc(1, sizeof(*block) + room);
		arena->total += room;
		block->size = room;
		block->next = arena->blocks;
		arena->blocks = block;
	}
	p = block->bytes + block->used;
	block->used += size;
	return p;
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	memcpy(copy, text, length);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	char start[256] = "", *text; /* nearly all fit: formatted once */
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(start, sizeof(start), format, args);
	va_end(args);
	if (length < 0)
		length = 0;
	text = arena_alloc(arena, (size_t)length + 1);
	if ((size_t)length < sizeof(start))
		memcpy(text, start, (size_t)length);
	else
		vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}
