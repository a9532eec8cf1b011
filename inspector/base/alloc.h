/* alloc: memory that cannot fail, and memory that dies all at once.
 *
 * Running out of memory ends the program with one line on standard error and status 1: no part of an answer
 * is worth printing then, and the kernel detaches a tracer that exits, so that a live target goes on. Sizes
 * that come from a target must be bounded by the caller before they get here. */
#ifndef ASYNCINSPECT_BASE_ALLOC_H
#define ASYNCINSPECT_BASE_ALLOC_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Like malloc, calloc, realloc and strdup, but never NULL. Caller frees. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t length);

/* A formatted string. Caller frees. */
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Makes room in a growing array: returns array, perhaps moved, with space for at least needed elements of
 * size bytes; *capacity is in elements and doubles. */
void *grow_array(void *array, size_t *capacity, size_t needed, size_t size);

/* An arena: what is taken from it lives until the arena is destroyed; nothing is freed singly. */
struct arena;

struct arena *arena_create(void);
void arena_destroy(struct arena *arena); /* NULL is allowed */

/* Zeroed, aligned for any type. Never NULL. Owned by the arena. */
void *arena_alloc(struct arena *arena, size_t size);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
