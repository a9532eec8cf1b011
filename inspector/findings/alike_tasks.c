#include "inspector/findings/alike_tasks.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Tasks of a group that are named. */
#define NAMES_MOST 5

const char *task_label(const struct model *model, const struct task *task)
{
	return arena_printf(model->py->arena, "task '%s' (%s)", task->name,
		task->coroutine_qualname ? task->coroutine_qualname : "?");
}

static const char *format_text(struct model *model, const char *format, va_list args)
{
	char *text = NULL;
	const char *kept;

	if (vasprintf(&text, format, args) < 0)
		return "";
	kept = arena_strdup(model->py->arena, text);
	free(text);
	return kept;
}

struct alike_task *alike_add(struct alike_tasks *list, const struct task *task, enum severity severity,
	const char *key, const char *title_format, ...)
{
	struct alike_task *item;
	va_list args;

	list->items = grow_array(list->items, &list->capacity, list->count + 1, sizeof(*list->items));
	item = &list->items[list->count];
	*item = (struct alike_task){.task = task, .severity = severity, .key = key, .number = list->count};
	list->count++;
	va_start(args, title_format);
	item->title = format_text(list->model, title_format, args);
	va_end(args);
	return item;
}

void alike_evidence(struct alike_tasks *list, struct alike_task *item, const char *format, ...)
{
	va_list args;

	if (item->evidence_count == ALIKE_EVIDENCE_MAX)
		return;
	va_start(args, format);
	item->evidence[item->evidence_count++] = format_text(list->model, format, args);
	va_end(args);
}

static const char *qualname_of(const struct alike_task *item)
{
	return item->task->coroutine_qualname ? item->task->coroutine_qualname : "";
}

static int compare_groups(const struct alike_task *x, const struct alike_task *y)
{
	int order = (int)y->severity - (int)x->severity;

	if (!order)
		order = strcmp(qualname_of(x), qualname_of(y));
	return order ? order : strcmp(x->key, y->key);
}

static int by_group(const void *a, const void *b)
{
	const struct alike_task *x = a, *y = b;
	int order = compare_groups(x, y);

	return order ? order : x->number < y->number ? -1 : x->number > y->number;
}

static void name_some(
	struct model *model, struct finding *finding, const struct alike_task *first, size_t count)
{
	struct strbuf s = STRBUF_INIT;

	for (size_t i = 0; i < count && i < NAMES_MOST; i++)
		strbuf_printf(&s, "%s'%s'", i ? ", " : "", first[i].task->name);
	if (count > NAMES_MOST)
		strbuf_printf(&s, ", and %zu more", count - NAMES_MOST);
	finding_evidence(model, finding, "tasks: %s", strbuf_text(&s));
	strbuf_deinit(&s);
}

static void report_group(struct alike_tasks *list, const char *rule, bool is_inferred, const char *advice,
	const struct alike_task *first, size_t count)
{
	struct model *model = list->model;
	struct finding *finding;

	if (count > 1)
		finding = finding_add(
			model, rule, first->severity, "%s and %zu more like it", first->title, count - 1);
	else
		finding = finding_add(model, rule, first->severity, "%s", first->title);
	finding->is_inferred = is_inferred;
	finding->advice = advice;
	finding->cases = count;
	for (size_t i = 0; i < count; i++)
		finding_object(model, finding, first[i].task->address);
	for (size_t i = 0; i < first->evidence_count; i++)
		finding_evidence(model, finding, "%s", first->evidence[i]);
	if (count > 1)
		name_some(model, finding, first, count);
}

void alike_report(struct alike_tasks *list, const char *rule, bool is_inferred, const char *advice)
{
	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), by_group);
	for (size_t at = 0, end; at < list->count; at = end) {
		for (end = at + 1; end < list->count; end++)
			if (compare_groups(&list->items[at], &list->items[end]) != 0)
				break;
		report_group(list, rule, is_inferred, advice, &list->items[at], end - at);
	}
	free(list->items);
	*list = (struct alike_tasks){.model = list->model};
}
