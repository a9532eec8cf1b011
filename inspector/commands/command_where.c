#include "inspector/commands/session.h"

#include "inspector/report/text.h"

#include <stdlib.h>
#include <string.h>

struct chosen {
	size_t *items;
	size_t count, capacity;
};

static void choose(struct chosen *c, size_t index)
{
	c->items = grow_array(c->items, &c->capacity, c->count + 1, sizeof(*c->items));
	c->items[c->count++] = index;
}

/* Everything that the word can mean: a task's name, an address, a coroutine's qualified name. A name may be
 * all digits, so it comes first. */
static void find(const struct asyncio *a, const char *word, struct chosen *tasks, struct chosen *coroutines)
{
	uint64_t address;
	size_t index;

	for (size_t i = 0; i < a->task_count; i++)
		if (strcmp(a->tasks[i].name, word) == 0)
			choose(tasks, i);
	if (tasks->count)
		return;
	if (session_parse_address(word, &address)) {
		if ((index = asyncio_find_task(a, address)) != NO_INDEX)
			choose(tasks, index);
		else if ((index = asyncio_find_coroutine(a, address)) != NO_INDEX)
			choose(coroutines, index);
		return;
	}
	for (size_t i = 0; i < a->coroutine_count; i++) {
		const struct coroutine *c = &a->coroutines[i];

		if (strcmp(c->qualname, word) != 0)
			continue;
		if (c->task != NO_INDEX)
			choose(tasks, c->task);
		else
			choose(coroutines, i);
	}
}

bool command_where(struct session *session, struct error *err)
{
	const struct model_options wants = {.needs_heap = true};
	const char *word = session->options->argument;
	struct chosen tasks = {0}, coroutines = {0};
	struct view view;
	bool ok;

	if (!session_build_model(session, &wants, err))
		return false;
	find(session->model->asyncio, word, &tasks, &coroutines);
	if (!tasks.count && !coroutines.count) {
		error_set(err, ERROR_NOT_FOUND, "there is no task or coroutine '%s'", word);
		error_advise(err, "The command tasks lists them.");
		return false;
	}
	view = session_view(
		session, (tasks.count ? SHOW_TASKS : 0) | (coroutines.count ? SHOW_COROUTINES : 0));
	view.chosen_tasks = tasks.items;
	view.chosen_task_count = tasks.count;
	view.chosen_coroutines = coroutines.items;
	view.chosen_coroutine_count = coroutines.count;
	ok = session_print(&view, session->options, text_where, err);
	free(tasks.items);
	free(coroutines.items);
	return ok;
}
