#include "inspector/report/text.h"

#include "inspector/python/repr.h"
#include "inspector/python/source.h"
#include "inspector/report/style.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Tasks that are named in a line. */
#define TASKS_SHOWN 5

static void print_locals(const struct view *view, const struct pyframe *frame)
{
	for (uint32_t i = 0; i < frame->code->nlocalsplus; i++) {
		uint64_t value = pycode_is_hidden(frame->code, i) ? 0 : pyframe_variable(view->py, frame, i);
		const char *name = value ? pycode_local_name(view->py, frame->code, i) : NULL;

		if (!name)
			continue;
		printf("        ");
		style_print(view, STYLE_DIM, name, 0);
		printf(" = ");
		style_print(view, STYLE_PLAIN, pyrepr(view->py, value, view->repr_limit), 0);
		putchar('\n');
	}
}

void text_link(const struct view *view, const struct link *link)
{
	const char *source = link->file ? source_line(view->py, link->file, link->line) : NULL;

	printf("  ");
	style_print(view, STYLE_NAME, link->qualname, 0);
	if (link->kind != LINK_COROUTINE && link->kind != LINK_FUNCTION)
		printf("  (%s)", link_kind_name(link->kind));
	if (link->file) {
		printf("  ");
		style_print(view, STYLE_DIM, link->file, 0);
		printf(link->line ? ":%u" : ":?", link->line);
	}
	putchar('\n');
	if (source) {
		printf("      ");
		style_print(view, STYLE_PLAIN, source, 0);
		putchar('\n');
	}
	if (view->with_locals && link->has_frame)
		print_locals(view, &link->frame);
}

static void print_chain(const struct view *view, const struct chain *chain)
{
	for (size_t i = 0; i < chain->count; i++)
		text_link(view, &chain->links[i]);
	if (chain->is_cut)
		puts("  ... the chain could not be followed further");
}

static void print_task_names(const struct view *view, const char *before, const uint64_t *tasks, size_t count)
{
	const struct asyncio *a = view->model->asyncio;

	if (!count)
		return;
	printf("%s", before);
	for (size_t i = 0; i < count && i < TASKS_SHOWN; i++) {
		size_t index = asyncio_find_task(a, tasks[i]);

		printf(i ? ", '" : "'");
		style_print(view, STYLE_NAME, index == NO_INDEX ? "?" : a->tasks[index].name, 0);
		putchar('\'');
	}
	if (count > TASKS_SHOWN)
		printf(" and %zu more", count - TASKS_SHOWN);
	putchar('\n');
}

/* Who or what will end the wait; a task by its name. */
static void print_waker(const struct view *view, const struct wait *wait)
{
	const struct asyncio *a = view->model->asyncio;
	uint64_t address;
	size_t task;

	if (!wait->wakes_by)
		return;
	if (sscanf(wait->wakes_by, "task 0x%" SCNx64, &address) == 1 &&
		(task = asyncio_find_task(a, address)) != NO_INDEX) {
		printf("woken by   task '");
		style_print(view, STYLE_NAME, a->tasks[task].name, 0);
		puts("'");
	} else {
		printf("woken by   %s\n", wait->wakes_by);
	}
}

/* Who holds what it waits for is nowhere written: each is told with what it was concluded from. */
static void print_holders(const struct view *view, const struct wait *wait)
{
	const struct asyncio *a = view->model->asyncio;

	for (size_t i = 0; i < wait->holder_count && i < TASKS_SHOWN; i++) {
		const struct lock_holder *h = &wait->holders[i];

		printf("  held by  ");
		if (h->task != NO_INDEX) {
			printf("task '");
			style_print(view, STYLE_NAME, a->tasks[h->task].name, 0);
			printf("', it seems: ");
		} else {
			printf("no task, it seems: ");
		}
		style_print(view, STYLE_PLAIN, h->grounds, 0);
		putchar('\n');
	}
	if (wait->holder_count > TASKS_SHOWN)
		printf("           and %zu more\n", wait->holder_count - TASKS_SHOWN);
}

static void print_object(const struct view *view, const char *before, const char *type, uint64_t address)
{
	printf("%s", before);
	style_print(view, STYLE_PLAIN, type, 0);
	printf(" 0x%llx\n", (unsigned long long)address);
}

