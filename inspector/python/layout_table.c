#include "inspector/python/layout_table.h"

#include "inspector/python/python.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC		"asyncinspect-layout 1"
#define LINE_MAX_LENGTH 160
#define WORDS_MAX	7
/* No struct of CPython is larger (_PyRuntime is not far from 1 MiB). */
#define NUMBER_MAX ((uint64_t)16 << 20)

static const struct layout_type types[] = {
#define TYPE(symbol, module, attribute, instance) {symbol, module, attribute, instance},
#include "inspector/python/layout_types.def"
#undef TYPE
};

#define TYPE_COUNT (sizeof(types) / sizeof(types[0]))
_Static_assert(TYPE_COUNT <= LAYOUT_TYPES_MAX, "raise LAYOUT_TYPES_MAX");

const struct layout_type *layout_type_at(size_t i)
{
	return i < TYPE_COUNT ? &types[i] : NULL;
}

/* How a type is called in the text: by its symbol, or by where it is imported from. */
static void type_label(const struct layout_type *type, char *label, size_t size)
{
	if (type->symbol)
		snprintf(label, size, "%s", type->symbol);
	else
		snprintf(label, size, "%s.%s", type->module, type->attribute);
}

static size_t print_types(const struct layout_table *table, struct strbuf *out)
{
	size_t lines = 0;

	for (size_t i = 0; i < TYPE_COUNT; i++) {
		const struct type_facts *facts = &table->types[i];
		char label[96];

		if (!facts->is_known)
			continue;
		type_label(&types[i], label, sizeof(label));
		strbuf_printf(out, "type %s %" PRIu32 " %" PRIu32 " %s\n", label, facts->basicsize,
			facts->itemsize, facts->name);
		lines++;
	}
	return lines;
}

static void print_field(const struct field_description *d, const struct field *field, struct strbuf *out)
{
	strbuf_printf(out, "%s %s ", d->kind, d->id);
	if (strcmp(d->kind, "member") == 0)
		strbuf_printf(out, "%" PRIu32 " ", field->offset);
	if (strcmp(d->kind, "constant") == 0)
		strbuf_printf(out, "%" PRId64, field->value);
	else
		strbuf_printf(out, "%" PRIu32, field->size);
	if (field->bits)
		strbuf_printf(out, " %u %u", field->bit, field->bits);
	strbuf_append_char(out, '\n');
}

void layout_table_print(const struct layout_table *table, struct strbuf *out)
{
	char version[sizeof(table->version)];
	size_t lines = 4;

	python_format_version(table->hexversion, version, sizeof(version));
	strbuf_printf(out, MAGIC "\npython %s %08" PRIx32 "\nbuild x86_64 %s\nruntime %" PRIu64 "\n", version,
		table->hexversion, table->is_debug ? "debug" : "release", table->runtime_size);
	lines += print_types(table, out);
	for (int id = 0; id < FIELD_COUNT; id++) {
		if (table->fields[id].offset == NO_OFFSET)
			continue;
		print_field(layout_describe(id), &table->fields[id], out);
		lines++;
	}
	strbuf_printf(out, "end %zu\n", lines);
}

struct reader {
	const char *at, *end;
	size_t line; /* number of the one in words */
	char text[LINE_MAX_LENGTH];
	const char *words[WORDS_MAX];
	size_t count;
	int next_field;
	size_t next_type;
};

static bool bad_line(const struct reader *r, struct error *err)
{
	return error_set(err, ERROR_CORRUPT, "line %zu of a table of layouts is not understood", r->line);
}

/* Words are separated by one blank each; nothing else is white. */
static bool read_line(struct reader *r, struct error *err)
{
	size_t left = (size_t)(r->end - r->at);
	const char *newline = left ? memchr(r->at, '\n', left) : NULL;
	size_t length = newline ? (size_t)(newline - r->at) : 0;
	char *word = r->text;

	r->line++;
	r->count = 0;
	if (!newline || length >= sizeof(r->text) || memchr(r->at, '\0', length))
		return bad_line(r, err);
	memcpy(r->text, r->at, length);
	r->text[length] = '\0';
	r->at = newline + 1;
	for (;;) {
		char *blank = strchr(word, ' ');

		if (!*word || word == blank || r->count == WORDS_MAX)
			return bad_line(r, err);
		r->words[r->count++] = word;
		if (!blank)
			return true;
		*blank = '\0';
		word = blank + 1;
	}
}

/* Decimal, or hexadecimal of 8 digits, as printed: no sign, no leading zeros but those of the latter. */
static bool parse_number(const char *word, uint64_t most, uint64_t *number)
{
	size_t length = strlen(word);

	if (!length || length > 18 || word[strspn(word, "0123456789")] || (length > 1 && word[0] == '0'))
		return false;
	*number = strtoull(word, NULL, 10);
	return *number <= most;
}

