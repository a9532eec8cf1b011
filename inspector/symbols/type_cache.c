#include "inspector/symbols/type_cache.h"

#include "inspector/base/alloc.h"
#include "inspector/symbols/member_path.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* Change it with the form of the file or with the meaning of an answer. */
#define FORMAT 1

#define COUNT_MAX 65536

/* The file: a header, the answers, the CRC-32 of both. Numbers are those of this machine: the file does not
 * travel, and another byte order fails on FORMAT. No padding, so that each byte counts. */
struct header {
	char magic[8];
	uint32_t format, count;
	uint64_t fingerprint;
	uint64_t id_size;
	uint8_t id[BUILD_ID_MAX];
};

struct record {
	int64_t value;
	uint32_t offset, size;
	uint8_t is_found, bit, bits, zero[5];
};

static const char magic[8] = "asytypes";

_Static_assert(sizeof(struct header) == 96 && sizeof(struct record) == 24, "no padding");

static uint64_t mix_byte(uint64_t hash, unsigned char byte)
{
	return (hash ^ byte) * 0x100000001b3ull;
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
	hash = mix_byte(hash, text ? 1 : 2);
	while (text && *text)
		hash = mix_byte(hash, (unsigned char)*text++);
	return mix_byte(hash, 0);
}

uint64_t type_cache_fingerprint(const struct type_query *queries, size_t count)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < count; i++) {
		hash = mix_byte(hash, (unsigned char)queries[i].kind);
		hash = mix_text(hash, queries[i].type);
		hash = mix_text(hash, queries[i].member);
	}
	return hash;
}

/* The folder above ours; only absolute paths count. Caller frees; NULL: there is no cache. */
static char *cache_home(void)
{
	const char *home = getenv("XDG_CACHE_HOME");

	if (home && home[0] == '/')
		return xstrdup(home);
	home = getenv("HOME");
	if (home && home[0] == '/')
		return xasprintf("%s/.cache", home);
	return NULL;
}

/* One file for each build-id and set of questions. */
static char *file_path(const char *home, const struct build_id *id, uint64_t fingerprint)
{
	char text[BUILD_ID_TEXT];

	return xasprintf(
		"%s/asyncinspect/%s-%08" PRIx32, home, build_id_text(id, text), (uint32_t)fingerprint);
}

static void fill_header(struct header *header, const struct build_id *id, uint64_t fingerprint, size_t count)
{
	memset(header, 0, sizeof(*header));
	memcpy(header->magic, magic, sizeof(magic));
	header->format = FORMAT;
	header->count = (uint32_t)count;
	header->fingerprint = fingerprint;
	header->id_size = id->size;
	memcpy(header->id, id->bytes, id->size);
}

static size_t file_size(size_t count)
{
	return sizeof(struct header) + count * sizeof(struct record) + sizeof(uint32_t);
}

static uint32_t checksum(const uint8_t *bytes, size_t size)
{
	return (uint32_t)crc32(crc32(0, NULL, 0), bytes, (uInt)(size - sizeof(uint32_t)));
}

