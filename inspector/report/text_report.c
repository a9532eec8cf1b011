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
/* The width of the rules' names in the list of findings. */
#define RULE_WIDTH 28

static void append_count(struct strbuf *s, size_t count, const char *what)
{
	strbuf_printf(s, ", %zu %s%s", count, what, count == 1 ? "" : "s");
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
	append_count(&s, a->threads.count, "thread");
	append_count(&s, a->loop_count, "loop");
	append_count(&s, a->task_count, "task");
	style_print(view, STYLE_HEADING, strbuf_text(&s), 64);
	if (target_kind(t) == TARGET_LIVE && target_tracer(t))
		printf("  read while process %d traces it", (int)target_tracer(t));
	else if (target_kind(t) == TARGET_LIVE && target_stopped_ms(t) > 0)
		printf("  stopped for %.1f ms", target_stopped_ms(t));
	putchar('\n');
	strbuf_deinit(&s);
}

static enum style severity_style(enum severity severity)
{
	return severity == SEVERITY_ERROR     ? STYLE_ERROR
	       : severity == SEVERITY_WARNING ? STYLE_WARNING
					      : STYLE_PLAIN;
}

static void print_finding(const struct view *view, const struct finding *finding)
{
	struct strbuf rule = STRBUF_INIT;

	for (const char *c = finding->rule; *c; c++)
		strbuf_append_char(&rule, *c == '-' ? ' ' : *c);
	style_print(view, severity_style(finding->severity), strbuf_text(&rule), RULE_WIDTH);
	style_print(view, STYLE_NAME, finding->title, 0);
	putchar('\n');
	for (size_t i = 0; i < finding->evidence_count; i++) {
		printf("%*s", RULE_WIDTH, "");
		style_print(view, STYLE_PLAIN, finding->evidence[i], 0);
		putchar('\n');
	}
	strbuf_deinit(&rule);
}

/* The advice of a rule once, after its last finding. */
static void print_findings(const struct view *view)
{
	const struct model *model = view->model;

	style_heading(view, "FINDINGS");
	if (!model->finding_count)
		puts("none");
	for (size_t i = 0; i < model->finding_count; i++) {
		const struct finding *finding = &model->findings[i];
		bool is_last = i + 1 == model->finding_count ||
			       strcmp(model->findings[i + 1].rule, finding->rule) != 0;

		print_finding(view, finding);
		if (is_last && finding->advice[0]) {
			printf("%*s", RULE_WIDTH, "");
			style_print(view, STYLE_DIM, finding->advice, 0);
			putchar('\n');
		}
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
	putchar('\n');
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
	if (a->task_count >= GROUP_FROM) {
		style_heading(view, "TASKS");
		task_groups_print(view);
	} else if (a->task_count) {
		putchar('\n');
		task_table_print(view);
	}
}
