#include "inspector/symbols/wanted.h"

#include "inspector/base/addrmap.h"
#include "inspector/base/alloc.h"
#include "inspector/symbols/member_path.h"

#include <stdlib.h>
#include <string.h>

/* Nobody asks for longer names. A hostile file may have one of megabytes. */
#define NAME_LENGTH_MAX 256

/* Different definitions of one name that are tried. */
#define DEFINITIONS_MAX 64

/* A question that mentions a name, and what the best definition of the name says. */
struct use {
	size_t query;
	struct type_answer best;
};

struct wanted_name {
	const char *text; /* not NUL-terminated; borrowed from a query */
	size_t length;
	struct use *uses; /* owned */
	size_t count, capacity;
	size_t answered; /* uses that best answers */
	size_t definitions;
};

struct wanted {
	const struct type_query *queries; /* borrowed */
	size_t query_count;
	struct wanted_name *names; /* owned */
	size_t name_count, name_capacity;
	uint32_t *slots; /* owned; index + 1 into names, 0 = free */
	size_t slot_count;
	struct addrmap seen;		  /* definitions that were tried, mixed with the name */
	struct type_answer *enum_answers; /* owned; by query; used where type is NULL */
	size_t enum_left;		  /* of those, not yet found */
};

/* Aliases: "a|b|c". An alias ends where alias_length says. */
static size_t alias_length(const char *alias)
{
	return strcspn(alias, "|");
}

static const char *next_alias(const char *alias)
{
	const char *bar = strchr(alias, '|');

	return bar ? bar + 1 : NULL;
}

static uint32_t hash_text(const char *text, size_t length)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * 16777619u;
	return hash ^ hash >> 15;
}

/* The slot of a name, or the free one where it belongs. */
static uint32_t *slot_of(const struct wanted *wanted, const char *text, size_t length)
{
	size_t slot = hash_text(text, length) & (wanted->slot_count - 1);

	while (wanted->slots[slot]) {
		const struct wanted_name *name = &wanted->names[wanted->slots[slot] - 1];

		if (name->length == length && !memcmp(name->text, text, length))
			break;
		slot = (slot + 1) & (wanted->slot_count - 1);
	}
	return &wanted->slots[slot];
}

static void add_use(struct wanted *wanted, const char *text, size_t length, size_t query)
{
	uint32_t *slot = slot_of(wanted, text, length);
	struct wanted_name *name;

	if (!*slot) {
		wanted->names = grow_array(wanted->names, &wanted->name_capacity, wanted->name_count + 1,
			sizeof(*wanted->names));
		wanted->names[wanted->name_count++] = (struct wanted_name){.text = text, .length = length};
		*slot = (uint32_t)wanted->name_count;
	}
	name = &wanted->names[*slot - 1];
	name->uses = grow_array(name->uses, &name->capacity, name->count + 1, sizeof(*name->uses));
	name->uses[name->count++] = (struct use){.query = query};
}

struct wanted *wanted_create(const struct type_query *queries, size_t count)
{
	struct wanted *wanted = xcalloc(1, sizeof(*wanted));
	size_t aliases = 0;

	wanted->queries = queries;
	wanted->query_count = count;
	wanted->enum_answers = xcalloc(count, sizeof(*wanted->enum_answers));
	for (size_t i = 0; i < count; i++) {
		for (const char *text = queries[i].type; text; text = next_alias(text))
			aliases++;
		wanted->enum_left += !queries[i].type && queries[i].kind == QUERY_ENUMERATOR;
	}
	for (wanted->slot_count = 64; wanted->slot_count < aliases * 2;)
		wanted->slot_count *= 2;
	wanted->slots = xcalloc(wanted->slot_count, sizeof(*wanted->slots));
	for (size_t i = 0; i < count; i++) {
		for (const char *text = queries[i].type; text; text = next_alias(text))
			add_use(wanted, text, alias_length(text), i);
	}
	return wanted;
}

void wanted_destroy(struct wanted *wanted)
{
	if (!wanted)
		return;
	for (size_t i = 0; i < wanted->name_count; i++)
		free(wanted->names[i].uses);
	free(wanted->names);
	free(wanted->slots);
	free(wanted->enum_answers);
	addrmap_deinit(&wanted->seen);
	free(wanted);
}

