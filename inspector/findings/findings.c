#include "inspector/findings/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct rule rules[] = {
	{"never-awaited", rule_never_awaited},
	{"abandoned-coroutine", rule_abandoned_coroutine},
	{"unfinished-async-generator", rule_unfinished_async_generator},
	{"unreferenced-task", rule_unreferenced_task},
	{"unawaited-gather", rule_unawaited_gather},
	{"unretrieved-exception", rule_unretrieved_exception},
	{"wrong-loop", rule_wrong_loop},
	{"blocked-loop", rule_blocked_loop},
	{"pending-on-closed-loop", rule_pending_on_closed_loop},
	{"scheduled-on-stopped-loop", rule_scheduled_on_stopped_loop},
	{"deadlock", rule_deadlock},
	{"await-cycle", rule_await_cycle},
	{"missed-wakeup", rule_missed_wakeup},
	{"stuck-join", rule_stuck_join},
	{"never-wakes", rule_never_wakes},
	{"ignored-cancel", rule_ignored_cancel},
	{"reused-coroutine", rule_reused_coroutine},
	{"warnings-suppressed", rule_warnings_suppressed},
	{NULL, NULL},
};

_Static_assert(sizeof(rules) / sizeof(rules[0]) <= 65, "a rule needs a bit");

const char *severity_name(enum severity severity)
{
	static const char *const names[] = {"info", "warning", "error"};

	return names[severity];
}

static char *format_text(struct model *model, const char *format, va_list args)
{
	va_list again;
	char *text;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		length = 0;
	text = arena_alloc(model->py->arena, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, args);
	return text;
}

struct finding *finding_add(
	struct model *model, const char *rule, enum severity severity, const char *title_format, ...)
{
	struct finding *finding;
	va_list args;

	model->findings = xrealloc(model->findings, (model->finding_count + 1) * sizeof(*model->findings));
	finding = &model->findings[model->finding_count++];
	*finding = (struct finding){.rule = rule, .severity = severity, .cases = 1, .advice = ""};
	va_start(args, title_format);
	finding->title = format_text(model, title_format, args);
	va_end(args);
	return finding;
}

/* An array in the arena that doubles: what it outgrows is little. */
static void *arena_grow(struct model *model, void *array, size_t count, size_t size)
{
	void *grown;

	if (count & (count - 1) || (count == 0 && array))
		return array;
	grown = arena_alloc(model->py->arena, (count ? 2 * count : 1) * size);
	if (count)
		memcpy(grown, array, count * size);
	return grown;
}

void finding_object(struct model *model, struct finding *finding, uint64_t object)
{
	finding->objects =
		arena_grow(model, finding->objects, finding->object_count, sizeof(*finding->objects));
	finding->objects[finding->object_count++] = object;
}

void finding_evidence(struct model *model, struct finding *finding, const char *format, ...)
{
	va_list args;

	finding->evidence =
		arena_grow(model, finding->evidence, finding->evidence_count, sizeof(*finding->evidence));
	va_start(args, format);
	finding->evidence[finding->evidence_count++] = format_text(model, format, args);
	va_end(args);
}

static void sort_worst_first(struct model *model)
{
	struct finding *sorted = xcalloc(model->finding_count, sizeof(*sorted));
	size_t count = 0;

	for (int severity = SEVERITY_ERROR; severity >= SEVERITY_INFO; severity--)
		for (size_t i = 0; i < model->finding_count; i++)
			if (model->findings[i].severity == (enum severity)severity)
				sorted[count++] = model->findings[i];
	free(model->findings);
	model->findings = sorted;
}

static bool is_wanted(const struct finding *finding, uint64_t wanted)
{
	for (const struct rule *rule = rules; rule->name; rule++)
		if (strcmp(rule->name, finding->rule) == 0)
			return wanted >> (rule - rules) & 1;
	return false;
}

static void keep_wanted(struct model *model, uint64_t wanted)
{
	size_t kept = 0;

	for (size_t i = 0; i < model->finding_count; i++)
		if (is_wanted(&model->findings[i], wanted))
			model->findings[kept++] = model->findings[i];
	model->finding_count = kept;
}

/* All rules run, whichever are wanted: some say what others have not said already. */
void findings_run(struct model *model, uint64_t wanted)
{
	model->has_findings = true;
	for (const struct rule *rule = rules; rule->name; rule++)
		rule->run(model);
	if (wanted)
		keep_wanted(model, wanted);
	sort_worst_first(model);
}