/* Reads a file of exactly size bytes that is ours alone. */
static bool read_own_file(const char *path, uint8_t *bytes, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	size_t done = 0;
	bool is_ours;

	if (fd < 0)
		return false;
	is_ours = !fstat(fd, &status) && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
		  !(status.st_mode & (S_IWGRP | S_IWOTH)) && status.st_size == (off_t)size;
	while (is_ours && done < size) {
		ssize_t n = read(fd, bytes + done, size - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	close(fd);
	return is_ours && done == size;
}

static bool decode_answer(const struct record *record, struct type_answer *answer)
{
	static const struct record nothing;

	if (record->is_found > 1 || memcmp(record->zero, nothing.zero, sizeof(nothing.zero)))
		return false;
	if (!record->is_found && memcmp(record, &nothing, sizeof(nothing)))
		return false;
	if (record->offset > TYPE_SIZE_MAX || record->size > TYPE_SIZE_MAX)
		return false;
	if (record->bits && (uint64_t)record->bit + record->bits > (uint64_t)record->size * 8)
		return false;
	if (record->bit && !record->bits)
		return false;
	*answer = (struct type_answer){
		.is_found = record->is_found,
		.bit = record->bit,
		.bits = record->bits,
		.offset = record->offset,
		.size = record->size,
		.value = record->value,
	};
	return true;
}

static bool decode(const uint8_t *bytes, size_t size, const struct header *expected,
	struct type_answer *answers, size_t count)
{
	struct record record;
	uint32_t crc;

	memcpy(&crc, bytes + size - sizeof(crc), sizeof(crc));
	if (memcmp(bytes, expected, sizeof(*expected)) || crc != checksum(bytes, size))
		return false;
	bytes += sizeof(*expected);
	for (size_t i = 0; i < count; i++, bytes += sizeof(record)) {
		memcpy(&record, bytes, sizeof(record));
		if (!decode_answer(&record, &answers[i]))
			return false;
	}
	return true;
}

bool type_cache_load(
	const struct build_id *id, uint64_t fingerprint, struct type_answer *answers, size_t count)
{
	char *home = cache_home(), *path;
	struct header expected;
	uint8_t *bytes;
	bool is_loaded;

	if (!home || !id->size || id->size > BUILD_ID_MAX || count > COUNT_MAX) {
		free(home);
		return false;
	}
	path = file_path(home, id, fingerprint);
	bytes = xmalloc(file_size(count));
	fill_header(&expected, id, fingerprint, count);
	is_loaded = read_own_file(path, bytes, file_size(count)) &&
		    decode(bytes, file_size(count), &expected, answers, count);
	free(bytes);
	free(path);
	free(home);
	return is_loaded;
}

/* Whether a folder is there and ours; made when it is not. Under sudo HOME is often another user's, who could
 * not remove what root leaves there. */
static bool own_folder(const char *path)
{
	struct stat status;

	if (mkdir(path, 0700) && errno != EEXIST)
		return false;
	return !stat(path, &status) && S_ISDIR(status.st_mode) && status.st_uid == geteuid();
}

static bool write_all(int fd, const uint8_t *bytes, size_t size)
{
	while (size) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		size -= (size_t)n;
	}
	return true;
}

/* Beside, then renamed: nobody ever sees half a file. */
static bool replace_file(const char *path, const uint8_t *bytes, size_t size)
{
	char *beside = xasprintf("%s.XXXXXX", path);
	int fd = mkostemp(beside, O_CLOEXEC);
	bool is_done = false;

	if (fd >= 0) {
		is_done = write_all(fd, bytes, size);
		is_done = !close(fd) && is_done && !rename(beside, path);
		if (!is_done)
			unlink(beside);
	}
	free(beside);
	return is_done;
}

static uint8_t *encode(
	const struct build_id *id, uint64_t fingerprint, const struct type_answer *answers, size_t count)
{
	size_t size = file_size(count);
	uint8_t *bytes = xcalloc(1, size);
	uint8_t *at = bytes + sizeof(struct header);
	struct header header;
	uint32_t crc;

	fill_header(&header, id, fingerprint, count);
	memcpy(bytes, &header, sizeof(header));
	for (size_t i = 0; i < count; i++, at += sizeof(struct record)) {
		struct record record = {
			.value = answers[i].value,
			.offset = answers[i].offset,
			.size = answers[i].size,
			.is_found = answers[i].is_found,
			.bit = answers[i].bit,
			.bits = answers[i].bits,
		};

		if (answers[i].is_found)
			memcpy(at, &record, sizeof(record));
	}
	crc = checksum(bytes, size);
	memcpy(at, &crc, sizeof(crc));
	return bytes;
}

bool type_cache_store(
	const struct build_id *id, uint64_t fingerprint, const struct type_answer *answers, size_t count)
{
	char *home = cache_home(), *path, *folder;
	bool is_stored = false;
	uint8_t *bytes;

	if (!home || !id->size || id->size > BUILD_ID_MAX || count > COUNT_MAX) {
		free(home);
		return false;
	}
	folder = xasprintf("%s/asyncinspect", home);
	if (own_folder(home) && own_folder(folder)) {
		path = file_path(home, id, fingerprint);
		bytes = encode(id, fingerprint, answers, count);
		is_stored = replace_file(path, bytes, file_size(count));
		free(bytes);
		free(path);
	}
	free(folder);
	free(home);
	return is_stored;
}
