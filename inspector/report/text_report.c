#include "inspector/report/text.h"

#include "inspector/findings/findings.h"
#include "inspector/report/style.h"
#include "inspector/report/table.h"
#include "inspector/report/task_groups.h"
#include "inspector/report/task_table.h"

#include <stdio.h>
#include <string.h>

/* From so many tasks on they are shown by groups. */
#define GROUP_FROM 100
/* Columns of the first line before what stands at its right. */
#define HEAD_WIDTH 64

static void append_count(struct strbuf *s, size_t count, const char *what)
{
	strbuf_printf(s, ", %zu %s%s", count, what, count == 1 ? "" : "s");
}

/* How the target was read, when that is worth a word. */
static void print_reading(const struct target *t, size_t used)
{
	if (target_kind(t) == TARGET_CORE)
		return;
	if (used < HEAD_WIDTH)
		printf("%*s", (int)(HEAD_WIDTH - used), "");
	if (target_tracer(t))
		printf("  read while process %d traces it", (int)target_tracer(t));
	else if (target_stopped_ms(t) > 0)
		printf("  stopped for %.1f ms", target_stopped_ms(t));
	else
		printf("  read without stopping it");
}

static void print_head(const struct view *view)
{
	const struct asyncio *a = view->model->asyncio;
	const struct target *t = view->py->target;
	struct strbuf s = STRBUF_INIT;

	strbuf_printf(&s, "Python %s, ", view->py->version);
	if (target_core_path(t))
		strbuf_printf(&s, "%s of ", target_core_path(t));
	strbuf_printf(&s, "pid %d", (int)target_pid(t));
	if (target_namespace_pid(t))
		strbuf_printf(&s, " (%d in its container)", (int)target_namespace_pid(t));
	append_count(&s, a->threads.count, "thread");
	append_count(&s, a->loop_count, "loop");
	append_count(&s, a->task_count, "task");
	style_print(view, STYLE_HEADING, strbuf_text(&s), 0);
	print_reading(t, style_width(strbuf_text(&s)));
	putchar('\n');
	strbuf_deinit(&s);
}

/* The rule, how many cases there are, and what to do: once for all findings of it. */
static void print_rule(const struct view *view, size_t first, size_t end)
{
	const struct finding *finding = &view->model->findings[first];
	struct strbuf rule = STRBUF_INIT;
	size_t cases = 0;

	for (size_t i = first; i < end; i++)
		cases += view->model->findings[i].cases;
	for (const char *c = finding->rule; *c; c++)
		strbuf_append_char(&rule, *c == '-' ? ' ' : *c);
	if (cases > 1)
		strbuf_printf(&rule, " (%zu)", cases);
	style_print(view, style_of_severity(finding->severity), strbuf_text(&rule), 0);
	printf("  ");
	style_print(view, STYLE_DIM, finding->advice, 0);
	putchar('\n');
	strbuf_deinit(&rule);
}

static void print_finding(const struct view *view, const struct finding *finding)
{
	printf("    ");
	style_print(view, STYLE_NAME, finding->title, 0);
	putchar('\n');
	for (size_t i = 0; i < finding->evidence_count; i++) {
		printf("        ");
		style_print(view, STYLE_PLAIN, finding->evidence[i], 0);
		putchar('\n');
	}
}

static void print_findings(const struct view *view)
{
	const struct model *model = view->model;
	size_t at = 0;

	style_heading(view, "FINDINGS");
	if (!model->finding_count)
		puts("none");
	while (at < model->finding_count) {
		size_t end = at;

		while (end < model->finding_count &&
			strcmp(model->findings[end].rule, model->findings[at].rule) == 0)
			end++;
		print_rule(view, at, end);
		for (; at < end; at++)
			print_finding(view, &model->findings[at]);
	}
}

static void print_loop(struct table *table, const struct view *view, size_t i)
{
	const struct asyncio *a = view->model->asyncio;
	const struct loop *loop = &a->loops[i];
	const struct pythread *thread = loop->thread == SIZE_MAX ? NULL : &a->threads.threads[loop->thread];
	const struct path *path = view->model->loops && view->model->loops[i].path_count
					  ? &view->model->loops[i].paths[0]
					  : NULL;

	table_add_row(table);
	table_set_format(table, 0, "0x%llx", (unsigned long long)loop->address);
	table_set(table, 1, loop_doing_name(loop->doing));
	if (thread && thread->name)
		table_set(table, 2, thread->name);
	else if (thread)
		table_set_format(table, 2, "%llu", (unsigned long long)thread->native_id);
	if (loop->ready >= 0)
		table_set_format(table, 3, "%lld", (long long)loop->ready);
	if (loop->scheduled >= 0)
		table_set_format(table, 4, "%lld", (long long)loop->scheduled);
	table_set(table, 5, loop->type_name);
	if (path && !thread)
		table_set(table, 6, path->text);
}

/* Of a running loop everybody knows who holds it: the last column is for the others. */
static void print_loops(const struct view *view)
{
	static const char *const titles[] = {"LOOP", "DOING", "THREAD", "READY", "TIMERS", "TYPE", "HELD BY"};
	const struct asyncio *a = view->model->asyncio;
	struct table *table;
	size_t idle = 0;

	if (!a->loop_count)
		return;
	for (size_t i = 0; i < a->loop_count; i++)
		idle += a->loops[i].thread == SIZE_MAX;
	style_heading(view, "LOOPS");
	table = table_create(view);
	for (size_t i = 0; i < (idle ? 7 : 6); i++)
		table_add_column(table, titles[i],
			i == 3 || i == 4 ? COLUMN_NUMBER
			: i > 4		 ? COLUMN_CUT
					 : COLUMN_TEXT);
	for (size_t i = 0; i < a->loop_count; i++)
		print_loop(table, view, i);
	table_print(table);
}

void text_report(const struct view *view)
{
	const struct asyncio *a = view->model->asyncio;

	print_head(view);
	if (!a->is_imported)
		puts("The program has not imported asyncio.");
	print_findings(view);
	print_loops(view);
	if (a->task_count)
		style_heading(view, "TASKS");
	if (a->task_count >= GROUP_FROM)
		task_groups_print(view);
	else if (a->task_count)
		task_table_print(view);
}
