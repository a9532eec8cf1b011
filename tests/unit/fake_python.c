#include "tests/unit/fake_python.h"

#include "inspector/python/era.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY	   ((size_t)256 << 10)
#define BEFORE	   32 /* of every block: two managed words, the collector's head */
#define NONE	   NO_OFFSET
#define FIRST_FREE 4096 /* addresses of the large region below are no object's */

struct place {
	uint32_t offset, size;
};

static void set_member(struct fake *f, enum field_id id, uint32_t size, const uint32_t *offsets)
{
	if (offsets[f->version] != NONE)
		f->py->layout.fields[id] =
			(struct field){.offset = offsets[f->version], .size = size, .source = SOURCE_DWARF};
}

static void set_size(struct fake *f, enum field_id id, const uint32_t *sizes)
{
	f->py->layout.fields[id] =
		(struct field){.offset = 0, .size = sizes[f->version], .source = SOURCE_DWARF};
}

static void set_constant(struct fake *f, enum field_id id, const int64_t *values)
{
	if (values[f->version] != (int64_t)NONE)
		f->py->layout.fields[id] =
			(struct field){.offset = 0, .value = values[f->version], .source = SOURCE_DWARF};
}

static void set_one(struct fake *f, enum field_id id, int version, struct field field)
{
	if (f->version != version)
		return;
	field.source = SOURCE_DWARF;
	f->py->layout.fields[id] = field;
}

static void set_layout(struct fake *f)
{
	for (int id = 0; id < FIELD_COUNT; id++)
		f->py->layout.fields[id] = (struct field){.offset = NO_OFFSET};
#define SAME(id, offset, size)	  set_member(f, FIELD_##id, size, (const uint32_t[]){offset, offset, offset});
#define MEMBER(id, size, a, b, c) set_member(f, FIELD_##id, size, (const uint32_t[]){a, b, c});
#define SIZE(id, a, b, c)	  set_size(f, FIELD_##id, (const uint32_t[]){a, b, c});
#define CONSTANT(id, a, b, c)	  set_constant(f, FIELD_##id, (const int64_t[]){a, b, c});
#define ONE(id, version, o, s, first, width)                                                                 \
	set_one(f, FIELD_##id, version,                                                                      \
		(struct field){.offset = (o), .size = (s), .bit = (first), .bits = (width)});
#include "tests/unit/fake_layout.def"
#undef SAME
#undef MEMBER
#undef SIZE
#undef CONSTANT
#undef ONE
}

static void open_target(struct fake *f)
{
	const struct region regions[] = {
		{.start = FAKE_BASE, .end = FAKE_BASE + f->size, .bytes = f->memory},
		{.start = FAKE_UNMAPPED - FAKE_PAGE, .end = FAKE_UNMAPPED, .bytes = f->before_unmapped},
		{.start = FAKE_LOST - FAKE_PAGE, .end = FAKE_LOST, .bytes = f->before_lost},
		{.start = FAKE_LOST, .end = FAKE_LOST + 16 * FAKE_PAGE, .bytes = NULL},
	};

	f->target = target_open_memory(regions, sizeof(regions) / sizeof(regions[0]));
}

struct fake *fake_create_large(int version, size_t size)
{
	static const uint32_t hexversions[] = {0x030b07f0, 0x030c01f0, 0x030d00f0};
	static const char *const names[] = {"3.11.7", "3.12.1", "3.13.0"};
	struct fake *f = xcalloc(1, sizeof(*f));

	f->version = version;
	f->size = size;
	f->used = FIRST_FREE;
	f->memory = xcalloc(1, size);
	f->before_unmapped = xcalloc(1, FAKE_PAGE);
	f->before_lost = xcalloc(1, FAKE_PAGE);
	open_target(f);
	f->py = xcalloc(1, sizeof(*f->py));
	f->py->target = f->target;
	f->py->arena = arena_create();
	f->py->hexversion = hexversions[version];
	f->py->era = era_find(hexversions[version]);
	memcpy(f->py->version, names[version], strlen(names[version]) + 1);
	set_layout(f);
	f->py->none = fake_object(f, fake_type(f, "NoneType"), 16);
	f->py->true_object = fake_bool(f, true);
	f->py->false_object = fake_bool(f, false);
	return f;
}

