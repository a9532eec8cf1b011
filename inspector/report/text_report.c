#include "inspector/report/text.h"

#include "inspector/report/finding_list.h"
#include "inspector/report/page.h"
#include "inspector/report/table.h"
#include "inspector/report/task_looks.h"

#include <stdio.h>
#include <string.h>

/* Rows of tasks. */
#define ROWS_MOST  40
#define ROWS_LEAST 5
/* Loops, where each has a line. */
#define LOOPS_SHOWN 4
/* Degrees of detail of the page. */
#define DETAILS 3
/* Columns of the first line before what stands at its right. */
#define HEAD_WIDTH 64

static void append_count(struct strbuf *s, size_t count, const char *what)
{
	strbuf_printf(s, ", %zu %s%s", count, what, count == 1 ? "" : "s");
}

/* How the target was read, when that is worth a word; at the right. */
static void print_reading(const struct view *view, size_t used)
{
	const struct target *t = view->py->target;
	size_t room = view->is_terminal && view->width ? view->width : SIZE_MAX, start = HEAD_WIDTH;
	char text[64];

	if (target_kind(t) == TARGET_CORE)
		return;
	if (target_tracer(t))
		snprintf(text, sizeof(text), "read while process %d traces it", (int)target_tracer(t));
	else if (target_stopped_ms(t) > 0)
		snprintf(text, sizeof(text), "stopped for %.1f ms", target_stopped_ms(t));
	else
		snprintf(text, sizeof(text), "read without stopping it");
	if (start + 2 + strlen(text) > room)
		start = room > 2 + strlen(text) ? room - 2 - strlen(text) : 0;
	printf("%*s  %s", used < start ? (int)(start - used) : 0, "", text);
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
	print_reading(view, style_width(strbuf_text(&s)));
	putchar('\n');
	strbuf_deinit(&s);
}

/* Rule by rule, with what to do; or, in short, each beside its rule. */
static void print_findings(const struct view *view, unsigned detail)
{
	style_heading(view, "FINDINGS");
	if (!view->model->finding_count)
		puts("none");
	else
		finding_list_print(view, detail);
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

/* "loop 0x7f7aa06be850 polling in MainThread, 0 ready, 1 timer". */
static void print_loop_lines(const struct view *view)
{
	const struct asyncio *a = view->model->asyncio;
	struct strbuf s = STRBUF_INIT;

	for (size_t i = 0; i < a->loop_count && i < LOOPS_SHOWN; i++) {
		const struct loop *loop = &a->loops[i];
		const struct pythread *thread =
			loop->thread == SIZE_MAX ? NULL : &a->threads.threads[loop->thread];

		strbuf_reset(&s);
		strbuf_printf(&s, "loop 0x%llx %s", (unsigned long long)loop->address,
			loop_doing_name(loop->doing));
		if (thread && thread->name)
			strbuf_printf(&s, " in %s", thread->name);
		if (loop->ready >= 0)
			strbuf_printf(&s, ", %lld ready", (long long)loop->ready);
		if (loop->scheduled >= 0)
			strbuf_printf(&s, ", %lld timer%s", (long long)loop->scheduled,
				loop->scheduled == 1 ? "" : "s");
		page_text(view, 0, 0, STYLE_PLAIN, strbuf_text(&s), true);
	}
	if (a->loop_count > LOOPS_SHOWN)
		printf("and %zu more loops: asyncinspect loops\n", a->loop_count - LOOPS_SHOWN);
	strbuf_deinit(&s);
}

/* Rows of tasks that fit below what stands above them (head, blank line and heading, findings; blank line,
 * heading and titles) and above the line that tells of the others. */
static size_t rows_left(size_t lines, const struct view *view)
{
	size_t loops = view->model->asyncio->loop_count, findings = finding_list_lines(view->model);
	size_t above =
		3 + (findings ? findings : 1) + 3 + 1 + (loops > LOOPS_SHOWN ? LOOPS_SHOWN + 1 : loops);

	return lines == SIZE_MAX ? ROWS_MOST : lines > above + ROWS_LEAST ? lines - above : ROWS_LEAST;
}

static void print_page(const struct view *view, unsigned detail, size_t lines)
{
	const struct asyncio *a = view->model->asyncio;

	print_head(view);
	if (!a->is_imported)
		puts("The program has not imported asyncio.");
	if (detail)
		print_loop_lines(view);
	if (view->show & SHOW_FINDINGS)
		print_findings(view, detail);
	if (!detail)
		print_loops(view);
	if (a->task_count) {
		style_heading(view, "TASKS");
		task_looks_print(view, detail + 1 == DETAILS ? rows_left(lines, view) : ROWS_MOST);
	}
}

void text_report(const struct view *view)
{
	page_print(view, DETAILS, print_page);
}
