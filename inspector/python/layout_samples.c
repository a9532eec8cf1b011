#include "inspector/python/layout_samples.h"

#include <string.h>

#define BASES_MAX	64
#define NAME_MAX_LENGTH 64
#define FLAG_HEAP	(UINT64_C(1) << 9)  /* Include/object.h: Py_TPFLAGS_HEAPTYPE */
#define FLAG_EXCEPTION	(UINT64_C(1) << 30) /* Py_TPFLAGS_BASE_EXC_SUBCLASS */

static const struct {
	const char *name;
	enum type_kind kind;
} names[] = {
#define KIND(kind, name) {name, KIND_##kind},
#include "inspector/python/kinds.def"
#undef KIND
};

/* A class may be named as a C type is. Those of C code that are on the heap bear the name of their module,
 * but for few (type.c knows them all: here one more or less does not matter). */
static enum type_kind own_kind(const struct probe *p, uint64_t type, uint64_t flags)
{
	uint64_t name;
	char text[NAME_MAX_LENGTH];

	if (!probe_pointer(p, type, FIELD_type_name, &name) || !probe_cstring(p, name, text, sizeof(text)) ||
		(flags & FLAG_HEAP && !strchr(text, '.')))
		return KIND_UNKNOWN;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, text) == 0)
			return names[i].kind;
	return KIND_UNKNOWN;
}

static void find_kind(const struct probe *p, uint64_t address, struct sampled_type *type)
{
	uint64_t at = address, flags;
	enum type_kind kind = KIND_UNKNOWN;

	for (int i = 0; at && at % 8 == 0 && i < BASES_MAX && kind == KIND_UNKNOWN; i++) {
		if (!probe_unsigned(p, at, FIELD_type_flags, &flags))
			break;
		kind = own_kind(p, at, flags);
		if (kind == KIND_UNKNOWN && flags & FLAG_EXCEPTION)
			kind = KIND_EXCEPTION;
		type->is_exact = i == 0 && kind != KIND_UNKNOWN;
		if (!probe_pointer(p, at, FIELD_type_base, &at))
			break;
	}
	type->address = address;
	type->kind = (uint8_t)kind;
	/* The head of every exception is the same. */
	type->is_exact |= kind == KIND_EXCEPTION;
}

static const struct sampled_type *look_up(struct samples *s, uint64_t address, struct sampled_type *buffer)
{
	size_t i = (address >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 52 & (SAMPLES_TYPES - 1);

	while (s->types[i].address && s->types[i].address != address)
		i = (i + 1) & (SAMPLES_TYPES - 1);
	if (s->types[i].address)
		return &s->types[i];
	if (s->type_count >= SAMPLES_TYPES / 2) {
		find_kind(s->probe, address, buffer);
		return buffer;
	}
	s->type_count++;
	find_kind(s->probe, address, &s->types[i]);
	return &s->types[i];
}

bool samples_kind(struct samples *s, uint64_t object, enum type_kind *kind, bool *is_exact)
{
	uint64_t type = probe_type_of(s->probe, object);
	struct sampled_type buffer = {.address = 0};
	const struct sampled_type *found;

	if (!type)
		return false;
	found = look_up(s, type, &buffer);
	*kind = (enum type_kind)found->kind;
	*is_exact = found->is_exact;
	return true;
}

static void keep(struct samples *s, size_t kind, uint64_t object)
{
	if (s->count[kind] >= SAMPLES_EACH)
		return;
	for (size_t i = 0; i < s->count[kind]; i++)
		if (s->at[kind][i] == object)
			return;
	s->at[kind][s->count[kind]++] = object;
}

/* Instances share their keys, and have their values apart or, from 3.13 on, inside of themselves; keys other
 * than strings are rare. */
static void keep_dict(struct samples *s, uint64_t dict)
{
	const struct probe *p = s->probe;
	uint64_t values, keys, kind;

	if (s->count[SAMPLES_SPLIT] >= SAMPLES_EACH && s->count[SAMPLES_EMBEDDED] >= SAMPLES_EACH &&
		s->count[SAMPLES_GENERAL] >= SAMPLES_EACH)
		return;
	if (!probe_pointer(p, dict, FIELD_dict_values, &values) ||
		!probe_pointer(p, dict, FIELD_dict_keys, &keys))
		return;
	if (values && probe_has(p, FIELD_values_embedded) &&
		probe_unsigned(p, values, FIELD_values_embedded, &kind) && kind == 1)
		keep(s, SAMPLES_EMBEDDED, dict);
	else if (values)
		keep(s, SAMPLES_SPLIT, dict);
	else if (probe_unsigned(p, keys, FIELD_keys_kind, &kind) &&
		 (int64_t)kind == p->fields[FIELD_keys_general].value)
		keep(s, SAMPLES_GENERAL, dict);
}

bool samples_offer(struct samples *s, uint64_t object)
{
	enum type_kind kind;
	uint64_t flags;
	bool is_exact;

	if (!samples_kind(s, object, &kind, &is_exact))
		return false;
	if (kind == KIND_UNKNOWN || !is_exact)
		return true;
	if (kind == KIND_DICT)
		keep_dict(s, object);
	/* Types that are part of the program have no more than a PyTypeObject. */
	if (kind == KIND_TYPE &&
		(!probe_unsigned(s->probe, object, FIELD_type_flags, &flags) || !(flags & FLAG_HEAP)))
		return true;
	keep(s, kind, object);
	return true;
}

size_t samples_walk(struct samples *s, uint64_t head, enum field_id link, uint64_t flags, size_t most)
{
	const struct probe *p = s->probe;
	uint64_t at = head, size = p->fields[FIELD_sizeof_gc_head].size;
	enum type_kind kind;
	size_t count = 0;
	bool is_exact;

	while (count < most && probe_pointer(p, at, link, &at)) {
		at &= ~flags;
		if (at == head || !samples_kind(s, at + size, &kind, &is_exact))
			break;
		if (is_exact && !s->count[kind])
			s->is_tracked[kind] = true;
		samples_offer(s, at + size);
		count++;
	}
	return count;
}
