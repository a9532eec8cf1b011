#include "inspector/report/text.h"

#include "inspector/report/style.h"
#include "inspector/report/task_groups.h"

#include <stdio.h>

static bool says_why_none(const struct view *view)
{
	if (!view->model->asyncio->is_imported)
		puts("The program has not imported asyncio.");
	else if (!view->model->asyncio->task_count)
		puts("There are no pending tasks.");
	else if (!view_has_some_task(view))
		puts("No task matches.");
	else
		return false;
	return true;
}

void text_stacks(const struct view *view)
{
	if (!says_why_none(view))
		task_groups_print(view);
}

/* A frame of a folded stack: what separates frames must not be in one. */
static void append_frame(const struct view *view, const struct link *link, struct strbuf *s)
{
	size_t start = s->length;

	strbuf_append_safe(s, link->qualname);
	if (link->file) {
		strbuf_append(s, " (");
		strbuf_append_safe(s, style_place(view, link));
		strbuf_append_char(s, ')');
	}
	for (size_t i = start; i < s->length; i++)
		if (s->text[i] == ';')
			s->text[i] = ',';
}

void text_folded(const struct view *view)
{
	const struct asyncio *a = view->model->asyncio;
	struct strbuf line = STRBUF_INIT;
	struct task_groups groups;

	task_groups_make(view, &groups);
	for (size_t i = 0; i < groups.count; i++) {
		const struct chain *chain = &a->tasks[groups.items[i].tasks[0]].chain;

		if (!chain->count)
			continue;
		strbuf_reset(&line);
		for (size_t k = 0; k < chain->count; k++) {
			strbuf_append(&line, k ? ";" : "");
			append_frame(view, &chain->links[k], &line);
		}
		printf("%s %zu\n", strbuf_text(&line), groups.items[i].count);
	}
	strbuf_deinit(&line);
	task_groups_deinit(&groups);
}
