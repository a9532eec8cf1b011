#include "inspector/python/layout_target.h"

#include <inttypes.h>
#include <string.h>

#define COLUMNS		3
#define NOWHERE		UINT16_MAX
#define TABLE_MAX	1024
#define COOKIE		"xdebugpy"
#define AT_VERSION	8
#define AT_RUNTIME_SIZE 24
#define ASYNCIO_BYTES	104
/* A struct that is larger is none; _PyRuntime, which holds an interpreter, has less than 1 MiB. */
#define STRUCT_MAX ((uint64_t)16 << 20)

enum entry_kind { ENTRY_STRUCT, ENTRY_OFFSET, ENTRY_SIZE };

struct entry {
	enum entry_kind kind;
	enum field_id id;     /* not for a struct */
	const char *name;     /* of a struct */
	uint32_t size;	      /* of the member */
	uint16_t at[COLUMNS]; /* positions */
};

struct table {
	const struct entry *entries;
	size_t entry_count, column;
	uint64_t address; /* in the target */
	uint8_t bytes[TABLE_MAX];
};

static const struct version {
	uint8_t major, minor;
	uint16_t bytes;
} versions[COLUMNS] = {
#define VERSION(major, minor, bytes) {major, minor, bytes},
#define STRUCT(name, ...)
#define ENTRY(id, size, ...)
#define SIZE(id, ...)
#include "inspector/python/debug_offsets.def"
#undef VERSION
#undef STRUCT
#undef ENTRY
#undef SIZE
};

#define VERSION(major, minor, bytes)
#define STRUCT(name, ...)    {ENTRY_STRUCT, FIELD_COUNT, name, 0, {__VA_ARGS__}},
#define ENTRY(id, size, ...) {ENTRY_OFFSET, FIELD_##id, NULL, size, {__VA_ARGS__}},
#define SIZE(id, ...)	     {ENTRY_SIZE, FIELD_##id, NULL, 0, {__VA_ARGS__}},

static const struct entry runtime_entries[] = {
#include "inspector/python/debug_offsets.def"
};

static const struct entry asyncio_entries[] = {
#include "inspector/python/asyncio_debug.def"
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t number_at(const struct table *table, size_t at)
{
	uint64_t number;

	memcpy(&number, table->bytes + at, sizeof(number));
	return number;
}

static bool bad_entry(const struct table *table, size_t at, const char *name, uint64_t number,
	const char *what, struct error *err)
{
	return error_at(err, ERROR_CORRUPT, table->address + at,
		"the target's own table of offsets is not used: %s %s %" PRIu64, name, what, number);
}

static bool take_entries(struct layout *layout, const struct table *table, struct error *err)
{
	const char *name = "";
	uint64_t size = STRUCT_MAX;

	for (size_t i = 0; i < table->entry_count; i++) {
		const struct entry *entry = &table->entries[i];
		size_t at = entry->at[table->column];
		struct field *field;
		uint64_t number;

		if (entry->kind == ENTRY_STRUCT) {
			name = entry->name;
			size = STRUCT_MAX;
		}
		if (at == NOWHERE)
			continue;
		number = number_at(table, at);
		if (entry->kind != ENTRY_OFFSET && (number < 8 || number > STRUCT_MAX))
			return bad_entry(table, at, name, number, "has an impossible size:", err);
		if (entry->kind == ENTRY_STRUCT) {
			size = number;
			continue;
		}
		if (entry->kind == ENTRY_OFFSET && (number > size || size - number < entry->size))
			return bad_entry(table, at, name, number, "has a member outside of it: at", err);
		field = &layout->fields[entry->id];
		field->source = SOURCE_TARGET;
		field->offset = entry->kind == ENTRY_OFFSET ? (uint32_t)number : 0;
		field->size = entry->kind == ENTRY_OFFSET ? entry->size : (uint32_t)number;
	}
	return true;
}

/* All or nothing: one wrong number makes the others doubtful. */
static bool take_table(struct layout *layout, const struct table *table, struct error *err)
{
	if (take_entries(layout, table, err))
		return true;
	layout_clear(layout);
	return false;
}

static const struct version *version_of(uint32_t hexversion)
{
	for (size_t i = 0; i < COLUMNS; i++)
		if (versions[i].major == hexversion >> 24 && versions[i].minor == (hexversion >> 16 & 255))
			return &versions[i];
	return NULL;
}

bool layout_read_debug_offsets(struct layout *layout, const struct layout_request *r, struct error *err)
{
	const struct version *version = version_of(r->hexversion);
	struct table table = {
		.entries = runtime_entries, .entry_count = COUNT(runtime_entries), .address = r->runtime};
	uint64_t runtime_size;

	if (!version)
		return error_set(err, ERROR_NOT_FOUND, "this version of CPython has no table of offsets");
	table.column = (size_t)(version - versions);
	if (!target_read(r->target, r->runtime, table.bytes, version->bytes, err))
		return false;
	if (memcmp(table.bytes, COOKIE, sizeof(COOKIE) - 1) != 0)
		return error_at(err, ERROR_CORRUPT, r->runtime,
			"the target's own table of offsets is not used: it does not start as it should");
	if (number_at(&table, AT_VERSION) != r->hexversion)
		return error_at(err, ERROR_CORRUPT, r->runtime + AT_VERSION,
			"the target's own table of offsets is not used: it is of version 0x%08" PRIx64
			", Python of 0x%08" PRIx32,
			number_at(&table, AT_VERSION), r->hexversion);
	runtime_size = number_at(&table, AT_RUNTIME_SIZE);
	if (r->runtime_size && runtime_size != r->runtime_size)
		return error_at(err, ERROR_CORRUPT, r->runtime + AT_RUNTIME_SIZE,
			"the target's own table of offsets is not used: it gives _PyRuntime %" PRIu64
			" bytes, its symbol %" PRIu64,
			runtime_size, r->runtime_size);
	return take_table(layout, &table, err);
}

bool layout_read_asyncio_debug(struct layout *layout, const struct layout_request *r, uint64_t address,
	uint64_t size, struct error *err)
{
	struct table table = {
		.entries = asyncio_entries, .entry_count = COUNT(asyncio_entries), .address = address};

	if (size < ASYNCIO_BYTES)
		return error_at(err, ERROR_CORRUPT, address,
			"the table of offsets of _asyncio is not used: it has only %" PRIu64 " bytes", size);
	return target_read(r->target, address, table.bytes, ASYNCIO_BYTES, err) &&
	       take_table(layout, &table, err);
}
