#include "inspector/report/text.h"

#include "inspector/report/await_tree.h"
#include "inspector/report/style.h"
#include "inspector/report/table.h"

#include <stdio.h>
#include <string.h>

enum { COLUMN_NAME, COLUMN_STATE, COLUMN_COROUTINE, COLUMN_PARKED, COLUMN_WAITS, COLUMN_ADDRESS };

/* Edges of a circle that are told. */
#define RING_SHOWN 12

static const struct pythread *thread_at(const struct await_graph *g, size_t node)
{
	return &g->a->threads.threads[await_graph_thread(g, node)];
}

/* "worker-1", "thread ThreadPoolExecutor-0_0". */
static void append_name(const struct await_graph *g, size_t node, struct strbuf *s)
{
	if (node < g->task_count) {
		strbuf_append(s, g->a->tasks[node].name);
		return;
	}
	strbuf_append(s, "thread ");
	if (thread_at(g, node)->name)
		strbuf_append(s, thread_at(g, node)->name);
	else
		strbuf_printf(s, "%llu", (unsigned long long)thread_at(g, node)->native_id);
}

static void append_range(const struct await_graph *g, const struct tree_row *row, struct strbuf *s)
{
	append_name(g, row->node, s);
	if (row->count > 1) {
		strbuf_append(s, row->count > 2 ? " ... " : ", ");
		append_name(g, row->last, s);
	}
}

/* How the row above waits for it, where that is not by awaiting it. */
static const char *edge_note(const struct await_graph *g, const struct await_edge *edge)
{
	if (!edge)
		return "";
	switch (edge->via) {
	case AWAIT_THREADSAFE:
		return edge->to < g->task_count ? " (in another loop)" : " (its loop has to start it)";
	case AWAIT_JOB:
		return " (executes its job)";
	case AWAIT_LOOP:
		return " (runs it)";
	case AWAIT_LISTED:
		return " (by awaited_by)";
	default:
		return "";
	}
}

static void append_label(const struct await_graph *g, const struct tree_row *row, struct strbuf *s)
{
	switch (row->kind) {
	case TREE_FRAME:
		strbuf_printf(s, "%s()", g->a->tasks[row->node].chain.links[row->frame].qualname);
		return;
	case TREE_MORE:
		strbuf_printf(s, "%zu more like it: ", row->count);
		append_range(g, row, s);
		return;
	case TREE_CHAIN:
		strbuf_printf(s, "%zu more like it, each waits for the next: ", row->count);
		append_range(g, row, s);
		return;
	case TREE_MANY:
		strbuf_printf(s, "%zu that are above: ", row->count);
		append_range(g, row, s);
		return;
	default:
		append_name(g, row->node, s);
		strbuf_append(s, edge_note(g, row->edge));
		strbuf_append(s, row->kind == TREE_ABOVE    ? " (see above)"
				 : row->kind == TREE_CIRCLE ? " (circle: see above)"
				 : row->kind == TREE_BELOW  ? " (see below)"
							    : "");
	}
}

static void set_task(struct table *table, const struct view *view, const struct task *task)
{
	table_set(table, COLUMN_STATE, style_task_state(task));
	table_set(table, COLUMN_COROUTINE, task->coroutine_qualname);
	table_set(table, COLUMN_PARKED, style_task_place(view, task));
	table_set(table, COLUMN_WAITS, style_waits(task));
}

static void set_thread(struct table *table, const struct view *view, size_t thread)
{
	const struct await_graph *g = view->model->awaits;
	const struct thread_wait *wait = &g->threadsafe.waits[thread];
	struct link parked;

	if (style_thread_parked(&g->a->threads.threads[thread], &parked))
		table_set_format(table, COLUMN_PARKED, "%s %s", style_place(view, &parked), parked.qualname);
	if (wait->kind != THREAD_WAIT_NONE)
		table_set(table, COLUMN_WAITS, wait->method);
}

static void add_row(
	struct table *table, const struct view *view, const struct tree_row *row, bool with_address)
{
	const struct await_graph *g = view->model->awaits;
	struct strbuf label = STRBUF_INIT;

	table_add_row_below(table, row->parent);
	append_label(g, row, &label);
	table_set(table, COLUMN_NAME, strbuf_text(&label));
	strbuf_deinit(&label);
	if (row->kind == TREE_FRAME)
		table_set(table, COLUMN_PARKED,
			style_place(view, &g->a->tasks[row->node].chain.links[row->frame]));
	if (row->kind == TREE_NODE && row->node < g->task_count)
		set_task(table, view, &g->a->tasks[row->node]);
	else if (row->kind == TREE_NODE)
		set_thread(table, view, await_graph_thread(g, row->node));
	if (with_address && row->node < g->task_count && row->kind != TREE_FRAME && row->kind != TREE_MORE &&
		row->kind != TREE_CHAIN && row->kind != TREE_MANY)
		table_set_format(
			table, COLUMN_ADDRESS, "0x%llx", (unsigned long long)g->a->tasks[row->node].address);
}

