#include "inspector/report/text.h"

#include "inspector/report/style.h"
#include "inspector/report/table.h"
#include "inspector/report/task_table.h"

#include <stdio.h>
#include <string.h>

enum { COLUMN_TASK, COLUMN_STATE, COLUMN_COROUTINE, COLUMN_PARKED, COLUMN_WAITS, COLUMN_ADDRESS };

static const char *state_text(const struct task *task)
{
	enum task_state state = task_state(task);

	if (state == TASK_PENDING && (task->is_current || task->chain.is_running))
		return "running";
	return task_state_name(state);
}

static void add_task(struct table *table, const struct view *view, const struct task *task, bool with_address)
{
	const struct link *parked = style_parked(&task->chain);

	table_add_row(table);
	table_set(table, COLUMN_TASK, task->name);
	table_set(table, COLUMN_STATE, state_text(task));
	table_set(table, COLUMN_COROUTINE, task->coroutine_qualname);
	if (parked)
		table_set_format(table, COLUMN_PARKED, "%s %s", style_place(view, parked), parked->qualname);
	if (task->wait.kind != WAIT_NONE)
		table_set(table, COLUMN_WAITS, task->wait.text);
	if (with_address)
		table_set_format(table, COLUMN_ADDRESS, "0x%llx", (unsigned long long)task->address);
}

/* Tasks are in the order of their names. */
static bool names_repeat(const struct asyncio *a)
{
	for (size_t i = 1; i < a->task_count; i++)
		if (strcmp(a->tasks[i - 1].name, a->tasks[i].name) == 0)
			return true;
	return false;
}

void task_table_print(const struct view *view)
{
	const struct asyncio *a = view->model->asyncio;
	struct table *table = table_create(view);
	bool with_address = names_repeat(a);

	table_add_column(table, "TASK", COLUMN_TEXT);
	table_add_column(table, "STATE", COLUMN_TEXT);
	table_add_column(table, "COROUTINE", COLUMN_CUT);
	table_add_column(table, "PARKED AT", COLUMN_CUT);
	table_add_column(table, "WAITS FOR", COLUMN_CUT);
	if (with_address)
		table_add_column(table, "ADDRESS", COLUMN_TEXT);
	for (size_t i = 0; i < a->task_count; i++)
		add_task(table, view, &a->tasks[i], with_address);
	table_print(table);
}

void text_tasks(const struct view *view)
{
	const struct asyncio *a = view->model->asyncio;

	if (!a->is_imported)
		puts("The program has not imported asyncio.");
	else if (!a->task_count)
		puts("There are no tasks.");
	else
		task_table_print(view);
}