static void print_wait(const struct view *view, const struct wait *wait)
{
	if (wait->kind == WAIT_NONE)
		return;
	printf("waits for  ");
	style_print(view, STYLE_PLAIN, wait->text, 0);
	putchar('\n');
	if (wait->on)
		print_object(view, "  on       ", wait->on_type, wait->on);
	if (wait->kind != WAIT_TASK)
		print_object(view, "  future   ", wait->type_name, wait->address);
	print_holders(view, wait);
	if (wait->connection.local && wait->connection.peer) {
		printf("  between  ");
		style_print(view, STYLE_PLAIN, wait->connection.local, 0);
		printf(" and ");
		style_print(view, STYLE_PLAIN, wait->connection.peer, 0);
		putchar('\n');
	}
	if (wait->kind != WAIT_TASK)
		print_task_names(view, "  tasks    ", wait->tasks, wait->task_count);
	print_waker(view, wait);
}

/* Whether it can go on at all; of a task that waits for nothing the state says it. */
static void print_wake(const struct view *view, const struct task *task)
{
	const struct wake *wake;

	if (!view->model->has_wakes || task->wait.kind == WAIT_NONE)
		return;
	wake = &view->model->wakes.items[task - view->model->asyncio->tasks];
	if (wake->class == WAKE_NONE)
		return;
	printf("wakes      ");
	style_print(view, wake->class == WAKE_NEVER ? STYLE_ERROR : STYLE_PLAIN, wake_class_text(wake), 0);
	printf(": ");
	style_print(view, STYLE_PLAIN, wake->grounds, 0);
	putchar('\n');
}

static void print_creation(const struct view *view, const struct creation *creation)
{
	for (size_t i = 0; i < creation->count; i++) {
		printf(i ? "           " : "created    ");
		style_print(view, STYLE_PLAIN, creation->frames[i].file, 0);
		printf(":%u in ", creation->frames[i].line);
		style_print(view, STYLE_PLAIN, creation->frames[i].qualname, 0);
		putchar('\n');
	}
}

static void print_waiters(const struct view *view, const struct task *task)
{
	const struct await_graph *g = view->model->awaits;
	size_t node = (size_t)(task - g->a->tasks), count = 0;
	uint64_t *waiters = xcalloc(g->in_first[node + 1] - g->in_first[node], sizeof(*waiters));

	for (size_t i = g->in_first[node]; i < g->in_first[node + 1]; i++)
		if (await_edge_is_wait(g, &g->edges[g->in[i]]))
			waiters[count++] = g->a->tasks[g->edges[g->in[i]].from].address;
	print_task_names(view, "awaited by ", waiters, count);
	free(waiters);
}

static void print_task(const struct view *view, const struct task *task)
{
	printf("task '");
	style_print(view, STYLE_NAME, task->name, 0);
	printf("'  %s  %s 0x%llx\n", task_state_name(task_state(task)), task->type_name,
		(unsigned long long)task->address);
	print_chain(view, &task->chain);
	if (!task->chain.count && task->coroutine_qualname) {
		printf("coroutine  ");
		style_print(view, STYLE_PLAIN, task->coroutine_qualname, 0);
		printf(" 0x%llx\n", (unsigned long long)task->parts.coroutine);
	}
	print_wait(view, &task->wait);
	print_wake(view, task);
	print_waiters(view, task);
	if (task->future.exception) {
		printf("exception  ");
		style_print(view, STYLE_ERROR, pyrepr(view->py, task->future.exception, view->repr_limit), 0);
		puts(task->future.exception_unretrieved ? "  (nobody has looked at it)" : "");
	}
	if (task->parts.cancel_requests || task->parts.must_cancel)
		printf("cancelled  %lld request%s, %s\n", (long long)task->parts.cancel_requests,
			task->parts.cancel_requests == 1 ? "" : "s",
			task->parts.must_cancel ? "to be delivered" : "delivered");
	print_creation(view, &task->creation);
}

static void print_coroutine(const struct view *view, const struct coroutine *c)
{
	printf("%s ", c->gen.kind == KIND_ASYNCGEN ? "async generator" : "coroutine");
	style_print(view, STYLE_NAME, c->qualname, 0);
	printf("  %s, driven by no task  0x%llx\n", gen_state_name(c->gen.state),
		(unsigned long long)c->gen.address);
	print_chain(view, &c->chain);
	printf("who holds it: asyncinspect path 0x%llx\n", (unsigned long long)c->gen.address);
}

void text_where(const struct view *view)
{
	const struct asyncio *a = view->model->asyncio;
	bool is_first = true;

	for (size_t i = 0; i < a->task_count; i++) {
		if (!(view->show & SHOW_TASKS) || !view_has_task(view, i))
			continue;
		printf(is_first ? "" : "\n");
		print_task(view, &a->tasks[i]);
		is_first = false;
	}
	for (size_t i = 0; i < a->coroutine_count; i++) {
		if (!(view->show & SHOW_COROUTINES) || !view_has_coroutine(view, i))
			continue;
		printf(is_first ? "" : "\n");
		print_coroutine(view, &a->coroutines[i]);
		is_first = false;
	}
}
