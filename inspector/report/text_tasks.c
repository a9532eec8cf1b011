#include "inspector/report/text.h"

#include "inspector/report/style.h"
#include "inspector/report/table.h"
#include "inspector/report/task_table.h"

#include <stdio.h>
#include <string.h>

enum {
	COLUMN_TASK,
	COLUMN_STATE,
	COLUMN_COROUTINE,
	COLUMN_PARKED,
	COLUMN_WAITS,
	COLUMN_WAKES,
	COLUMN_ADDRESS
};

static void add_task(struct table *table, const struct view *view, const struct task *task, bool with_wakes,
	bool with_address)
{
	table_add_row(table);
	table_set(table, COLUMN_TASK, task->name);
	table_set(table, COLUMN_STATE, style_task_state(task));
	table_set(table, COLUMN_COROUTINE, task->coroutine_qualname);
	table_set(table, COLUMN_PARKED, style_task_place(view, task));
	table_set(table, COLUMN_WAITS, style_waits(task));
	if (task->wait.kind != WAIT_NONE && with_wakes)
		table_set(table, COLUMN_WAKES,
			wake_class_text(&view->model->wakes.items[task - view->model->asyncio->tasks]));
	if (with_address)
		table_set_format(table, COLUMN_ADDRESS, "0x%llx", (unsigned long long)task->address);
}

void task_table_print(const struct view *view)
{
	const struct asyncio *a = view->model->asyncio;
	struct table *table = table_create(view);
	bool with_wakes = view_shows_wakes(view), with_address = style_names_repeat(a);

	table_add_column(table, "TASK", COLUMN_TEXT);
	table_add_column(table, "STATE", COLUMN_TEXT);
	table_add_column(table, "COROUTINE", COLUMN_CUT);
	table_add_column(table, "PARKED AT", COLUMN_CUT);
	table_add_column(table, "WAITS FOR", COLUMN_MAIN);
	table_add_column(table, "WAKES", COLUMN_TEXT);
	if (with_address)
		table_add_column(table, "ADDRESS", COLUMN_TEXT);
	for (size_t i = 0; i < a->task_count; i++)
		if (view_has_task(view, i))
			add_task(table, view, &a->tasks[i], with_wakes, with_address);
	table_print(table);
}

void text_tasks(const struct view *view)
{
	const struct asyncio *a = view->model->asyncio;

	if (!a->is_imported)
		puts("The program has not imported asyncio.");
	else if (!a->task_count)
		puts("There are no tasks.");
	else if (!view_has_some_task(view))
		puts("No task matches.");
	else
		task_table_print(view);
}
