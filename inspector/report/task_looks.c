#include "inspector/report/task_looks.h"

#include "inspector/report/style.h"
#include "inspector/report/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void shared_waits_find(const struct asyncio *a, struct shared_waits *shared)
{
	struct addrmap met = ADDRMAP_INIT;

	*shared = (struct shared_waits){0};
	for (size_t i = 0; i < a->task_count; i++)
		if (a->tasks[i].wait.on && !addrmap_put(&met, a->tasks[i].wait.on, 0))
			addrmap_put(&shared->on, a->tasks[i].wait.on, 0);
	addrmap_deinit(&met);
	/* To tell code of a library is to search its path: a sort would ask for it many times. */
	shared->tasks = a->tasks;
	shared->parked = xcalloc(a->task_count, sizeof(*shared->parked));
	for (size_t i = 0; i < a->task_count; i++)
		shared->parked[i] = style_parked(&a->tasks[i].chain);
}

void shared_waits_deinit(struct shared_waits *shared)
{
	addrmap_deinit(&shared->on);
	free(shared->parked);
}

/* Columns of a terminal from which on the last name of several is told, and that a task is pending. */
#define WIDE 110

static bool is_narrow(const struct view *view)
{
	return view->is_terminal && view->width && view->width < WIDE;
}

struct look {
	uint64_t numbers[5];
	const char *texts[4]; /* never NULL */
};

static const char *some(const char *text)
{
	return text ? text : "";
}

static struct look look_of(const struct shared_waits *shared, const struct task *task)
{
	const struct link *parked = shared->parked[task - shared->tasks];
	const struct wait *wait = &task->wait;

	return (struct look){
		.numbers = {(uint64_t)task_state(task), (uint64_t)wait->kind, wait->is_done,
			parked ? parked->line : 0,
			wait->on && addrmap_get(&shared->on, wait->on, NULL) ? wait->on : 0},
		.texts = {some(task->coroutine_qualname), parked ? parked->qualname : "",
			some(parked ? parked->file : NULL), some(wait->on_type)},
	};
}

int task_look_compare(const struct shared_waits *shared, const struct task *x, const struct task *y)
{
	struct look a = look_of(shared, x), b = look_of(shared, y);
	int order = 0;

	for (size_t i = 0; !order && i < 5; i++)
		order = a.numbers[i] < b.numbers[i] ? -1 : a.numbers[i] > b.numbers[i];
	for (size_t i = 0; !order && i < 4; i++)
		order = strcmp(a.texts[i], b.texts[i]);
	return order;
}

/* By Fowler, Noll and Vo. */
uint64_t task_look_hash(const struct shared_waits *shared, const struct task *task)
{
	struct look look = look_of(shared, task);
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < 5; i++)
		hash = (hash ^ look.numbers[i]) * UINT64_C(0x100000001b3);
	for (size_t i = 0; i < 2; i++)
		for (const char *c = look.texts[i]; *c; c++)
			hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
	return hash;
}

struct row {
	size_t first, count; /* in order */
};

struct rows {
	const struct view *view;
	struct shared_waits shared;
	bool with_wakes;
	size_t *order; /* tasks */
	size_t task_count;
	struct row *items;
	size_t count;
};

/* What can wake it, where that is seen. */
static const char *wakes_text(const struct rows *rows, size_t task)
{
	const struct model *model = rows->view->model;

	if (!rows->with_wakes || model->asyncio->tasks[task].wait.kind == WAIT_NONE)
		return "";
	return some(wake_class_text(&model->wakes.items[task]));
}

static int compare(const struct rows *rows, size_t x, size_t y)
{
	const struct task *tasks = rows->view->model->asyncio->tasks;
	int order = task_look_compare(&rows->shared, &tasks[x], &tasks[y]);

	return order ? order : strcmp(wakes_text(rows, x), wakes_text(rows, y));
}

static int by_look(const void *a, const void *b, void *rows)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int order = compare(rows, x, y);

	return order ? order : x < y ? -1 : x > y;
}

static int by_count(const void *a, const void *b, void *rows)
{
	const struct row *x = a, *y = b;
	const size_t *order = ((const struct rows *)rows)->order;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return order[x->first] < order[y->first] ? -1 : 1;
}