struct fake *fake_create(int version)
{
	return fake_create_large(version, MEMORY);
}

void fake_destroy(struct fake *f)
{
	if (!f)
		return;
	python_close(f->py);
	target_close(f->target);
	free(f->memory);
	free(f->before_unmapped);
	free(f->before_lost);
	free(f);
}

/* Another struct python for the same target: whatever the readers keep is gone with the old one. */
void fake_forget(struct fake *f)
{
	struct python *old = f->py;

	f->py = xcalloc(1, sizeof(*f->py));
	f->py->target = f->target;
	f->py->arena = arena_create();
	f->py->era = old->era;
	f->py->hexversion = old->hexversion;
	memcpy(f->py->version, old->version, sizeof(old->version));
	f->py->runtime = old->runtime;
	f->py->none = old->none;
	f->py->true_object = old->true_object;
	f->py->false_object = old->false_object;
	f->py->layout = old->layout;
	python_close(old);
}

void fake_next_ends(struct fake *f, uint64_t limit, size_t cut)
{
	f->limit = limit;
	f->cut = cut;
}

uint64_t fake_place(struct fake *f, size_t size)
{
	uint64_t address = f->limit + f->cut - size;

	if (f->limit) {
		ck_assert_uint_le(size, FAKE_PAGE - BEFORE);
		f->limit = 0;
		f->cut = 0;
		return address;
	}
	f->used = (f->used + BEFORE + 15) & ~(size_t)15;
	address = FAKE_BASE + f->used;
	f->used += size;
	if (f->used > f->size)
		ck_abort_msg("the test needs more memory");
	return address;
}

/* Our copy of a byte of the target; NULL: it has none. */
static uint8_t *byte_at(struct fake *f, uint64_t address)
{
	if (address - FAKE_BASE < f->size)
		return f->memory + (address - FAKE_BASE);
	if (address - (FAKE_UNMAPPED - FAKE_PAGE) < FAKE_PAGE)
		return f->before_unmapped + (address - (FAKE_UNMAPPED - FAKE_PAGE));
	if (address - (FAKE_LOST - FAKE_PAGE) < FAKE_PAGE)
		return f->before_lost + (address - (FAKE_LOST - FAKE_PAGE));
	return NULL;
}

void fake_write(struct fake *f, uint64_t address, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint8_t *byte = byte_at(f, address + i);

		if (byte)
			*byte = ((const uint8_t *)bytes)[i];
	}
}

void fake_word(struct fake *f, uint64_t address, uint64_t value)
{
	fake_write(f, address, &value, sizeof(value));
}

uint64_t fake_read(struct fake *f, uint64_t address)
{
	uint64_t value;

	if (!target_read(f->target, address, &value, sizeof(value), NULL))
		ck_abort_msg("the test reads what it did not place");
	return value;
}

uint64_t fake_get(struct fake *f, uint64_t address, enum field_id id)
{
	return fake_read(f, address + python_field(f->py, id)->offset);
}

void fake_set(struct fake *f, uint64_t address, enum field_id id, uint64_t value)
{
	const struct field *field = python_field(f->py, id);
	uint8_t *old;

	if (field->offset == NO_OFFSET) /* no ck_assert: each writes a message, and there are millions */
		ck_abort_msg("this version has no %s", layout_describe(id)->id);
	if (field->bits) {
		old = byte_at(f, address + field->offset);
		value <<= field->bit;
		if (old)
			value |= *old & ~(((1u << field->bits) - 1) << field->bit);
	}
	fake_write(f, address + field->offset, &value, field->size < 8 ? field->size : 8);
}

uint64_t fake_cstring(struct fake *f, const char *text)
{
	uint64_t address = fake_place(f, strlen(text) + 1);

	fake_write(f, address, text, strlen(text) + 1);
	return address;
}

uint64_t fake_object(struct fake *f, uint64_t type, size_t size)
{
	uint64_t address = fake_place(f, size);

	fake_set(f, address, FIELD_object_refcnt, 1);
	fake_set(f, address, FIELD_object_type, type);
	return address;
}
