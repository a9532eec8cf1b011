#include "inspector/commands/choose.h"
#include "inspector/commands/session.h"
#include "inspector/report/text.h"

bool command_where(struct session *session, struct error *err)
{
	const struct model_options wants = {.needs_wakes = true};
	const char *word = session->options->argument;
	struct choice choice;
	struct view view;
	uint64_t address;
	bool ok;

	if (!session_build_model(session, &wants, err))
		return false;
	choose(session->model->asyncio, word, &choice);
	if (!choice.task_count && !choice.coroutine_count) {
		error_set(err, ERROR_NOT_FOUND, "there is no task or coroutine '%s'", word);
		error_advise(err, "The command tasks lists them.");
		return false;
	}
	/* A coroutine that was asked for by its address is shown from there on. */
	if (!session_parse_address(word, &address))
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