static void make_rows(struct rows *rows)
{
	const struct asyncio *a = rows->view->model->asyncio;

	shared_waits_find(a, &rows->shared);
	rows->order = xcalloc(a->task_count, sizeof(*rows->order));
	rows->items = xcalloc(a->task_count, sizeof(*rows->items));
	for (size_t i = 0; i < a->task_count; i++)
		if (view_has_task(rows->view, i))
			rows->order[rows->task_count++] = i;
	qsort_r(rows->order, rows->task_count, sizeof(*rows->order), by_look, rows);
	for (size_t at = 0, end; at < rows->task_count; at = end) {
		for (end = at + 1; end < rows->task_count; end++)
			if (compare(rows, rows->order[at], rows->order[end]) != 0)
				break;
		rows->items[rows->count++] = (struct row){at, end - at};
	}
	qsort_r(rows->items, rows->count, sizeof(*rows->items), by_count, rows);
}

enum { COLUMN_COUNT, COLUMN_TASK, COLUMN_STATE, COLUMN_COROUTINE, COLUMN_PARKED, COLUMN_WAITS, COLUMN_WAKES };

static void set_wait(struct table *table, const struct rows *rows, const struct row *row)
{
	const struct task *tasks = rows->view->model->asyncio->tasks;
	const struct task *task = &tasks[rows->order[row->first]];
	size_t same = 0;

	if (task->wait.kind == WAIT_NONE) {
		table_set(table, COLUMN_WAITS, style_waits(task));
		return;
	}
	for (size_t i = 0; i < row->count; i++)
		same += strcmp(some(tasks[rows->order[row->first + i]].wait.text), task->wait.text) == 0;
	table_set_format(
		table, COLUMN_WAITS, "%s%s", task->wait.text, same < row->count ? " or the like" : "");
}

static void add_row(struct table *table, const struct rows *rows, const struct row *row)
{
	const struct task *tasks = rows->view->model->asyncio->tasks;
	const struct task *task = &tasks[rows->order[row->first]];
	const struct task *last = &tasks[rows->order[row->first + row->count - 1]];

	table_add_row(table);
	table_set_format(table, COLUMN_COUNT, "%zu", row->count);
	if (row->count == 1)
		table_set(table, COLUMN_TASK, task->name);
	else if (is_narrow(rows->view))
		table_set_format(table, COLUMN_TASK, "%s ...", task->name);
	else
		table_set_format(table, COLUMN_TASK, "%s%s%s", task->name, row->count > 2 ? " ... " : ", ",
			last->name);
	if (!is_narrow(rows->view) || strcmp(style_task_state(task), "pending") != 0)
		table_set(table, COLUMN_STATE, style_task_state(task));
	table_set(table, COLUMN_COROUTINE, task->coroutine_qualname);
	if (is_narrow(rows->view) && style_parked(&task->chain))
		table_set(table, COLUMN_PARKED, style_place(rows->view, style_parked(&task->chain)));
	else
		table_set(table, COLUMN_PARKED, style_task_place(rows->view, task));
	set_wait(table, rows, row);
	table_set(table, COLUMN_WAKES, wakes_text(rows, rows->order[row->first]));
}

void task_looks_print(const struct view *view, size_t rows_most)
{
	static const char *const titles[] = {
		"", "TASK", "STATE", "COROUTINE", "PARKED AT", "WAITS FOR", "WAKES"};
	static const enum column_kind kinds[] = {
		COLUMN_NUMBER, COLUMN_CUT, COLUMN_TEXT, COLUMN_CUT, COLUMN_CUT, COLUMN_MAIN, COLUMN_TEXT};
	struct table *table = table_create(view);
	struct rows rows = {.view = view, .with_wakes = view_shows_wakes(view)};
	size_t left = 0;

	make_rows(&rows);
	for (size_t i = 0; i < (rows.with_wakes ? 7 : 6); i++)
		table_add_column(table, i == COLUMN_STATE && is_narrow(view) ? "" : titles[i],
			i == COLUMN_PARKED && is_narrow(view) ? COLUMN_TEXT : kinds[i]);
	for (size_t i = 0; i < rows.count; i++) {
		if (i < rows_most)
			add_row(table, &rows, &rows.items[i]);
		else
			left += rows.items[i].count;
	}
	table_print(table);
	if (left)
		printf("and %zu more, in %zu other ways: asyncinspect stacks\n", left,
			rows.count - rows_most);
	shared_waits_deinit(&rows.shared);
	free(rows.order);
	free(rows.items);
}