static void print_tree(const struct view *view, const struct tree *tree)
{
	static const char *const titles[] = {"TASK", "STATE", "COROUTINE", "PARKED AT", "WAITS FOR"};
	bool with_address = style_names_repeat(view->model->asyncio);
	struct table *table = table_create(view);

	for (size_t i = 0; i < 5; i++)
		table_add_column(table, titles[i],
			i == COLUMN_NAME    ? COLUMN_TREE
			: i == COLUMN_STATE ? COLUMN_TEXT
					    : COLUMN_CUT);
	if (with_address)
		table_add_column(table, "ADDRESS", COLUMN_TEXT);
	for (size_t i = 0; i < tree->count; i++)
		add_row(table, view, &tree->rows[i], with_address);
	table_print(table);
}

/* "task 'a'", "thread 'MainThread'". */
static void print_node(const struct view *view, size_t node)
{
	const struct await_graph *g = view->model->awaits;
	struct strbuf s = STRBUF_INIT;

	append_name(g, node, &s);
	printf("%s", node < g->task_count ? "task '" : "");
	style_print(view, STYLE_NAME, strbuf_text(&s), 0);
	printf("%s", node < g->task_count ? "'" : "");
	strbuf_deinit(&s);
}

static void print_edge(const struct view *view, const struct await_edge *edge)
{
	const struct await_graph *g = view->model->awaits;

	printf("    ");
	print_node(view, edge->from);
	switch (edge->via) {
	case AWAIT_HOLDER:
		printf(" waits for ");
		style_print(view, STYLE_PLAIN, g->a->tasks[edge->from].wait.text, 0);
		printf(", which is held by ");
		break;
	case AWAIT_THREADSAFE:
		printf(edge->to < g->task_count ? " waits, from another loop or thread, for "
						: " waits for a task that has yet to be started by ");
		break;
	case AWAIT_JOB:
		printf(" waits for a job that is executed by ");
		break;
	case AWAIT_JOIN:
		printf(" joins ");
		break;
	case AWAIT_LOOP:
		printf(" can be run only by ");
		break;
	default:
		printf(" waits for ");
	}
	print_node(view, edge->to);
	puts(edge->is_any ? ", or others" : "");
}

static bool is_kept(const struct view *view, const struct await_cycle *cycle)
{
	for (size_t i = 0; view->kept_nodes && i < cycle->count; i++)
		if (!view->kept_nodes[cycle->nodes[i]])
			return false;
	return true;
}

static void print_cycles(const struct view *view)
{
	const struct await_graph *g = view->model->awaits;
	bool has_heading = false;

	for (size_t i = 0; i < g->cycle_count; i++) {
		const struct await_cycle *cycle = &g->cycles[i];

		if (!is_kept(view, cycle))
			continue;
		if (!has_heading)
			style_heading(view, "CIRCLES");
		has_heading = true;
		if (cycle->count == 1)
			puts("One that waits for itself:");
		else if (cycle->ring_count == cycle->count)
			printf("%zu that wait for each other:\n", cycle->count);
		else
			printf("%zu that wait for each other, %zu of them so:\n", cycle->count,
				cycle->ring_count);
		for (size_t k = 0; k < cycle->ring_count && k < RING_SHOWN; k++)
			print_edge(view, &g->edges[cycle->ring[k]]);
		if (cycle->ring_count > RING_SHOWN)
			printf("    and so on, over %zu more\n", cycle->ring_count - RING_SHOWN);
	}
}

void text_tree(const struct view *view)
{
	const struct tree_options options = {
		.keep = view->kept_nodes, .with_frames = view->with_frames, .is_unfolded = view->is_unfolded};
	struct tree tree;

	if (!view->model->asyncio->is_imported) {
		puts("The program has not imported asyncio.");
		return;
	}
	tree_make(view->model->awaits, &options, &tree);
	if (tree.count)
		print_tree(view, &tree);
	else
		puts(view->kept_nodes ? "No task matches." : "There are no pending tasks.");
	if (tree.left_out)
		printf("\n%zu task%s done, and nobody waits for %s: --all shows %s.\n", tree.left_out,
			tree.left_out == 1 ? " is" : "s are", tree.left_out == 1 ? "it" : "them",
			tree.left_out == 1 ? "it" : "them");
	print_cycles(view);
	tree_deinit(&tree);
}
