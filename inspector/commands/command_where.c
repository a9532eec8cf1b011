#include "inspector/commands/choose.h"
#include "inspector/commands/session.h"
#include "inspector/report/text.h"

static bool is_address(const char *word)
{
	uint64_t address;

	return session_parse_address(word, &address);
}

bool command_where(struct session *session, struct error *err)
{
	struct model_options wants = {.needs_wakes = session->options->is_unfolded, .may_be_partial = true};
	const char *word = session->options->argument;
	struct choice choice;
	struct view view;
	bool ok;

	if (!session_build_model(session, &wants, err))
		return false;
	choose(session->model->asyncio, word, &choice);
	/* A task that is done, a coroutine that no task drives: the heap alone knows them, and whether there
	 * are others of the same qualified name. */
	if (!wants.needs_wakes && !choice.task_count && !(choice.coroutine_count && is_address(word))) {
		wants.needs_wakes = true;
		choice_deinit(&choice);
		if (!session_build_model(session, &wants, err))
			return false;
		choose(session->model->asyncio, word, &choice);
	}
	if (!choice.task_count && !choice.coroutine_count) {
		error_set(err, ERROR_NOT_FOUND, "there is no task or coroutine '%s'", word);
		error_advise(err, "The command tasks lists them.");
		return false;
	}
	/* A coroutine that was asked for by its address is shown from there on. */
	if (!is_address(word))
		choice_by_task(session->model->asyncio, &choice);
	view = session_view(session,
		(choice.task_count ? SHOW_TASKS : 0) | (choice.coroutine_count ? SHOW_COROUTINES : 0));
	view.chosen_tasks = choice.tasks;
	view.chosen_task_count = choice.task_count;
	view.chosen_coroutines = choice.coroutines;
	view.chosen_coroutine_count = choice.coroutine_count;
	ok = session_print(&view, session->options, text_where, err);
	choice_deinit(&choice);
	return ok;
}
