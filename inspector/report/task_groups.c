#include "inspector/report/task_groups.h"

#include "inspector/base/alloc.h"
#include "inspector/report/style.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names that are given as examples. */
#define EXAMPLES 3

static int compare_links(const struct link *x, const struct link *y)
{
	int order = strcmp(x->qualname, y->qualname);

	if (!order)
		order = strcmp(x->file ? x->file : "", y->file ? y->file : "");
	return order ? order : x->line < y->line ? -1 : x->line > y->line;
}

/* By state and stack. */
static int compare_tasks(const struct task *x, const struct task *y)
{
	if (task_state(x) != task_state(y))
		return task_state(x) < task_state(y) ? -1 : 1;
	if (x->chain.count != y->chain.count)
		return x->chain.count < y->chain.count ? -1 : 1;
	for (size_t i = 0; i < x->chain.count; i++) {
		int order = compare_links(&x->chain.links[i], &y->chain.links[i]);

		if (order)
			return order;
	}
	return x->chain.count ? 0
			      : strcmp(x->coroutine_qualname ? x->coroutine_qualname : "",
					y->coroutine_qualname ? y->coroutine_qualname : "");
}

/* Equal ones stay in the order of the model. */
static int by_stack(const void *a, const void *b, void *tasks)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int order = compare_tasks((const struct task *)tasks + x, (const struct task *)tasks + y);

	return order ? order : x < y ? -1 : x > y;
}

static int by_size(const void *a, const void *b)
{
	const struct task_group *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x->tasks[0] < y->tasks[0] ? -1 : x->tasks[0] > y->tasks[0];
}

void task_groups_make(const struct view *view, struct task_groups *groups)
{
	const struct asyncio *a = view->model->asyncio;
	size_t *order = xcalloc(a->task_count, sizeof(*order)), count = 0;

	*groups = (struct task_groups){.items = xcalloc(a->task_count, sizeof(*groups->items))};
	for (size_t i = 0; i < a->task_count; i++)
		if (view_has_task(view, i))
			order[count++] = i;
	qsort_r(order, count, sizeof(*order), by_stack, a->tasks);
	for (size_t at = 0; at < count;) {
		struct task_group *group = &groups->items[groups->count++];
		size_t end = at + 1;

		while (end < count && compare_tasks(&a->tasks[order[at]], &a->tasks[order[end]]) == 0)
			end++;
		group->count = end - at;
		group->tasks = xcalloc(group->count, sizeof(*group->tasks));
		memcpy(group->tasks, order + at, group->count * sizeof(*order));
		at = end;
	}
	qsort(groups->items, groups->count, sizeof(*groups->items), by_size);
	free(order);
}

void task_groups_deinit(struct task_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		free(groups->items[i].tasks);
	free(groups->items);
	*groups = (struct task_groups){0};
}

/* In the order of their names, which count upwards with time when the program does not give any. */
static void print_examples(const struct view *view, const struct task_group *group)
{
	const struct asyncio *a = view->model->asyncio;
	size_t shown = group->count <= EXAMPLES + 1 ? group->count : EXAMPLES;

	printf("       ");
	for (size_t i = 0; i < shown; i++) {
		printf(i ? ", " : "");
		style_print(view, STYLE_DIM, a->tasks[group->tasks[i]].name, 0);
	}
	if (shown < group->count) {
		printf(" ... ");
		style_print(view, STYLE_DIM, a->tasks[group->tasks[group->count - 1]].name, 0);
	}
	putchar('\n');
}

/* What they wait for: the same thing, or a thing of the same kind. */
static void print_wait(const struct view *view, const struct task_group *group)
{
	const struct asyncio *a = view->model->asyncio;
	const struct wait *first = &a->tasks[group->tasks[0]].wait;
	size_t same = 0;

	if (first->kind == WAIT_NONE)
		return;
	for (size_t i = 0; i < group->count; i++) {
		const struct wait *wait = &a->tasks[group->tasks[i]].wait;

		same += wait->on == first->on && strcmp(wait->text ? wait->text : "", first->text) == 0;
	}
	printf("       waits for ");
	style_print(view, STYLE_PLAIN, first->text, 0);
	if (same < group->count)
		printf(", or another like it");
	putchar('\n');
}

static void print_group(const struct view *view, const struct task_group *group, size_t width)
{
	const struct task *task = &view->model->asyncio->tasks[group->tasks[0]];
	const struct chain *chain = &task->chain;

	printf("%5zu  ", group->count);
	if (!chain->count) {
		style_print(view, STYLE_NAME, task->coroutine_qualname ? task->coroutine_qualname : "?", 0);
		printf(", %s\n", task_state_name(task_state(task)));
	}
	for (size_t i = 0; i < chain->count; i++) {
		if (i)
			printf("       ");
		style_print(view, i ? STYLE_PLAIN : STYLE_NAME, chain->links[i].qualname, width);
		printf("  ");
		style_print(view, STYLE_DIM, style_place(view, &chain->links[i]), 0);
		putchar('\n');
	}
	print_wait(view, group);
	print_examples(view, group);
}

void task_groups_print(const struct view *view)
{
	struct task_groups groups;

	task_groups_make(view, &groups);
	for (size_t i = 0; i < groups.count; i++) {
		const struct chain *chain = &view->model->asyncio->tasks[groups.items[i].tasks[0]].chain;
		size_t width = 0;

		for (size_t k = 0; k < chain->count; k++) {
			size_t own = style_width(chain->links[k].qualname);

			width = own > width ? own : width;
		}
		print_group(view, &groups.items[i], width);
	}
	task_groups_deinit(&groups);
}
