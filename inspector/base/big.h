/* big: arrays of many megabytes, in huge pages where the system has them, and streams that grow without being
 * copied.
 *
 * A page fault for every 4 KiB would cost more than what is done with an array of a word for each object. */
#ifndef ASYNCINSPECT_BASE_BIG_H
#define ASYNCINSPECT_BASE_BIG_H

#include <stddef.h>
#include <stdint.h>

/* Zeroed memory. Never NULL: like alloc.h, running out of it ends the program. big_free wants the same size;
 * NULL is allowed. */
void *big_alloc(size_t count, size_t size);
void big_free(void *array, size_t count, size_t size);

/* A sequence of numbers that is written once from front to end and read in any order. */
#define STREAM_CHUNK ((uint64_t)1 << 19) /* numbers: one huge page */

struct stream {
	uint32_t **chunks; /* owned, each of STREAM_CHUNK */
	size_t chunk_count, capacity;
	uint64_t count;
	size_t forgotten; /* chunks, from the first on */
};

void stream_deinit(struct stream *stream);
void stream_grow(struct stream *stream);

/* For who reads from front to end: gives back the memory of the numbers before i, as far as it can. */
void stream_forget(struct stream *stream, uint64_t i);

/* Forgets all numbers; the memory for a few is kept for those that come next. */
void stream_clear(struct stream *stream);

static inline void stream_push(struct stream *stream, uint32_t number)
{
	if (stream->count == stream->chunk_count * STREAM_CHUNK)
		stream_grow(stream);
	stream->chunks[stream->count / STREAM_CHUNK][stream->count % STREAM_CHUNK] = number;
	stream->count++;
}

void stream_append(struct stream *stream, const uint32_t *numbers, size_t count);

static inline uint32_t stream_at(const struct stream *stream, uint64_t i)
{
	return stream->chunks[i / STREAM_CHUNK][i % STREAM_CHUNK];
}

#endif
