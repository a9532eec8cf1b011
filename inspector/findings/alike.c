#include "inspector/findings/alike.h"

#include "inspector/findings/place.h"

#include <stdlib.h>
#include <string.h>

/* Holders that are named in one finding. */
#define EXAMPLES 3

/* A path with what is in square brackets left out: what two alike have in common. */
static char *pattern_of(const char *path)
{
	struct strbuf s = STRBUF_INIT;
	int depth = 0;

	for (; *path; path++) {
		if (*path == ']' && depth)
			depth--;
		if (!depth)
			strbuf_append_char(&s, *path);
		if (*path == '[')
			depth++;
	}
	return strbuf_steal(&s);
}

struct member {
	size_t orphan;
	const char *qualname, *file, *path;
	char *pattern; /* owned */
};

static const char *first_path(const struct orphan *orphan)
{
	if (orphan->retention.path_count)
		return orphan->retention.paths[0].text;
	return orphan->retention.is_garbage ? "garbage only, which the collector has not freed" : "unknown";
}

/* Alike ones stand together, in the order in which people count: [2] before [10]. */
static int by_likeness(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = strcmp(x->qualname, y->qualname);

	if (!order)
		order = strcmp(x->file, y->file);
	if (!order)
		order = strcmp(x->pattern, y->pattern);
	if (!order)
		order = strverscmp(x->path, y->path);
	return order ? order : x->orphan < y->orphan ? -1 : x->orphan > y->orphan;
}

static bool are_alike(const struct member *x, const struct member *y)
{
	return !strcmp(x->qualname, y->qualname) && !strcmp(x->file, y->file) &&
	       !strcmp(x->pattern, y->pattern);
}

/* Bytes of a title: it is one line. */
#define TITLE_LIMIT 100

/* Cuts a UTF-8 text at a character. */
static void cut(struct strbuf *s, size_t limit)
{
	if (s->length <= limit)
		return;
	while (limit && ((unsigned char)s->text[limit] & 0xc0) == 0x80)
		limit--;
	s->length = limit;
	s->text[limit] = '\0';
	strbuf_append(s, "...");
}

static void append_call(const struct orphan *orphan, const struct coroutine *c, struct strbuf *s)
{
	const char *separator = "";

	strbuf_append_safe(s, c->qualname);
	strbuf_append_char(s, '(');
	for (size_t i = 0; i < orphan->argument_count; i++) {
		const struct argument *argument = &orphan->arguments[i];

		/* The qualified name has the class already. */
		if (i == 0 && strcmp(argument->name, "self") == 0)
			continue;
		strbuf_printf(s, "%s%s%s=", separator, argument->stars, argument->name);
		strbuf_append(s, argument->value);
		separator = ", ";
	}
	cut(s, TITLE_LIMIT);
	strbuf_append_char(s, ')');
}

static void add_place(struct model *model, struct finding *finding, const struct coroutine *c)
{
	const struct link *link = c->chain.count ? &c->chain.links[0] : NULL;

	if (!link || !link->has_frame)
		return;
	finding_evidence(model, finding,
		c->gen.state == GEN_CREATED ? "never started; defined at %s:%u"
					    : "started, then left at %s:%u",
		place_file(&model->facts, link->file), link->line);
}

static void add_creation(struct model *model, struct finding *finding, const struct orphan *orphan)
{
	const struct creation_frame *nearest = orphan->creation.frames;

	if (orphan->creation.count)
		finding_evidence(model, finding, "created at %s:%u in %s",
			place_file(&model->facts, nearest->file), nearest->line, nearest->qualname);
}

static void add_holders(
	struct model *model, struct finding *finding, const struct member *members, size_t count)
{
	if (count > EXAMPLES) {
		finding_evidence(
			model, finding, "held by %s ... %s", members[0].path, members[count - 1].path);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const struct retention *r = &model->orphans[members[i].orphan].retention;
		size_t more = r->holder_count > 1 ? r->holder_count - 1 : 0;

		if (more)
			finding_evidence(model, finding, "held by %s, and %zu other holder%s",
				members[i].path, more, more == 1 ? "" : "s");
		else
			finding_evidence(model, finding, "held by %s", members[i].path);
	}
}

static void add_group(struct model *model, const char *rule, enum severity severity,
	const struct member *members, size_t count, const char *advice)
{
	const struct orphan *orphan = &model->orphans[members[0].orphan];
	const struct coroutine *c = &model->asyncio->coroutines[orphan->coroutine];
	struct strbuf call = STRBUF_INIT;
	struct finding *finding;

	append_call(orphan, c, &call);
	if (count > 1)
		strbuf_printf(&call, " and %zu more like it", count - 1);
	finding = finding_add(model, rule, severity, "%s", strbuf_text(&call));
	finding->cases = count;
	for (size_t i = 0; i < count; i++)
		finding_object(model, finding,
			model->asyncio->coroutines[model->orphans[members[i].orphan].coroutine].gen.address);
	add_place(model, finding, c);
	add_creation(model, finding, orphan);
	add_holders(model, finding, members, count);
	finding->advice = advice;
	strbuf_deinit(&call);
}

void findings_of_orphans(struct model *model, const char *rule, enum severity severity,
	orphan_filter_fn filter, const void *context, const char *advice)
{
	struct member *members = xcalloc(model->orphan_count, sizeof(*members));
	size_t count = 0;

	for (size_t i = 0; i < model->orphan_count; i++) {
		const struct orphan *orphan = &model->orphans[i];
		const struct coroutine *c = &model->asyncio->coroutines[orphan->coroutine];

		if (!filter(model, orphan, context))
			continue;
		members[count] = (struct member){.orphan = i, .qualname = c->qualname, .file = ""};
		if (c->chain.count && c->chain.links[0].file)
			members[count].file = c->chain.links[0].file;
		members[count].path = first_path(orphan);
		members[count++].pattern = pattern_of(first_path(orphan));
	}
	qsort(members, count, sizeof(*members), by_likeness);
	for (size_t at = 0; at < count;) {
		size_t end = at + 1;

		while (end < count && are_alike(&members[at], &members[end]))
			end++;
		add_group(model, rule, severity, &members[at], end - at, advice);
		at = end;
	}
	for (size_t i = 0; i < count; i++)
		free(members[i].pattern);
	free(members);
}