static bool parse_size(const char *word, uint32_t *size)
{
	uint64_t number;

	if (!parse_number(word, NUMBER_MAX, &number))
		return false;
	*size = (uint32_t)number;
	return true;
}

static bool parse_value(const char *word, int64_t *value)
{
	uint64_t number;

	if (!parse_number(word + (*word == '-'), INT32_MAX, &number))
		return false;
	*value = *word == '-' ? -(int64_t)number : (int64_t)number;
	return true;
}

static bool parse_head(struct reader *r, struct layout_table *table, struct error *err)
{
	if (!read_line(r, err) || r->count != 2 || strcmp(r->words[0], "asyncinspect-layout") ||
		strcmp(r->words[1], "1"))
		return bad_line(r, err);
	if (!read_line(r, err) || r->count != 3 || strcmp(r->words[0], "python") ||
		strlen(r->words[1]) >= sizeof(table->version) || strlen(r->words[2]) != 8 ||
		r->words[2][strspn(r->words[2], "0123456789abcdef")])
		return bad_line(r, err);
	strcpy(table->version, r->words[1]);
	table->hexversion = (uint32_t)strtoul(r->words[2], NULL, 16);
	if (!read_line(r, err) || r->count != 3 || strcmp(r->words[0], "build") ||
		strcmp(r->words[1], "x86_64") ||
		(strcmp(r->words[2], "release") && strcmp(r->words[2], "debug")))
		return bad_line(r, err);
	table->is_debug = strcmp(r->words[2], "debug") == 0;
	if (!read_line(r, err) || r->count != 2 || strcmp(r->words[0], "runtime") ||
		!parse_number(r->words[1], NUMBER_MAX, &table->runtime_size))
		return bad_line(r, err);
	return true;
}

static bool parse_type(struct reader *r, struct layout_table *table, struct error *err)
{
	for (; r->next_type < TYPE_COUNT; r->next_type++) {
		struct type_facts *facts = &table->types[r->next_type];
		char label[96];

		type_label(&types[r->next_type], label, sizeof(label));
		if (strcmp(label, r->words[1]) != 0)
			continue;
		r->next_type++;
		if (!parse_size(r->words[2], &facts->basicsize) ||
			!parse_size(r->words[3], &facts->itemsize) ||
			strlen(r->words[4]) >= sizeof(facts->name))
			break;
		strcpy(facts->name, r->words[4]);
		facts->is_known = true;
		return true;
	}
	return bad_line(r, err);
}

static bool parse_values(const struct reader *r, struct field *field)
{
	uint32_t bit = 0, bits = 0;

	if (strcmp(r->words[0], "constant") == 0)
		return r->count == 3 && parse_value(r->words[2], &field->value);
	if (strcmp(r->words[0], "member") != 0)
		return r->count == 3 && parse_size(r->words[2], &field->size) && field->size;
	if ((r->count != 4 && r->count != 6) || !parse_size(r->words[2], &field->offset) ||
		!parse_size(r->words[3], &field->size))
		return false;
	if (r->count == 6 && (!parse_size(r->words[4], &bit) || !parse_size(r->words[5], &bits) || !bits ||
				     bit > 63 || bits > 64 - bit))
		return false;
	field->bit = (uint8_t)bit;
	field->bits = (uint8_t)bits;
	return true;
}

static bool parse_field(struct reader *r, struct layout_table *table, struct error *err)
{
	for (; r->next_field < FIELD_COUNT; r->next_field++) {
		const struct field_description *d = layout_describe(r->next_field);
		struct field field = {.offset = 0, .source = SOURCE_BUILT_IN};

		if (strcmp(d->kind, r->words[0]) != 0 || strcmp(d->id, r->words[1]) != 0)
			continue;
		if (!parse_values(r, &field))
			break;
		table->fields[r->next_field++] = field;
		return true;
	}
	return bad_line(r, err);
}

bool layout_table_parse(
	const char *text, size_t length, struct layout_table *table, size_t *used, struct error *err)
{
	struct reader r = {.at = text, .end = text + length};

	memset(table, 0, sizeof(*table));
	for (int id = 0; id < FIELD_COUNT; id++)
		table->fields[id] = (struct field){.offset = NO_OFFSET};
	if (!parse_head(&r, table, err))
		return false;
	for (;;) {
		uint64_t lines;

		if (!read_line(&r, err))
			return false;
		if (r.count == 2 && strcmp(r.words[0], "end") == 0) {
			if (!parse_number(r.words[1], NUMBER_MAX, &lines) || lines != r.line - 1)
				return bad_line(&r, err);
			break;
		}
		if (r.count < 3)
			return bad_line(&r, err);
		if (strcmp(r.words[0], "type") == 0 ? r.count != 5 || !parse_type(&r, table, err)
						    : !parse_field(&r, table, err))
			return bad_line(&r, err);
	}
	if (used)
		*used = (size_t)(r.at - text);
	return true;
}