struct wanted_name *wanted_find(struct wanted *wanted, const char *text)
{
	size_t length = strnlen(text, NAME_LENGTH_MAX);
	uint32_t slot = length < NAME_LENGTH_MAX ? *slot_of(wanted, text, length) : 0;
	struct wanted_name *name = slot ? &wanted->names[slot - 1] : NULL;

	return name && name->answered < name->count ? name : NULL;
}

bool wanted_is_new(struct wanted *wanted, struct wanted_name *name, uint64_t definition)
{
	uint64_t index = (uint64_t)(name - wanted->names);

	/* UINT64_MAX is no valid key. */
	if (name->definitions >= DEFINITIONS_MAX ||
		!addrmap_put(&wanted->seen, (definition ^ index << 48) & INT64_MAX, 0))
		return false;
	name->definitions++;
	return true;
}

static bool answer_enumerator(
	const struct type *type, const char *member, size_t length, struct type_answer *answer)
{
	for (size_t i = 0; i < type->count; i++) {
		if (strncmp(type->enumerators[i].name, member, length) || type->enumerators[i].name[length])
			continue;
		*answer = (struct type_answer){.is_found = true, .value = type->enumerators[i].value};
		return true;
	}
	return false;
}

/* What one definition says to one question. */
static bool answer_query(const struct type_query *query, struct type_table *table, const struct type *type,
	struct type_answer *answer)
{
	uint64_t size;

	if (query->kind == QUERY_SIZEOF) {
		if (!type_size(table, type, &size) || size > TYPE_SIZE_MAX)
			return false;
		*answer = (struct type_answer){.is_found = true, .size = (uint32_t)size};
		return true;
	}
	for (const char *text = query->member; text; text = next_alias(text)) {
		if (query->kind == QUERY_ENUMERATOR) {
			if (type->form == TYPE_ENUM && type_table_spend(table, type->count) &&
				answer_enumerator(type, text, alias_length(text), answer))
				return true;
		} else if (member_path_find(table, type, query->kind, text, alias_length(text), answer)) {
			return true;
		}
	}
	return false;
}

void wanted_try(
	struct wanted *wanted, struct wanted_name *name, struct type_table *table, const struct type *type)
{
	struct type_answer *answers = xcalloc(name->count, sizeof(*answers));
	size_t answered = 0;

	for (size_t i = 0; i < name->count; i++)
		answered += answer_query(&wanted->queries[name->uses[i].query], table, type, &answers[i]);
	if (answered > name->answered) {
		name->answered = answered;
		for (size_t i = 0; i < name->count; i++)
			name->uses[i].best = answers[i];
	}
	free(answers);
}

bool wanted_any_enum(const struct wanted *wanted)
{
	return wanted->enum_left;
}

void wanted_try_enum(struct wanted *wanted, const struct type *type)
{
	if (type->form != TYPE_ENUM)
		return;
	for (size_t i = 0; i < wanted->query_count && wanted->enum_left; i++) {
		const struct type_query *query = &wanted->queries[i];
		struct type_answer *answer = &wanted->enum_answers[i];

		if (query->type || query->kind != QUERY_ENUMERATOR || answer->is_found)
			continue;
		for (const char *text = query->member; text; text = next_alias(text)) {
			if (!answer->is_found && answer_enumerator(type, text, alias_length(text), answer))
				wanted->enum_left--;
		}
	}
}

/* By order of preference among a question's type names. */
static struct type_answer answer_of(const struct wanted *wanted, size_t query)
{
	for (const char *text = wanted->queries[query].type; text; text = next_alias(text)) {
		const struct wanted_name *name =
			&wanted->names[*slot_of(wanted, text, alias_length(text)) - 1];

		for (size_t i = 0; i < name->count; i++) {
			if (name->uses[i].query == query && name->uses[i].best.is_found)
				return name->uses[i].best;
		}
	}
	return wanted->enum_answers[query];
}

void wanted_answers(const struct wanted *wanted, struct type_answer *answers)
{
	for (size_t i = 0; i < wanted->query_count; i++)
		answers[i] = answer_of(wanted, i);
}
