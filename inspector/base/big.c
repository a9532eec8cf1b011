#include "inspector/base/big.h"

#include "inspector/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

static size_t bytes_of(size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2) {
		fputs("asyncinspect: out of memory\n", stderr);
		exit(1);
	}
	return bytes ? bytes : 1;
}

/* Aligned to a huge page, so that the whole of it can be huge: what is mapped too much is given back. */
static void *map_aligned(size_t bytes, int advice)
{
	uint8_t *map = mmap(NULL, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t before, page = 4096, kept = (bytes + page - 1) & ~(page - 1);

	if (map == MAP_FAILED) {
		fputs("asyncinspect: out of memory\n", stderr);
		exit(1);
	}
	before = -(uintptr_t)map & (HUGE_PAGE - 1);
	if (before)
		munmap(map, before);
	if (HUGE_PAGE - before > kept - bytes)
		munmap(map + before + kept, bytes + HUGE_PAGE - before - kept);
	madvise(map + before, kept, advice);
	madvise(map + before, kept, MADV_DONTDUMP);
	return map + before;
}

void *big_alloc(size_t count, size_t size)
{
	size_t bytes = bytes_of(count, size);

	return bytes < HUGE_PAGE ? xcalloc(1, bytes) : map_aligned(bytes, MADV_HUGEPAGE);
}

void big_free(void *array, size_t count, size_t size)
{
	size_t bytes = bytes_of(count, size);

	if (array && bytes >= HUGE_PAGE)
		munmap(array, bytes);
	else
		free(array);
}

void stream_deinit(struct stream *stream)
{
	for (size_t i = 0; i < stream->chunk_count; i++)
		big_free(stream->chunks[i], STREAM_CHUNK, sizeof(uint32_t));
	free(stream->chunks);
	*stream = (struct stream){0};
}

void stream_forget(struct stream *stream, uint64_t i)
{
	for (; stream->forgotten < i / STREAM_CHUNK; stream->forgotten++) {
		big_free(stream->chunks[stream->forgotten], STREAM_CHUNK, sizeof(uint32_t));
		stream->chunks[stream->forgotten] = NULL;
	}
}

void stream_clear(struct stream *stream)
{
	size_t kept = stream->chunk_count && !stream->forgotten;

	for (size_t i = kept; i < stream->chunk_count; i++)
		big_free(stream->chunks[i], STREAM_CHUNK, sizeof(uint32_t));
	stream->chunk_count = kept;
	stream->count = stream->forgotten = 0;
}

void stream_grow(struct stream *stream)
{
	stream->chunks = grow_array(
		stream->chunks, &stream->capacity, stream->chunk_count + 1, sizeof(*stream->chunks));
	/* Of a stream of few numbers a huge page would be cleared for nothing: it takes longer than to write
	 * them. */
	stream->chunks[stream->chunk_count] = map_aligned(
		STREAM_CHUNK * sizeof(uint32_t), stream->chunk_count ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	stream->chunk_count++;
}

void stream_append(struct stream *stream, const uint32_t *numbers, size_t count)
{
	while (count) {
		uint64_t at = stream->count % STREAM_CHUNK, here = STREAM_CHUNK - at;

		if (stream->count == stream->chunk_count * STREAM_CHUNK)
			stream_grow(stream);
		here = here < count ? here : count;
		memcpy(&stream->chunks[stream->count / STREAM_CHUNK][at], numbers, here * sizeof(*numbers));
		stream->count += here;
		numbers += here;
		count -= (size_t)here;
	}
}
