/* The commands that make sense inside GDB only. */
#include "inspector/commands/choose.h"
#include "inspector/commands/gdb_target.h"
#include "inspector/commands/session.h"

#include <inttypes.h>
#include <string.h>

/* The kernel's number of the thread that runs the loop of the chosen tasks; 0: *err. */
static uint64_t find_owner(
	const struct asyncio *a, const struct choice *choice, const char *word, struct error *err)
{
	uint64_t loop = choice->task_count ? a->tasks[choice->tasks[0]].future.loop : 0, tid = 0;
	size_t index = asyncio_find_loop(a, loop);

	if (!choice->task_count) {
		error_set(err, ERROR_NOT_FOUND, "there is no task '%s'", word);
		error_advise(err, "The command tasks lists them.");
		return 0;
	}
	for (size_t i = 1; i < choice->task_count; i++) {
		if (a->tasks[choice->tasks[i]].future.loop == loop)
			continue;
		error_set(err, ERROR_USAGE, "%zu tasks are called '%s', and not all are in one event loop",
			choice->task_count, word);
		error_advise(err, "Give the address of one: the command tasks tells them.");
		return 0;
	}
	if (index != NO_INDEX && a->loops[index].thread != SIZE_MAX)
		tid = a->threads.threads[a->loops[index].thread].native_id;
	if (!tid)
		error_set(err, ERROR_NOT_FOUND, "no thread runs the event loop of task '%s'", word);
	return tid;
}

/* Switches GDB to the thread whose event loop owns the task. */
static bool command_thread(struct session *session, struct error *err)
{
	const struct model_options wants = {.needs_heap = true};
	const char *word = session->options->argument, *found;
	struct gdb *gdb = session->options->gdb;
	struct choice choice;
	uint64_t tid;
	char number[32];

	if (!session_build_model(session, &wants, err))
		return false;
	choose(session->model->asyncio, word, &choice);
	choice_by_task(session->model->asyncio, &choice);
	tid = find_owner(session->model->asyncio, &choice, word, err);
	choice_deinit(&choice);
	if (!tid)
		return false;
	found = gdb_state_thread(&gdb->state, tid, number);
	if (!found)
		return error_set(err, ERROR_NOT_FOUND,
			"GDB knows no thread %" PRIu64 ", which runs the event loop of task '%s'", tid, word);
	strbuf_printf(&gdb->answer.commands, "thread %s\n", found);
	return true;
}

static const struct command commands[] = {
	{.name = "thread", .argument = "TASK", .needs = NEEDS_HEAP, .run = command_thread},
	/* Done before a target is looked for: gdb_target_choose. */
	{.name = "snapshot", .argument = "FILE"},
};

const struct command *gdb_command_find(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}
